/// Compares a gradient with finite differences, for the tests of operations and objectives.
///
/// Functions are evaluated in single precision, so a right gradient has an error of up to about
/// 1e-3; where the function has a kink within two steps of the inputs, the check means nothing.
public struct GradientCheck {
  /// The largest relative error of the derivative along random directions d.
  ///
  ///     numeric  = (8 (f(x + hd) − f(x − hd)) − (f(x + 2hd) − f(x − 2hd))) / 12h
  ///     error    = |∇f · d − numeric| / max(|∇f · d|, |numeric|, ‖∇f‖, rounding / h)
  ///
  /// Directions are ±1 in every element, so that ‖∇f‖ is the typical size of ∇f · d. The last term
  /// keeps the rounding of f from counting as an error where f hardly depends on the inputs.
  ///
  /// - Parameters:
  ///   - function: returns a scalar, from tensors of the shapes of `inputs`.
  ///   - inputs: where to compare; values are read only.
  ///   - directions: how many to try.
  ///   - step: h.
  ///   - seed: of the directions.
  /// - Returns: the largest error of all directions; infinite where a number is NaN.
  /// - Throws: what `function` throws.
  public static func largestError(
    of function: ([Tensor]) throws -> Tensor, at inputs: [Tensor], directions: Int = 8,
    step: Float = 0.02, seed: UInt64 = 1
  ) rethrows -> Double {
    let leaves = inputs.map { Tensor($0.scalars, shape: $0.shape, requiresGradient: true) }
    let result = try function(leaves)
    result.backward()
    return try largestError(
      ofGradientsOf: leaves, value: result, directions: directions, step: step, seed: seed
    ) { moved in
      try function(zip(moved, inputs).map { Tensor($0, shape: $1.shape) })
    }
  }

  /// The largest relative error of the gradients of a network's parameters, as
  /// ``largestError(of:at:directions:step:seed:)`` has it.
  ///
  /// - Parameters:
  ///   - parameters: they are moved, and put back.
  ///   - directions: how many to try.
  ///   - step: h.
  ///   - seed: of the directions.
  ///   - function: returns a scalar, from the parameters as they are.
  /// - Returns: the largest error of all directions; infinite where a number is NaN.
  /// - Throws: what `function` throws.
  public static func largestError(
    ofParameters parameters: [Tensor], directions: Int = 8, step: Float = 0.02, seed: UInt64 = 1,
    _ function: () throws -> Tensor
  ) rethrows -> Double {
    let start = parameters.map(\.scalars)
    func move(to values: [[Float]]) {
      for (parameter, values) in zip(parameters, values) { parameter.replace(with: values) }
    }
    defer { move(to: start) }
    parameters.forEach { $0.clearGradient() }
    let result = try function()
    result.backward()
    return try largestError(
      ofGradientsOf: parameters, value: result, directions: directions, step: step, seed: seed
    ) { moved in
      move(to: moved)
      return try function()
    }
  }

  /// Compares the gradients that leaves have with difference quotients of a function of their numbers.
  private static func largestError(
    ofGradientsOf leaves: [Tensor], value: Tensor, directions: Int, step: Float, seed: UInt64,
    _ function: ([[Float]]) throws -> Tensor
  ) rethrows -> Double {
    let start = leaves.map(\.scalars)
    let gradient = leaves.flatMap { $0.gradient ?? [Float](repeating: 0, count: $0.count) }
    let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let rounding = 100 * Double(Float.ulpOfOne) * abs(Double(value.scalars[0]))
    let floor = max(norm, rounding / Double(step), Double(Float.leastNormalMagnitude))
    var signs = Signs(state: seed)
    var largest = 0.0
    for _ in 0..<directions {
      let direction = gradient.map { _ in signs.next() }
      let analytic = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      let numeric = try difference(of: function, at: start, along: direction, step: step)
      let error = abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)
      // `max` would drop a NaN.
      largest = error.isNaN ? .infinity : max(largest, error)
    }
    return largest
  }

  /// The five-point difference quotient, whose truncation error is of the order of h⁴.
  private static func difference(
    of function: ([[Float]]) throws -> Tensor, at start: [[Float]], along direction: [Float],
    step: Float
  ) rethrows -> Double {
    func value(_ multiple: Float) throws -> Double {
      var rest = direction[...]
      let moved = start.map { values in
        let moved = zip(values, rest).map { $0 + multiple * step * $1 }
        rest = rest.dropFirst(values.count)
        return moved
      }
      return Double(try function(moved).scalars[0])
    }
    let near = try value(1) - value(-1)
    let far = try value(2) - value(-2)
    return (8 * near - far) / (12 * Double(step))
  }

  /// Random signs from a linear congruential generator's upper bit (Knuth's MMIX constants).
  private struct Signs {
    var state: UInt64

    mutating func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 63 == 0 ? 1 : -1
    }
  }
}

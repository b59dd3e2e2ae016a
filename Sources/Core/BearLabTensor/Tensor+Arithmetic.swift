internal import CBearKernels

extension Tensor {
  /// Combines two tensors of one shape, or one of them a scalar that is repeated.
  ///
  /// Inlined with its closures, so that the loops over equal shapes become vector instructions.
  @inline(__always)
  private static func combine(
    _ left: Tensor, _ right: Tensor, _ value: (Float, Float) -> Float,
    gradient: @escaping (Float, Float) -> (left: Float, right: Float)
  ) -> Tensor {
    precondition(
      left.shape == right.shape || left.shape.isEmpty || right.shape.isEmpty,
      "shapes \(left.shape) and \(right.shape) do not combine")
    let shape = left.shape.isEmpty ? right.shape : left.shape
    // A step of 0 repeats a scalar.
    let leftStep = left.shape.isEmpty ? 0 : 1
    let rightStep = right.shape.isEmpty ? 0 : 1
    let count = shape.reduce(1, *)
    let buffer = Buffer(count: count, zeroed: false)
    let (x, y, output) = (left.buffer.pointer, right.buffer.pointer, buffer.pointer)
    if leftStep & rightStep == 1 {
      for index in 0..<count { output[index] = value(x[index], y[index]) }
    } else {
      for index in 0..<count { output[index] = value(x[index * leftStep], y[index * rightStep]) }
    }
    return result(buffer, shape: shape, of: [left, right]) { output in
      guard let upper = output.gradientBuffer?.pointer else { return }
      let (x, y) = (left.buffer.pointer, right.buffer.pointer)
      if let lower = left.gradientForAdding()?.pointer {
        if leftStep & rightStep == 1 {
          for index in 0..<count {
            lower[index] += gradient(x[index], y[index]).left * upper[index]
          }
        } else {
          for index in 0..<count {
            let slope = gradient(x[index * leftStep], y[index * rightStep]).left
            lower[index * leftStep] += slope * upper[index]
          }
        }
      }
      if let lower = right.gradientForAdding()?.pointer {
        if leftStep & rightStep == 1 {
          for index in 0..<count {
            lower[index] += gradient(x[index], y[index]).right * upper[index]
          }
        } else {
          for index in 0..<count {
            let slope = gradient(x[index * leftStep], y[index * rightStep]).right
            lower[index * rightStep] += slope * upper[index]
          }
        }
      }
    }
  }

  /// Applies a function to each number; its derivative is given its argument and its value.
  @inline(__always)
  private func map(
    _ function: (Float) -> Float, derivative: @escaping (Float, Float) -> Float
  ) -> Tensor {
    let count = count
    let output = Buffer(count: count, zeroed: false)
    let (x, y) = (buffer.pointer, output.pointer)
    for index in 0..<count { y[index] = function(x[index]) }
    return Self.result(output, shape: shape, of: [self]) { [self] result in
      guard let upper = result.gradientBuffer?.pointer, let lower = gradientForAdding()?.pointer
      else { return }
      let (x, y) = (buffer.pointer, output.pointer)
      for index in 0..<count { lower[index] += derivative(x[index], y[index]) * upper[index] }
    }
  }

  /// The sum, element by element; a scalar is repeated.
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right, { $0 + $1 }, gradient: { _, _ in (1, 1) })
  }

  /// The difference, element by element; a scalar is repeated.
  public static func - (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right, { $0 - $1 }, gradient: { _, _ in (1, -1) })
  }

  /// The product, element by element; a scalar is repeated.
  public static func * (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right, { $0 * $1 }, gradient: { ($1, $0) })
  }

  /// The quotient, element by element; a scalar is repeated.
  public static func / (left: Tensor, right: Tensor) -> Tensor {
    combine(left, right, { $0 / $1 }, gradient: { (1 / $1, -$0 / ($1 * $1)) })
  }

  /// Every number plus a constant.
  public static func + (left: Tensor, right: Float) -> Tensor {
    left.map({ $0 + right }, derivative: { _, _ in 1 })
  }

  /// A constant plus every number.
  public static func + (left: Float, right: Tensor) -> Tensor { right + left }

  /// Every number minus a constant.
  public static func - (left: Tensor, right: Float) -> Tensor { left + -right }

  /// A constant minus every number.
  public static func - (left: Float, right: Tensor) -> Tensor { -right + left }

  /// Every number times a constant.
  public static func * (left: Tensor, right: Float) -> Tensor {
    left.map({ $0 * right }, derivative: { _, _ in right })
  }

  /// A constant times every number.
  public static func * (left: Float, right: Tensor) -> Tensor { right * left }

  /// Every number divided by a constant.
  public static func / (left: Tensor, right: Float) -> Tensor {
    left.map({ $0 / right }, derivative: { _, _ in 1 / right })
  }

  /// Every number with its sign changed.
  public static prefix func - (operand: Tensor) -> Tensor {
    operand.map({ -$0 }, derivative: { _, _ in -1 })
  }

  /// e to the power of each number.
  public func exp() -> Tensor { map({ $0.exponential }, derivative: { $1 }) }

  /// The natural logarithm of each number.
  public func log() -> Tensor { map({ $0.naturalLogarithm }, derivative: { x, _ in 1 / x }) }

  /// 1 / (1 + e^-x).
  public func sigmoid() -> Tensor {
    map({ $0.sigmoid }, derivative: { _, y in y * (1 - y) })
  }

  /// log σ(x) = -softplus(-x), exact for x far below 0.
  public func logSigmoid() -> Tensor {
    map({ -(-$0).softplus }, derivative: { x, _ in (-x).sigmoid })
  }

  /// log(1 + e^x), exact for x far from 0.
  public func softplus() -> Tensor {
    map({ $0.softplus }, derivative: { x, _ in x.sigmoid })
  }

  /// The larger of each number and a bound; the gradient stops below it.
  public func clamped(atLeast bound: Float) -> Tensor {
    map({ max($0, bound) }, derivative: { x, _ in x >= bound ? 1 : 0 })
  }

  /// The sum of all numbers, a scalar, accumulated in double precision.
  public func sum() -> Tensor {
    var total = 0.0
    for index in 0..<count { total += Double(buffer.pointer[index]) }
    return Self.result(Buffer([Float(total)]), shape: [], of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      for index in 0..<count { lower.pointer[index] += upper.pointer[0] }
    }
  }

  /// The mean of all numbers, a scalar.
  public func mean() -> Tensor { sum() / Float(count) }

  /// The numbers at some places of a one-dimensional tensor, `[indices]`.
  public func gathered(at indices: [Int]) -> Tensor {
    precondition(shape.count == 1, "gathered(at:) of a tensor of shape \(shape)")
    let output = Buffer(indices.map { buffer.pointer[$0] })
    return Self.result(output, shape: [indices.count], of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      for (place, index) in indices.enumerated() {
        lower.pointer[index] += upper.pointer[place]
      }
    }
  }

  /// Sums of consecutive runs of a one-dimensional tensor, `[ranges]`.
  ///
  /// The log-probability of each answer, from those of its tokens.
  public func sums(over ranges: [Range<Int>]) -> Tensor {
    precondition(shape.count == 1, "sums(over:) of a tensor of shape \(shape)")
    let output = Buffer(
      ranges.map { range in Float(range.reduce(0.0) { $0 + Double(buffer.pointer[$1]) }) })
    return Self.result(output, shape: [ranges.count], of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      for (place, range) in ranges.enumerated() {
        for index in range { lower.pointer[index] += upper.pointer[place] }
      }
    }
  }

  /// The rows of a matrix `[rows, width]` at some indices.
  ///
  /// - Parameter indices: which; one below 0 stands for a row of zeros, such as that of padding.
  /// - Returns: `[indices, width]`.
  public func rows(at indices: [Int]) -> Tensor {
    precondition(shape.count == 2, "rows(at:) of a tensor of shape \(shape)")
    let width = shape[1]
    let output = Buffer(count: indices.count * width, zeroed: false)
    for (place, index) in indices.enumerated() {
      let row = output.pointer + place * width
      if index < 0 {
        row.update(repeating: 0, count: width)
      } else {
        row.update(from: buffer.pointer + index * width, count: width)
      }
    }
    return Self.result(output, shape: [indices.count, width], of: [self]) { [self] result in
      guard let upper = result.gradientBuffer, let lower = gradientForAdding() else { return }
      for (place, index) in indices.enumerated() where index >= 0 {
        bear_axpy_f32(
          width, 1, upper.pointer + place * width, lower.pointer + index * width)
      }
    }
  }
}

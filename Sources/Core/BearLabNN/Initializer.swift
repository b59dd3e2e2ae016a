public import BearLabTensor

#if canImport(Glibc)
internal import Glibc
#endif

/// How the numbers of a fresh parameter are drawn.
public enum Initializer: Sendable, Equatable {
  case constant(Float)
  /// Evenly within ±bound.
  case uniform(bound: Double)
  case normal(deviation: Double)
  /// Normal, drawn again beyond two deviations, as TensorFlow does.
  case truncatedNormal(deviation: Double)
  /// Normal with deviation √(2 / (in + out)) for a weight `[out, in]` (Glorot & Bengio, 2010).
  case xavierNormal
  /// Evenly within ±√(6 / (in + out)) for a weight `[out, in]`.
  case xavierUniform

  public static let zeros = Initializer.constant(0)
  public static let ones = Initializer.constant(1)

  /// What PyTorch's linear layer draws weight and bias from: evenly within ±1/√in.
  public static func linear(inputs: Int) -> Initializer {
    .uniform(bound: 1 / Double(inputs).squareRoot())
  }

  /// A parameter with numbers that a key decides.
  ///
  /// - Parameters:
  ///   - shape: the extents; two of them for the Xavier initialisers.
  ///   - key: of the random numbers.
  /// - Returns: a tensor that requires a gradient.
  public func callAsFunction(_ shape: [Int], key: UInt64) -> Tensor {
    let count = shape.reduce(1, *)
    var random = CounterGenerator(key: key)
    let values: [Float]
    switch self {
    case .constant(let value): values = [Float](repeating: value, count: count)
    case .uniform(let bound):
      values = (0..<count).map { _ in Float(Double.random(in: -bound...bound, using: &random)) }
    case .normal(let deviation):
      values = (0..<count).map { _ in Float(deviation * Self.normal(&random)) }
    case .truncatedNormal(let deviation):
      values = (0..<count).map { _ in
        var number = Self.normal(&random)
        while abs(number) > 2 { number = Self.normal(&random) }
        return Float(deviation * number)
      }
    case .xavierNormal:
      return Self.normal(deviation: (2 / Self.fans(shape)).squareRoot())(shape, key: key)
    case .xavierUniform:
      return Self.uniform(bound: (6 / Self.fans(shape)).squareRoot())(shape, key: key)
    }
    return Tensor(values, shape: shape, requiresGradient: true)
  }

  private static func fans(_ shape: [Int]) -> Double {
    precondition(shape.count == 2, "Xavier's initialiser for shape \(shape)")
    return Double(shape[0] + shape[1])
  }

  /// A standard normal number, by Box and Muller's transform.
  private static func normal(_ random: inout CounterGenerator) -> Double {
    let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &random))).squareRoot()
    return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &random))
  }
}

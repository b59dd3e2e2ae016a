internal import BearLabNN
public import BearLabTensor

/// The dropout of one step: each call has a key of its own, or nothing is dropped.
public final class DropoutSource {
  private let key: UInt64?
  private var calls: UInt64 = 0

  /// What drops nothing, for evaluation.
  public init() { key = nil }

  /// What a key decides.
  public init(key: UInt64) { self.key = key }

  /// The settings of the next call; nil where nothing is dropped.
  public func next(_ rate: Float) -> DropoutSettings? {
    guard let key, rate > 0 else { return nil }
    calls += 1
    return DropoutSettings(rate: rate, key: CounterGenerator.mix(key, calls))
  }

  /// The tensor after dropout.
  public func callAsFunction(_ x: Tensor, _ rate: Float) -> Tensor {
    next(rate).map { x.dropped(rate: $0.rate, key: $0.key) } ?? x
  }
}

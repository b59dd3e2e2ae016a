internal import CBearKernels
internal import Synchronization

/// Where the threads' time goes, by operation: off until asked for.
public enum Profile {
  /// What a pass through the transformer is made of.
  public enum Operation: Int, Sendable, CaseIterable {
    /// Products with frozen weights.
    case products
    /// LoRA's products.
    case lowRank
    case attention
    case dropout
    /// Norms, and copies and conversions of the residual stream.
    case norm
    case rotary
    case swiGLU
    /// Logits, forwards and backwards.
    case head
    case optimiser
  }

  private static let isOn = Atomic<Bool>(false)
  private static let totals = Mutex<[UInt64]>(
    [UInt64](repeating: 0, count: Operation.allCases.count))

  /// Begins to count from zero.
  public static func begin() {
    totals.withLock { for index in $0.indices { $0[index] = 0 } }
    isOn.store(true, ordering: .relaxed)
  }

  /// Stops counting.
  ///
  /// - Returns: seconds by operation, summed over the threads.
  public static func end() -> [Operation: Double] {
    isOn.store(false, ordering: .relaxed)
    return totals.withLock { totals in
      Dictionary(
        uniqueKeysWithValues: Operation.allCases.map { ($0, Double(totals[$0.rawValue]) * 1e-9) })
    }
  }

  /// Counts one piece of work.
  package static func measure<Result>(_ operation: Operation, _ body: () -> Result) -> Result {
    let clock = Clock()
    clock.start()
    defer { clock.lap(operation) }
    return body()
  }

  /// One thread's stop watch.
  package final class Clock {
    private var last: UInt64 = 0

    package init() {}

    /// Starts the first lap.
    package func start() {
      guard isOn.load(ordering: .relaxed) else { return }
      last = bear_nanoseconds()
    }

    /// Counts the time since the last lap, or since the start, to an operation.
    package func lap(_ operation: Operation) {
      guard isOn.load(ordering: .relaxed) else { return }
      let now = bear_nanoseconds()
      let elapsed = now - last
      last = now
      totals.withLock { $0[operation.rawValue] += elapsed }
    }
  }
}

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

  /// Which way a pass runs.
  public enum Direction: Int, Sendable, CaseIterable {
    case forward
    case backward
  }

  /// One line of the account.
  public struct Entry: Sendable, Hashable {
    public let operation: Operation
    public let direction: Direction
    /// Summed over the threads.
    public let seconds: Double
  }

  private static let isOn = Atomic<Bool>(false)
  private static let direction = Atomic<Int>(Direction.forward.rawValue)
  private static let totals = Mutex<[UInt64]>(
    [UInt64](repeating: 0, count: Operation.allCases.count * Direction.allCases.count))

  /// Begins to count from zero.
  public static func begin() {
    totals.withLock { for index in $0.indices { $0[index] = 0 } }
    isOn.store(true, ordering: .relaxed)
  }

  /// Stops counting.
  ///
  /// - Returns: an entry for each operation and direction.
  public static func end() -> [Entry] {
    isOn.store(false, ordering: .relaxed)
    return totals.withLock { totals in
      Operation.allCases.flatMap { operation in
        Direction.allCases.map { direction in
          Entry(
            operation: operation, direction: direction,
            seconds: Double(totals[place(operation, direction.rawValue)]) * 1e-9)
        }
      }
    }
  }

  private static func place(_ operation: Operation, _ direction: Int) -> Int {
    operation.rawValue * Direction.allCases.count + direction
  }

  /// Counts what `body` does as part of the backward pass.
  package static func backward(_ body: () -> Void) {
    direction.store(Direction.backward.rawValue, ordering: .relaxed)
    body()
    direction.store(Direction.forward.rawValue, ordering: .relaxed)
  }

  /// Counts one piece of work on the calling thread alone.
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
      let place = place(operation, direction.load(ordering: .relaxed))
      totals.withLock { $0[place] += elapsed }
    }
  }
}

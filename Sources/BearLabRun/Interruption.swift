public import BearLabCore
internal import Synchronization

/// A wish to stop, expressed by a signal handler or a user interface and heeded by a run.
///
/// A run looks at it after every optimiser step and every few users of an evaluation; it then writes
/// a checkpoint and throws ``RunInterrupted``.
public final class Interruption: Sendable {
  private let wish = Atomic<Bool>(false)

  /// Nobody wishes to stop yet.
  public init() {}

  /// Asks the run to stop.
  public func request() { wish.store(true, ordering: .relaxed) }

  /// Whether the run was asked to stop.
  public var isRequested: Bool { wish.load(ordering: .relaxed) }

  /// Stops what keeps nothing of its own.
  ///
  /// - Throws: ``WorkInterrupted``.
  func check() throws(WorkInterrupted) {
    if isRequested { throw WorkInterrupted() }
  }

  /// Stops an evaluation, which keeps nothing of its own.
  ///
  /// - Throws: ``RunInterrupted``.
  func check(run path: String) throws(RunInterrupted) {
    if isRequested { throw RunInterrupted(path: path) }
  }
}

/// Thrown where work that leaves nothing behind stops because it was asked to.
public struct WorkInterrupted: BearLabError, Equatable {
  public init() {}

  public var description: String { "stopped before the end; nothing was written" }
  public var remedy: String { "give the same command again" }
}

/// Thrown where a run stops because it was asked to; all of it but an unfinished evaluation is kept.
public struct RunInterrupted: BearLabError, Equatable {
  /// The run's folder.
  public let path: String

  public var description: String { "the run in \(path) was stopped, and can go on" }
  public var remedy: String { "continue it with: bear-lab resume \(path)" }
}

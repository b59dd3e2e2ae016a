import BearLabRun
import Foundation
import Synchronization

/// Turns SIGINT and SIGTERM into a wish to stop: the run writes a checkpoint and ends.
///
/// A second signal ends the program at once. One listens at a time, until it is released; the
/// signals then do again what they did before.
final class StopSignals {
  /// What the signals ask for.
  let interruption = Interruption()
  private let before: [(number: Int32, action: sigaction)]

  /// Listens from now on.
  init() {
    Handler.received.store(0, ordering: .relaxed)
    Handler.interruption = Unmanaged.passUnretained(interruption)
    before = [SIGINT, SIGTERM].map { number in
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { Handler.handle($0) }
      // A read or write that is under way goes on.
      action.sa_flags = SA_RESTART
      var before = sigaction()
      sigaction(number, &action, &before)
      return (number, before)
    }
    // Who started this program may have blocked them, which programs inherit.
    var both = sigset_t()
    sigemptyset(&both)
    for (number, _) in before { sigaddset(&both, number) }
    pthread_sigmask(SIG_UNBLOCK, &both, nil)
  }

  deinit {
    for (number, action) in before {
      var action = action
      sigaction(number, &action, nil)
    }
    Handler.interruption = nil
  }

  /// The exit status that a shell gives a program ended by the signal.
  var exitStatus: Int32 { 128 + Handler.received.load(ordering: .relaxed) }

  /// What runs when a signal comes, on whichever thread: it may take no lock and no memory.
  private enum Handler {
    /// The first signal received, 0 before it.
    static let received = Atomic<Int32>(0)
    // Changed only while no signal is handled here.
    nonisolated(unsafe) static var interruption: Unmanaged<Interruption>?

    static func handle(_ number: Int32) {
      let (isFirst, _) = received.compareExchange(expected: 0, desired: number, ordering: .relaxed)
      // At once: exit handlers would take libraries apart while the run's threads use them.
      guard isFirst else { _exit(128 + number) }
      let notice: StaticString = "\nstopping after this step; once more stops at once\n"
      interruption?._withUnsafeGuaranteedRef { $0.request() }
      let error = errno  // of whatever the signal came into
      _ = write(STDERR_FILENO, notice.utf8Start, notice.utf8CodeUnitCount)
      errno = error
    }
  }
}

import BearLabRun
import Dispatch
import Foundation
import Synchronization

/// Turns SIGINT and SIGTERM into a wish to stop: the run writes a checkpoint and ends.
///
/// A second signal ends the program at once.
final class StopSignals {
  private let state = State()
  private let sources: [any DispatchSourceSignal]

  /// Listens from now on.
  init() {
    sources = [SIGINT, SIGTERM].map { [state] number in
      // The default action would end the program before the source hears of it.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { state.handle(number) }
      source.resume()
      return source
    }
  }

  /// What the signals ask for.
  var interruption: Interruption { state.interruption }

  /// The exit status that a shell gives a program ended by the signal.
  var exitStatus: Int32 { 128 + state.received.load(ordering: .relaxed) }

  /// What the handlers, on a thread of their own, share with the run.
  private final class State: Sendable {
    let interruption = Interruption()
    /// The first signal received, 0 before it.
    let received = Atomic<Int32>(0)

    func handle(_ number: Int32) {
      let (isFirst, _) = received.compareExchange(
        expected: 0, desired: number, ordering: .relaxed)
      // At once: exit handlers would take libraries apart while the run's threads use them.
      guard isFirst else { _exit(128 + number) }
      interruption.request()
      Console.error("\nstopping after this step; once more stops at once")
    }
  }
}

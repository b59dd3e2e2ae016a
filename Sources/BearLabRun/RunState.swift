internal import BearLabCore

/// Where a run is in its life.
public enum RunState: String, Sendable, CaseIterable, Codable {
  /// At work.
  case running
  /// It was asked to stop, and can go on.
  case stopped
  /// Its report is there.
  case finished
  /// An error ended it.
  case failed
  /// Its process ended without a word, and it can go on: found out by whoever looks.
  case lost
}

extension RunFolder {
  /// Does the work of a run, and tells when it begins and how it ends.
  ///
  /// - Parameters:
  ///   - observer: told of the states; who keeps a list of runs listens.
  ///   - holder: what holds the run's lock, kept until the last state was told.
  ///   - work: the run.
  /// - Returns: what `work` returns.
  /// - Throws: what `work` throws.
  func announcing<Result>(
    to observer: (RunEvent) -> Void, holding holder: AnyObject, _ work: () throws -> Result
  ) throws -> Result {
    try withExtendedLifetime(holder) {
      observer(.state(.running, of: self, reason: nil))
      do {
        let result = try work()
        observer(.state(.finished, of: self, reason: nil))
        return result
      } catch {
        let reason = (error as? any BearLabError)?.description ?? "\(error)"
        let state = error is RunInterrupted ? RunState.stopped : .failed
        observer(.state(state, of: self, reason: state == .failed ? reason : nil))
        throw error
      }
    }
  }
}

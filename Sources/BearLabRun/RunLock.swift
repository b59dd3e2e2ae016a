internal import Foundation

/// Holds a run's folder for one process, so that two cannot work on the same run.
///
/// The system lets go of it when the process ends, however it ends.
package final class RunLock {
  private let folder: Int32
  /// Who looks whether a folder is held, holds it for a moment: that is waited for, microseconds.
  private static let attempts = 10

  /// Takes the lock.
  ///
  /// - Throws: ``RunFolderError/inUse(path:)`` while another holds it.
  package init(_ path: String) throws(RunFolderError) {
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      throw .notWritable(path: path, reason: String(cString: strerror(errno)))
    }
    for _ in 0..<Self.attempts {
      if flock(folder, LOCK_EX | LOCK_NB) == 0 { return }
      usleep(10_000)
    }
    close(folder)
    throw .inUse(path: path)
  }

  /// Whether a process is at work in a folder.
  package static func isHeld(_ path: String) -> Bool {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return false }
    defer { Self.release(folder) }
    // Shared, so that two who look do not take each other for a run.
    return flock(folder, LOCK_SH | LOCK_NB) != 0
  }

  deinit { Self.release(folder) }

  /// Closing alone would leave the lock with a process that is being started at this moment, and has
  /// all that is open until it becomes another program.
  private static func release(_ folder: Int32) {
    flock(folder, LOCK_UN)
    close(folder)
  }
}

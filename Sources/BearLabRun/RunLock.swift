internal import Foundation

/// Holds a run's folder for one process, so that two cannot work on the same run.
///
/// The system lets go of it when the process ends, however it ends.
final class RunLock {
  private let folder: Int32

  /// Takes the lock.
  ///
  /// - Throws: ``RunFolderError/inUse(path:)`` while another holds it.
  init(_ path: String) throws(RunFolderError) {
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      throw .notWritable(path: path, reason: String(cString: strerror(errno)))
    }
    guard flock(folder, LOCK_EX | LOCK_NB) == 0 else {
      close(folder)
      throw .inUse(path: path)
    }
  }

  deinit { close(folder) }
}

internal import BearLabCore
internal import BearLabFormats
internal import Foundation

/// The trained recommenders in the cache: `<cache>/recommenders/<name>-<hash>.h5`.
///
/// Two processes may train the same one at once: each writes a file of its own beside the place and
/// renames it, so that what is read is always a whole file, with the same content.
struct RecommenderStore: Sendable {
  let folder: String

  /// The store in a cache folder.
  init(cache: String) { folder = "\(cache)/recommenders" }

  /// The file of a recommender, which need not be there.
  func path(_ identity: RecommenderIdentity) -> String { "\(folder)/\(identity.fileName)" }

  /// Makes the folder, before minutes are spent on what could not be kept.
  ///
  /// - Throws: ``RecommenderFileError/notWritable(path:reason:)``.
  func prepare() throws(RecommenderFileError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .notWritable(path: folder, reason: systemReason(of: error))
    }
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw .notWritable(path: folder, reason: "the folder is not writable")
    }
  }
}

extension TrainedRecommender.File {
  /// Hashes a file.
  init(hashing path: String) throws {
    self.init(path: path, hash: try FileHash.sha256(path: path))
  }
}

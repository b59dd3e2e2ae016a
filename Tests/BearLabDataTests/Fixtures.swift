import BearLabCore
import Foundation
import Testing

@testable import BearLabData

/// The folder `name` of the shared data, or nil, with a message, where it is absent.
func sharedData(_ name: String) -> String? {
  // Tests/BearLabDataTests/Fixtures.swift is three levels below the repository.
  let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  return present(repository.appending(path: "../shared/data/\(name)").standardizedFileURL)
}

/// The folder of MovieLens-100K in the cache, or nil, with a message, where it is absent.
func movieLens() -> String? {
  let environment = ProcessInfo.processInfo.environment
  let cache =
    environment["BEAR_LAB_CACHE"].map { URL(filePath: $0) }
    ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/bear-lab")
  return present(cache.appending(path: "datasets/ml-100k"))
}

private func present(_ folder: URL) -> String? {
  let path = folder.path(percentEncoded: false)
  guard FileManager.default.fileExists(atPath: path) else {
    print("skipped: there is no \(path)")
    return nil
  }
  return path
}

/// Runs `body` with a folder of some files, whose last path component is `name`.
@discardableResult
func withFolder<Result>(
  _ name: String = "Book", _ files: [String: String], _ body: (String) throws -> Result
) throws -> Result {
  let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: root) }
  let folder = root.appending(path: name)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  for (file, text) in files {
    try Data(text.utf8).write(to: folder.appending(path: file))
  }
  return try body(folder.path(percentEncoded: false))
}

/// The files of a small data set in the official layout, `changes` replacing some.
func officialFiles(_ changes: [String: String] = [:]) -> [String: String] {
  [
    "id2name4Rec.json": #"{"1": "A", "2": "B", "3": "C", "4": "A"}"#,
    "train.csv": "user_id,item_ids,timestamp\n7,\"[1, 2, 3]\",100\n8,\"[2, 4]\",200\n",
    "test.csv": "user_id,item_ids,timestamp\n9,\"[3, 1]\",300\n",
  ].merging(changes) { $1 }
}

/// The windows of `count` users with distinct ids from `first`.
func numberedWindows(_ count: Int, from first: Int = 0) -> [Window] {
  (first..<first + count).map { Window(user: $0, history: [1], target: 2, timestamp: $0) }
}

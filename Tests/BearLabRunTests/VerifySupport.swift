import BearLabCore
import BearLabRun
import Foundation

/// A folder that lasts as long as a test.
@discardableResult
func withTemporaryFolder<Result>(
  _ files: [String: String], _ body: (String) throws -> Result
) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, text) in files {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
  return try body(folder.path(percentEncoded: false))
}

/// What `verify` says of some files, by default without a model.
func verify(_ files: [String: String], model: LoadedModel? = nil) throws -> [Verification] {
  try withTemporaryFolder(files) { folder in
    var lines: [Verification] = []
    try GoldenVerifier.run(folder: folder, model: model, registry: .builtin()) { lines.append($0) }
    return lines
  }
}

extension Verification {
  var passed: Bool {
    if case .pass = outcome { return true }
    return false
  }

  /// Why the check failed, or nil where it did not.
  var failure: String? {
    if case .fail(let reason) = outcome { return reason }
    return nil
  }

  /// Why the check was skipped, or nil where it was not.
  var skipped: String? {
    if case .skip(let reason) = outcome { return reason }
    return nil
  }
}

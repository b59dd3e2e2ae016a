import BearLabTestSupport
import Foundation
import Testing

/// The checkpoints in Golden/models, by `Golden/make_models.py`.
enum GoldenModels {
  static let names = ["llama", "qwen2", "qwen3"]

  static func folder(_ name: String) throws -> String {
    try #require(Bundle.module.resourceURL).appending(path: "Golden/models/\(name)").path
  }

  /// A copy of a checkpoint's folder, which `body` may change.
  static func withCopy(of name: String, _ body: (String) throws -> Void) throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.copyItem(atPath: folder(name), toPath: copy)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    try body(copy)
  }
}

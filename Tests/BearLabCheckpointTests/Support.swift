import BearLabCheckpoint
import Foundation

/// Every kind of content: nested, scalar, empty, and texts.
let sample = CheckpointFile(
  tensors: [
    "/lora/model.layers.0/q_proj/A": .init(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
    "/lora/model.layers.0/q_proj/B": .init(shape: [3, 2], values: [6, 5, 4, 3, 2, 1]),
    "/optimizer/first-moment/0": .init(shape: [1, 1, 1, 1], values: [-0.5]),
    "/scalar": .init(shape: [], values: [42]),
    "/none": .init(shape: [0], values: []),
    "/no-columns": .init(shape: [3, 0], values: []),
  ],
  attributes: [
    "step": .integer(-7), "objective/tau": .real(0.1), "name": .text("Amélie 🐻\n"),
    "empty": .text(""),
  ])

func makeFolder() throws -> String {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("bear-lab-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  return folder
}

/// Runs `body` with a new folder, which is deleted afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = try makeFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

func bytes(of path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}

internal import Foundation

/// What a program printed, and how it ended.
struct ToolResult {
  let status: Int32
  let output: String
  private let errors: String

  /// Runs a program that env finds on the PATH; variables may stand before its name.
  ///
  /// Files and not pipes: a full pipe would stop it, and one that it leaves open would keep us.
  static func running(_ arguments: [String]) throws -> ToolResult {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bear-lab-plugin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (output, errors) = (folder.appending(path: "output"), folder.appending(path: "errors"))
    for file in [output, errors] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    func text(_ file: URL) throws -> String {
      String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }
    return ToolResult(
      status: process.terminationStatus, output: try text(output), errors: try text(errors))
  }

  /// What it said but for its progress, indented; the end of it where there is much.
  var messages: String {
    let lines = (output + errors).split(separator: "\n").filter { !$0.hasPrefix("[") }
    let shown = lines.suffix(60).map { "  \($0)" }
    return shown.joined(separator: "\n")
  }
}

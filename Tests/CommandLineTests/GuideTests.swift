import BearLabTestSupport
import Foundation
import Testing

/// The guides, followed word for word from an empty folder.
@Suite struct GuideTests {
  /// A block of a page: its language and its text.
  private struct Block {
    let language: String
    let text: String
  }

  private func blocks(of page: String) throws -> [Block] {
    let path = URL(filePath: #filePath).appending(path: "../../../docs/\(page)").standardizedFileURL
    let text = try String(contentsOf: path, encoding: .utf8)
    // Between two fences is a block, then what is between blocks, and so on.
    let parts = "\n\(text)".split(separator: "\n```", omittingEmptySubsequences: false)
    return stride(from: 1, to: parts.count, by: 2).map { index in
      let lines = parts[index].split(separator: "\n", maxSplits: 1)
      // A fence without a language has an empty line, which is no element.
      return parts[index].hasPrefix("\n")
        ? Block(language: "", text: String(parts[index].dropFirst()))
        : Block(language: String(lines[0]), text: "\(lines.dropFirst().first ?? "")\n")
    }
  }

  /// A folder with tiny resources under the names of the default ones, and the program on the PATH.
  private func withDesk(_ body: (_ desk: String) throws -> Void) throws {
    try withTinyCache { cache in
      for (kind, tiny, name) in [
        ("models", "tiny", "smollm2-135m"), ("datasets", "tiny", "ml-100k"),
      ] {
        try FileManager.default.moveItem(
          atPath: "\(cache)/\(kind)/\(tiny)", toPath: "\(cache)/\(kind)/\(name)")
      }
      for folder in ["bin", "desk"] {
        try FileManager.default.createDirectory(
          atPath: "\(cache)/\(folder)", withIntermediateDirectories: true)
      }
      let program = "\(cache)/bin/bear-lab"
      try Data("#!/bin/sh\nexec '\(programPath())' \"$@\"\n".utf8).write(to: URL(filePath: program))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
      try body("\(cache)/desk")
    }
  }

  /// Types a block into a shell that stops at the first error.
  private func type(_ block: Block, in desk: String) throws -> String {
    let log = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data().write(to: log)
    defer { try? FileManager.default.removeItem(at: log) }
    let cache = URL(filePath: desk).deletingLastPathComponent().path
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-ec", block.text]
    shell.currentDirectoryURL = URL(filePath: desk)
    let environment = ProcessInfo.processInfo.environment
    shell.environment = environment.merging([
      "PATH": "\(cache)/bin:\(environment["PATH"] ?? "")", "BEAR_LAB_CACHE": cache,
      "COLUMNS": "80",
    ]) { $1 }
    shell.standardInput = FileHandle.nullDevice
    // One handle, with one place in the file.
    let handle = try FileHandle(forWritingTo: log)
    shell.standardOutput = handle
    shell.standardError = handle
    try shell.run()
    shell.waitUntilExit()
    let text = try String(contentsOf: log, encoding: .utf8)
    try #require(shell.terminationStatus == 0, "\(block.text)\n\(text)")
    return text
  }

  @Test func anObjectiveFromTheIdeaToATable() throws {
    try withDesk { desk in
      var typed: [String] = []
      for block in try blocks(of: "adding-an-objective.md") {
        switch block.language {
        case "sh": typed.append(try type(block, in: desk))
        case "swift":
          let file = "\(desk)/poly/Sources/ObjectivePoly/PolyObjective.swift"
          try #require(FileManager.default.fileExists(atPath: file))
          try Data(block.text.utf8).write(to: URL(filePath: file))
        default: break
        }
      }
      #expect(typed.count == 6)
      #expect(typed[1].contains("Test conforms() passed"), "\(typed[1])")
      #expect(typed[2].contains("poly") && typed[2].contains("objective.epsilon  (default 1.0)"))
      #expect(typed[3].contains("\n| poly "), "\(typed[3])")
      #expect(typed[4].contains("\n| poly, epoch 1 "), "\(typed[4])")
      let sweep = try String(contentsOfFile: "\(desk)/runs/poly-sweep/sweep.md", encoding: .utf8)
      #expect(sweep.contains("objective.epsilon") && typed[5].contains("--plugin") == false)
      let report = try String(contentsOfFile: "\(desk)/runs/poly/report.md", encoding: .utf8)
      #expect(report.contains(/\n\| poly +\| 0\.[0-9]{4} \|/), "\(report)")
    }
  }

  @Test func pluginsOfTheOtherKinds() throws {
    try withDesk { desk in
      let typed = try blocks(of: "adding-others.md").filter { $0.language == "sh" }
        .map { try type($0, in: desk) }
      let report = try String(contentsOfFile: "\(desk)/runs/others/report.md", encoding: .utf8)
      #expect(report.contains(/\| +mrr \| +mrr@3 \| item NLL \|/), "\(report)")
      #expect(typed.count == 2 && typed[1].contains("building plug-in newest"))
      let yaml = try String(contentsOfFile: "\(desk)/runs/others/run.yaml", encoding: .utf8)
      for line in ["  name: newest\n", "  name: wide\n", "  recent: 5\n"] {
        #expect(yaml.contains(line), "\(line) in \(yaml)")
      }
    }
  }
}

import BearLabTestSupport
import Foundation
import Testing

/// The session that the README shows, typed on a terminal of tmux.
@Suite struct READMESessionTests {
  /// What is printed is what the README says, figures aside: they depend on the machine.
  @Test func printsWhatTheREADMEShows() throws {
    guard let model = defaultModelPath else { return }
    let cache = URL(filePath: model).appending(path: "../../..").standardizedFileURL.path
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/tmux") else {
      print("skipped: there is no tmux")
      return
    }
    let transcript = try transcript()
    let commands = transcript.filter { $0.hasPrefix(Self.prompt) && $0 != Self.prompt }
    #expect(commands.count >= 6)
    try withFolder { folder in
      // A history of its own, and no folder of the user's.
      for name in ["models", "datasets"] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(name)", withDestinationPath: "\(cache)/\(name)")
      }
      let screen = try Screen(
        "env BEAR_LAB_CACHE='\(folder)' '\(try programPath())' repl", in: folder)
      defer { screen.close() }
      try screen.waitForPrompt(after: 0)
      for (index, command) in commands.enumerated() {
        try screen.type(String(command.dropFirst(Self.prompt.count)))
        if command != commands.last { try screen.waitForPrompt(after: index + 1) }
      }
      try screen.waitForEnd()
      let text = try screen.text()
      let shown = text.split(separator: "\n").map(Self.masked)
      let expected = transcript.map(Self.masked).filter { !$0.isEmpty }
      #expect(shown.filter { !$0.isEmpty } == expected, "it is now:\n\(text)")
    }
  }

  fileprivate static let prompt = "bear> "

  /// The lines of the first block below the heading.
  private func transcript() throws -> [Substring] {
    let path = URL(filePath: #filePath).appending(path: "../../../README.md").standardizedFileURL
    let text = try String(contentsOf: path, encoding: .utf8)
    let section = try #require(text.split(separator: "\n## A session\n").dropFirst().first)
    let block = try #require(section.split(separator: "\n```").dropFirst().first)
    return block.split(separator: "\n").dropFirst(0).map { $0 }
  }

  /// A line without its figures and the widths of its columns; titles that a barely trained model
  /// recommends are figures too.
  private static func masked(_ line: some StringProtocol) -> String {
    let text = String(line)
    if text.firstMatch(of: /^ +\d+ +-?\d+\.\d+  \S/) != nil { return "recommended" }
    return text.replacing(/[0-9][0-9.:]*/, with: "#").replacing(/-#/, with: "#")
      .replacing(/-{2,}/, with: "--").split(separator: " ").joined(separator: " ")
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }
}

/// A terminal of a tmux server of its own, in which a program runs.
private struct Screen {
  private let server = "bear-lab-\(UUID().uuidString)"

  init(_ command: String, in folder: String) throws {
    try tmux(
      "new-session", "-d", "-x", "120", "-y", "200", "-c", folder,
      "TERM=screen LC_ALL=C.UTF-8 \(command); echo; echo ended; sleep 600")
  }

  func type(_ text: String) throws {
    try tmux("send-keys", "-l", text)
    try tmux("send-keys", "Enter")
  }

  /// All that was printed; what the end of the program says is left out.
  func text() throws -> String {
    let all = try tmux("capture-pane", "-p", "-J", "-S", "-")
    return String(all.split(separator: "\nended").first ?? "")
  }

  /// Waits for the prompt behind so many commands.
  func waitForPrompt(after commands: Int) throws {
    try wait { text in
      let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      return lines.last == "bear>" && lines.count { $0.hasPrefix("bear>") } == commands + 1
    }
  }

  func waitForEnd() throws {
    try wait { _ in try tmux("capture-pane", "-p").contains("\nended") }
  }

  private func wait(_ condition: (String) throws -> Bool) throws {
    for _ in 0..<2400 {
      if try condition(text()) { return }
      usleep(100_000)
    }
    Issue.record("waited in vain:\n\(try text())")
    throw CancellationError()
  }

  func close() { _ = try? tmux("kill-server") }

  @discardableResult
  private func tmux(_ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/tmux")
    process.arguments = ["-L", server, "-f", "/dev/null"] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}

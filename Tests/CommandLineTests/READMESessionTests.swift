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
  private let name = "bear-lab-\(UUID().uuidString)"
  private let server: Process

  init(_ command: String, in folder: String) throws {
    // In the foreground: a process that a child leaves behind keeps `waitUntilExit` waiting.
    server = Self.process(["-L", name, "-f", "/dev/null", "-D"])
    try server.run()
    let arguments = [
      "-N", "new-session", "-d", "-x", "120", "-y", "200", "-c", folder,
      "TERM=screen LC_ALL=C.UTF-8 \(command); echo; echo ended; cat",
    ]
    for _ in 0..<100 {
      let client = Self.process(["-L", name] + arguments)
      try client.run()
      client.waitUntilExit()
      if client.terminationStatus == 0 { return }
      usleep(100_000)
    }
    Issue.record("tmux does not start")
    throw CancellationError()
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
        .filter { !$0.isEmpty }
      return lines.last == "bear>" && lines.count { $0.hasPrefix("bear>") } == commands + 1
    }
  }

  func waitForEnd() throws {
    try wait { _ in try tmux("capture-pane", "-p").contains("\nended") }
  }

  private func wait(_ condition: (String) throws -> Bool) throws {
    for _ in 0..<12_000 {
      if try condition(text()) { return }
      usleep(100_000)
    }
    Issue.record("waited in vain:\n\(try text())")
    throw CancellationError()
  }

  func close() {
    // It inherits the signals that the threads of this process block, and would not heed another.
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()
  }

  private static func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/tmux")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    return process
  }

  @discardableResult
  private func tmux(_ arguments: String...) throws -> String {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Self.process(["-L", name] + arguments)
    process.standardOutput = try FileHandle(forWritingTo: file)
    try process.run()
    process.waitUntilExit()
    return try String(contentsOf: file, encoding: .utf8)
  }
}

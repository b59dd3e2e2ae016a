import BearLabTestSupport
import Foundation
import Synchronization
import Testing

/// Lines in a file, lines typed on a terminal.
@Suite struct REPLTests {
  private static let settings = [
    "dataset tiny", "model tiny", "objective bear lambda=0.5",
    "set training.samples=32 evaluation.users=12 threads=1 precision=f32 lora.targets=q_proj,v_proj",
  ]

  /// `bear-lab repl` with lines from its standard input or from a script.
  private func perform(
    _ lines: [String], in folder: String, cache: String, script: Bool
  ) throws -> Outcome {
    let path = "\(folder)/lines-\(UUID().uuidString)"
    try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    guard !script else { return try bearLab(["repl", "--script", path], cache: cache) }
    return try bearLab(["repl"], cache: cache, input: path)
  }

  /// A run composed line by line is the one of the command line's options, to the bit.
  @Test(arguments: [true, false])
  func aScriptDoesWhatTheCommandLineDoes(script: Bool) throws {
    try withTinyCache { cache in
      let outcome = try perform(
        Self.settings + [
          "# a comment", "", "run --output \(cache)/mine", "evaluate",
          "recommend Ember \"The Sun\" --k 2",
          "diagnose --max-rank 5",
        ], in: cache, cache: cache, script: script)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let plain = try bearLab(
        [
          "run", "--dataset", "tiny", "--model", "tiny", "--objective", "bear", "--set",
          "objective.lambda=0.5", "--train-samples", "32", "--eval-users", "12", "--threads", "1",
          "--precision", "f32", "--set", "lora.targets=q_proj,v_proj", "--output",
          "\(cache)/plain",
        ], cache: cache)
      #expect(plain.status == 0, "\(plain.errors)")
      for name in ["metrics.jsonl", "rows-fine-tuned.jsonl", "run.yaml"] {
        let files = try ["mine", "plain"].map {
          try String(contentsOfFile: "\(cache)/\($0)/\(name)", encoding: .utf8)
        }
        #expect(files[0] == files[1], "\(name)")
      }
      #expect(outcome.output.hasPrefix(plain.output))
      // The same figures again, from what is still in memory.
      let evaluated = try bearLab(["evaluate", "\(cache)/plain"], cache: cache)
      #expect(outcome.output.contains(evaluated.output))
      #expect(FileManager.default.fileExists(atPath: "\(cache)/mine/diagnosis.jsonl"))
    }
  }

  @Test(arguments: [true, false])
  func aScriptStopsAtTheFirstError(script: Bool) throws {
    try withTinyCache { cache in
      let outcome = try perform(
        ["show", "objective nonsense", "show all"], in: cache, cache: cache, script: script)
      #expect(outcome.status == 1)
      #expect(outcome.output == "nothing is set: all is as `show all` has it\n")
      #expect(outcome.errors.hasPrefix("line 2: objective nonsense\nerror: "))
    }
  }

  @Test func aFileOfTheHomeFolderIsSavedAndLoaded() throws {
    try withEmptyFolder { home in
      let lines = "set seed=7\nsave ~/mine.yaml\nreset\nload ~/mine.yaml\nshow\n"
      try Data(lines.utf8).write(to: URL(filePath: "\(home)/lines"))
      let outcome = try bearLab(
        ["repl"], environment: ["HOME": home], input: "\(home)/lines")
      #expect(outcome.status == 0 && outcome.output.contains("seed=7\n"), "\(outcome.errors)")
      #expect(FileManager.default.fileExists(atPath: "\(home)/mine.yaml"))
    }
  }

  /// With a current run too: what an option takes is no run.
  @Test func aRunMayStandBehindOptions() throws {
    try withTinyCache { cache in
      let run = try bearLab(["run", "--output", "\(cache)/run"] + tinyRun, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      let lines = ["use \(cache)/run", "evaluate --set evaluation.users=6 \(cache)/run"]
      let outcome = try perform(lines, in: cache, cache: cache, script: false)
      #expect(outcome.status == 0 && outcome.output.contains("6 test rows;"), "\(outcome.errors)")
    }
  }

  @Test func aMissingScriptIsNamed() throws {
    let outcome = try bearLab(["repl", "--script", "no/such/file"])
    #expect(outcome.status == 1 && outcome.errors.contains("no/such/file"))
  }

  // MARK: On a terminal

  @Test func completesAndRemembers() throws {
    try withTinyCache { cache in
      try withTerminal(cache: cache) { terminal in
        terminal.type("obje\tbear lam\t\t")
        try terminal.expect("lambda-convention=")
        terminal.type("=0.5\n")
        // The candidates were listed, and the line goes on behind them.
        terminal.type("set train\t")
        try terminal.expect("set training.")
        terminal.type("epochs=3\nshow\n")
        try terminal.expect("training.epochs=3")
        terminal.leave()
      }
      // Earlier lines, in another session: the last but one.
      try withTerminal(cache: cache) { terminal in
        terminal.type("\u{10}\u{10}\n")
        terminal.type("show\n")
        try terminal.expect("training.epochs=3")
        terminal.type("garbage\u{3}")
        try terminal.expect("^C")
        terminal.type("nonsense\n")
        try terminal.expect("there is no command 'nonsense'")
        terminal.type("quit\n")
        terminal.waitUntilExit()
        #expect(terminal.status == 0)
      }
    }
  }

  @Test func completesTitlesOfTheDataSet() throws {
    try withTinyCache { cache in
      try withTerminal(cache: cache) { terminal in
        terminal.type("dataset tiny\n")
        terminal.type("recommend \"over\t")
        // The editor prints what it changes: the word in place of what was typed.
        try terminal.expect("Over  There\" ")
        terminal.type("\u{3}")
        terminal.type("quit\n")
        terminal.waitUntilExit()
      }
    }
  }

  /// Ctrl-C ends the training after a checkpoint; the session goes on, and so does the run.
  @Test func controlCLeavesARunThatGoesOn() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      try withTerminal(cache: cache) { terminal in
        for line in Self.settings { try terminal.enter(line) }
        try terminal.enter("set training.epochs=2000 training.checkpoint-steps=2")
        terminal.type("run --output \(folder)\n")
        try waitForSteps(of: folder)
        terminal.type("\u{3}")
        try terminal.expect("continue it with: bear-lab resume \(folder)")
        terminal.type("show\n")
        try terminal.expect("training.epochs=2000")
        terminal.type("resume\n")
        try terminal.expect("continuing after step")
        terminal.type("\u{3}")
        try terminal.expect("continue it with: bear-lab resume \(folder)", count: 2)
        terminal.type("quit\n")
        terminal.waitUntilExit()
        #expect(terminal.status == 0)
      }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/report.md"))
    }
  }

  /// Waits until a run has made some steps.
  private func waitForSteps(of folder: String) throws {
    for _ in 0..<30_000 {
      let lines = try? String(contentsOfFile: "\(folder)/metrics.jsonl", encoding: .utf8)
      if lines?.contains("\"step\":4,") == true || lines?.contains("\"step\":4}") == true { return }
      usleep(10_000)
    }
    Issue.record("there are no steps in \(folder)")
    throw CancellationError()
  }

  private func withTerminal(cache: String, _ body: (Terminal) throws -> Void) throws {
    let terminal = try Terminal(cache: cache)
    defer { terminal.end() }
    try terminal.expect("bear> ")
    try body(terminal)
  }
}

/// `bear-lab repl` on a terminal of its own, which util-linux's `script` makes.
private final class Terminal {
  private let process = Process()
  private let keyboard = Pipe()
  private let screen = Pipe()
  private let seen = Output()

  /// What was printed so far, written by the pipe's own thread.
  private final class Output: Sendable {
    let bytes = Mutex<[UInt8]>([])
  }

  init(cache: String) throws {
    process.executableURL = URL(filePath: "/usr/bin/script")
    // A shell that waits would take Ctrl-C too, and dash then ends with 130 whatever we ended with.
    process.arguments = ["-qefc", "exec '\(try programPath())' repl", "/dev/null"]
    process.environment = ProcessInfo.processInfo.environment.merging([
      "TERM": "xterm", "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8", "BEAR_LAB_ISA": "",
      "BEAR_LAB_CACHE": cache,
    ]) { $1 }
    process.currentDirectoryURL = URL(filePath: cache)
    process.standardInput = keyboard
    process.standardOutput = screen
    process.standardError = screen
    screen.fileHandleForReading.readabilityHandler = { [seen] handle in
      let data = handle.availableData
      seen.bytes.withLock { $0.append(contentsOf: data) }
    }
    try process.run()
  }

  var status: Int32 { process.terminationStatus }

  /// What was printed, its escape sequences left out.
  private var text: String {
    String(decoding: seen.bytes.withLock { $0 }, as: UTF8.self)
      .replacing(/\u{1B}\[[0-9;?]*[A-Za-z]/, with: "").replacing("\r", with: "")
  }

  func type(_ keys: String) {
    keyboard.fileHandleForWriting.write(Data(keys.utf8))
    // Keys that are there before the prompt would be echoed by the terminal, not by the editor.
    usleep(150_000)
  }

  /// Types a line, and waits for the next prompt.
  func enter(_ line: String) throws {
    let prompts = text.ranges(of: "bear> ").count
    type(line + "\n")
    try expect("bear> ", count: prompts + 1)
  }

  /// Waits until a text was printed, so many times.
  func expect(_ wanted: String, count: Int = 1) throws {
    for _ in 0..<30_000 {
      if text.ranges(of: wanted).count >= count { return }
      usleep(10_000)
    }
    Issue.record("'\(wanted)' is not in:\n\(text)")
    throw CancellationError()
  }

  func waitUntilExit() { process.waitUntilExit() }

  /// Ctrl-D until it is heeded: what comes before the prompt does not reach the editor.
  func leave() {
    for attempt in 0..<300_000 where process.isRunning {
      if attempt % 200 == 0 { type("\u{4}") }
      usleep(1000)
    }
    if process.isRunning { Issue.record("Ctrl-D does not end it:\n\(text)") }
  }

  func end() {
    screen.fileHandleForReading.readabilityHandler = nil
    if process.isRunning { process.terminate() }
  }
}

import BearLabTestSupport
import Foundation
import Testing

/// The list of runs, with runs of the program itself.
@Suite struct RunsCommandTests {
  private struct Line: Decodable, Equatable {
    let number: Int
    let name: String
    let state: String
    let started: String?
    let ended: String?
    let metrics: [String: Double]
    let tags: [String]
    let note: String
  }

  /// A run of milliseconds.
  private static let quick = [
    "run", "--recommender", "markov", "--dataset", "tiny", "--eval-users", "12", "--threads", "1",
  ]

  private func list(_ arguments: [String] = [], in directory: String) throws -> [Line] {
    let outcome = try bearLab(["runs", "--json"] + arguments, in: directory)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    return try JSONDecoder().decode([Line].self, from: Data(outcome.output.utf8))
  }

  /// A killed run is found out by its lock; the database is whole, and the run goes on as the same.
  @Test func aKilledRunIsLostAndGoesOn() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/runs/killed"
      let long = ["run"] + tinyRun + ["--epochs", "4000", "--output", folder]
      let killed = try bearLab(long, cache: cache) { process in
        waitForCheckpoint(ofStep: 4, in: folder, of: process)
        let lines = try list(in: cache)
        #expect(lines.map(\.state) == ["running"] && lines.map(\.number) == [1])
        let refused = try bearLab(["runs", "delete", "1", "--yes"], in: cache)
        #expect(refused.status == 1 && refused.errors.contains("being written by another process"))
        kill(process.processIdentifier, SIGKILL)
      }
      #expect(killed.status == SIGKILL, "\(killed.errors)")
      let lost = try list(in: cache)
      #expect(lost.map(\.state) == ["lost"] && lost.map(\.ended) == [nil])
      #expect(try list(["--state", "lost"], in: cache).count == 1)
      #expect(try list(["--state", "running"], in: cache).isEmpty)
      let resumed = try bearLab(["resume", "1"], cache: cache, in: cache) { process in
        while try list(in: cache).first?.state != "running", process.isRunning { usleep(1000) }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(resumed.status == 130, "\(resumed.errors)")
      let stopped = try list(in: cache)
      #expect(stopped.map(\.state) == ["stopped"] && stopped.map(\.number) == [1])
      #expect(stopped[0].ended != nil)
    }
  }

  /// Wherever the kill comes, the list can be made, and its numbers differ.
  @Test func killsLeaveTheStoreWhole() throws {
    try withTinyCache { cache in
      var random = SeededGenerator(7)
      for trial in 0..<12 {
        let settings = Self.quick + ["--output", "\(cache)/runs/\(trial)"]
        _ = try bearLab(settings, cache: cache) { process in
          usleep(UInt32.random(in: 0...100_000, using: &random))
          kill(process.processIdentifier, SIGKILL)
        }
      }
      _ = try bearLab(Self.quick + ["--output", "\(cache)/runs/last"], cache: cache)
      let before = try list(in: cache)
      #expect(before.contains { $0.name == "last" && $0.state == "finished" })
      #expect(Set(before.map(\.number)).count == before.count)
      #expect(before.allSatisfy { ["lost", "stopped", "finished"].contains($0.state) })
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(cache)/runs")
      where name.hasPrefix("bear-lab.sqlite") {
        try FileManager.default.removeItem(atPath: "\(cache)/runs/\(name)")
      }
      let again = try bearLab(["runs", "reindex"], in: cache)
      #expect(again.output.hasPrefix("\(before.count) runs, 0 gone: "))
      #expect(try list(in: cache) == before)
    }
  }

  @Test func processesWriteAtOnce() throws {
    try withTinyCache { cache in
      try FileManager.default.createDirectory(
        atPath: "\(cache)/runs", withIntermediateDirectories: true)
      // The first of them makes the database.
      let outcomes = try together(6, cache: cache) {
        Self.quick + ["--seed", "\($0)", "--output", "\(cache)/runs/\($0)"]
      }
      #expect(outcomes.allSatisfy { $0.status == 0 })
      #expect(outcomes.allSatisfy { !$0.errors.contains("cannot be used") }, "\(outcomes)")
      let lines = try list(in: cache)
      #expect(lines.map(\.number).sorted() == Array(1...6))
      #expect(lines.allSatisfy { $0.state == "finished" && $0.metrics["ndcg@10"] != nil })
      let tagged = try together(6, cache: cache) {
        ["runs", "tag", "\(cache)/runs/3", "t\($0)"]
      }
      #expect(tagged.allSatisfy { $0.status == 0 && $0.errors.isEmpty }, "\(tagged)")
      let run = try #require(try list(in: cache).first { $0.name == "3" })
      #expect(run.tags.sorted() == (0..<6).map { "t\($0)" })
    }
  }

  /// Calls the program several times at once.
  private func together(
    _ count: Int, cache: String, _ arguments: (Int) -> [String]
  ) throws -> [Outcome] {
    try (0..<count).map { try Call(arguments($0), cache: cache) }.map { try $0.outcome() }
  }

  /// A call of the program that is at work.
  private final class Call {
    private let process = Process()
    private let errors = FileManager.default.temporaryDirectory
      .appending(path: "bear-lab-\(UUID().uuidString).txt")

    init(_ arguments: [String], cache: String) throws {
      try Data().write(to: errors)
      process.executableURL = URL(filePath: try programPath())
      process.arguments = arguments
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = try FileHandle(forWritingTo: errors)
      process.environment = ProcessInfo.processInfo.environment
        .merging(["BEAR_LAB_ISA": "", "BEAR_LAB_CACHE": cache]) { $1 }
      try process.run()
    }

    func outcome() throws -> Outcome {
      process.waitUntilExit()
      defer { try? FileManager.default.removeItem(at: errors) }
      return Outcome(
        status: process.terminationStatus, output: "",
        errors: try String(contentsOf: errors, encoding: .utf8))
    }
  }

  /// Series, their seeds, and every command that takes a run.
  @Test func aRunIsNamedInEveryCommand() throws {
    try withTinyCache { cache in
      let run = try bearLab(
        ["run", "--output", "runs/first"] + tinyRun, cache: cache, in: cache)
      #expect(run.status == 0, "\(run.errors)")
      let tagged = try bearLab(["runs", "tag", "1", "best-bear"], in: cache)
      #expect(tagged.output == "1 first: best-bear\n")
      for name in ["1", "first", "fir", "best-bear"] {
        let outcome = try bearLab(["evaluate", name], cache: cache, in: cache)
        #expect(outcome.status == 0 && outcome.output.contains("| bear, epoch 1 "), "\(name)")
      }
      let ended = try bearLab(["resume", "best-bear"], cache: cache, in: cache)
      #expect(ended.status == 0 && ended.output == run.output)
      for arguments in [
        ["diagnose", "1"], ["explain", "1", "--user", "301"],
        ["recommend", "--run", "1", "--history", "Sea"], ["export", "teacher", "1", "teacher.h5"],
      ] {
        let outcome = try bearLab(arguments, cache: cache, in: cache)
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
      }
      let series = try bearLab(
        ["run", "--output", "runs/second", "--seeds", "1,2", "--init-from", "best-bear"] + tinyRun,
        cache: cache, in: cache)
      #expect(series.status == 0, "\(series.errors)")
      let yaml = try String(contentsOfFile: "\(cache)/runs/second/run.yaml", encoding: .utf8)
      #expect(yaml.contains(/init-from: \/.*\/runs\/first\n/), "\(yaml)")
      let lines = try list(in: cache)
      #expect(lines.map(\.name) == ["first", "second", "second/seed-1", "second/seed-2"])
      #expect(lines.map(\.number) == [1, 2, 3, 4] && lines.allSatisfy { $0.state == "finished" })
      #expect(lines[0].metrics["pr@10"] != nil)
      let unknown = try bearLab(["evaluate", "secund"], cache: cache, in: cache)
      #expect(unknown.status == 1)
      #expect(unknown.errors.contains("there is no run 'secund' in runs\n  did you mean second"))
      let many = try bearLab(["run", "--dry-run", "--init-from", "second/seed"], in: cache)
      #expect(many.status == 1)
      #expect(many.errors.contains("names 2 runs: 3 second/seed-1, 4 second/seed-2\n"))
    }
  }

  /// They are in folders of their own below runs/, and have no store of their own.
  @Test func runsOfAReproductionAreInTheList() throws {
    try withTinyCache { cache in
      let arguments = [
        "reproduce", "table2", "--dataset", "tiny", "--model", "tiny", "--methods", "BIGRec,MSL",
        "--epochs", "1", "--train-samples", "16", "--eval-users", "6", "--threads", "1",
        "--precision", "f32", "--set", "lora.targets=q_proj,v_proj",
      ]
      let outcome = try bearLab(arguments, cache: cache, in: cache)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let lines = try list(in: cache)
      #expect(
        lines.map(\.name) == ["sft", "msl"].map { "reproduce/tiny-tiny-bigrec-\($0)-seed-42" })
      #expect(lines.allSatisfy { $0.state == "finished" && $0.metrics["ndcg@10"] != nil })
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(cache)/runs/reproduce")
      #expect(!files.contains { $0.hasPrefix("bear-lab.sqlite") })
      // Used as they are, they stay the same runs.
      #expect(try bearLab(arguments, cache: cache, in: cache).output == outcome.output)
      #expect(try list(in: cache) == lines)
    }
  }

  @Test func runsAreListedNotedAndDeleted() throws {
    try withTinyCache { cache in
      for name in ["a", "b"] {
        let outcome = try bearLab(
          Self.quick + ["--output", "runs/\(name)"], cache: cache, in: cache)
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
      #expect(
        try bearLab(["runs", "note", "2", "the better one"], in: cache).output == "2 b: noted\n")
      let table = try bearLab(
        ["runs", "--columns", "number,name,recommender,state,note", "--sort", "-number"], in: cache)
      #expect(
        table.output == """
          | number | name | recommender | state    | note           |
          | -----: | ---- | ----------- | -------- | -------------- |
          |      2 | b    | markov      | finished | the better one |
          |      1 | a    | markov      | finished | –              |

          """)
      #expect(try bearLab(["runs"], in: cache).output.hasPrefix("| number | name | state    |"))
      let sheet = try bearLab(["runs", "show", "b"], in: cache)
      #expect(sheet.status == 0 && sheet.output.contains("| markov "), "\(sheet.output)")
      let csv = try bearLab(["runs", "runs", "--csv", "--columns", "name,state"], in: cache)
      #expect(csv.output == "name,state\na,finished\nb,finished\n")
      // Nobody answers.
      let kept = try bearLab(["runs", "delete", "a"], in: cache)
      #expect(kept.status == 1 && kept.errors.contains("[y/N] ") && kept.output.isEmpty)
      #expect(FileManager.default.fileExists(atPath: "\(cache)/runs/a/run.yaml"))
      let gone = try bearLab(["runs", "delete", "a", "--yes"], in: cache)
      #expect(gone.output == "deleted 1 a\n")
      #expect(!FileManager.default.fileExists(atPath: "\(cache)/runs/a"))
      #expect(try list(in: cache).map(\.number) == [2])
    }
  }

  @Test(
    arguments: [
      (["runs"], 1, "there is no folder runs\n  give the folder that holds the folders of runs"),
      (["runs", ".", "--where", "ndgc@10>1"], 1, "did you mean ndcg@10"),
      (["runs", ".", "--columns", "nmae"], 1, "did you mean name"),
      (["runs", ".", "--state", "done"], 1, "there is no state 'done'"),
      (["runs", ".", "--where", "x"], 1, "'x' is no condition\n  write a name"),
      (["runs", ".", "--where", "ndcg@10=>1"], 1, "the value '>1' of the condition 'ndcg@10=>1' "),
      (
        ["runs", ".", "--where", "time>1h"], 1, "which is none\n  give seconds, such as 'time>3600'"
      ),
      (["runs", ".", "--limit", "0"], 64, "--limit cannot be 0: give at least 1"),
      (["runs", "show", "7"], 1, "7 holds no run"),
      (["runs", "reindex", "nowhere"], 1, "there is no folder "),
    ] as [([String], Int32, String)])
  func mistakesAreExplained(arguments: [String], status: Int32, expected: String) throws {
    let outcome = try bearLab(arguments)
    #expect(outcome.status == status && outcome.output.isEmpty)
    #expect(outcome.errors.contains(expected), "\(outcome.errors)")
  }

  /// What was written there by hand is the user's to mend.
  @Test func aFileThatCannotBeReadIsTold() throws {
    try withTinyCache { cache in
      let run = try bearLab(Self.quick + ["--output", "runs/a"], cache: cache, in: cache)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try bearLab(["runs", "tag", "1", "best"], in: cache).status == 0)
      let file = "\(cache)/runs/a/store.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
        .replacing("\"number\" : 1", with: "\"number\" : \"1\"")
      try Data(text.utf8).write(to: URL(filePath: file))
      for arguments in [["runs", "reindex"], ["runs", "--csv", "--columns", "number,tags"]] {
        let outcome = try bearLab(arguments, in: cache)
        #expect(outcome.status == 0 && outcome.errors.contains("/runs/a/store.json cannot be read"))
        #expect(outcome.errors.contains("number (an integer)"), "\(outcome.errors)")
      }
      let listed = try bearLab(["runs", "--csv", "--columns", "number,tags"], in: cache)
      #expect(listed.output == "number,tags\n1,best\n")
      let tagged = try bearLab(["runs", "tag", "1", "worse"], in: cache)
      #expect(tagged.status == 1 && tagged.errors.contains("cannot be read: key number: "))
      #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }
  }

  @Test func aDamagedDatabaseIsANoticeOfTheRun() throws {
    try withTinyCache { cache in
      let runs = "\(cache)/runs"
      try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: true)
      try Data("no database".utf8).write(to: URL(filePath: "\(runs)/bear-lab.sqlite"))
      let run = try bearLab(Self.quick + ["--output", "\(runs)/a"], cache: cache)
      #expect(run.status == 0 && run.output.contains("| markov "))
      #expect(
        run.errors.contains("note: \(runs)/bear-lab.sqlite cannot be used: file is not a database"))
      let listed = try bearLab(["runs", "--csv", "--columns", "name,state"], in: cache)
      #expect(listed.status == 0 && listed.output == "name,state\na,finished\n")
      #expect(listed.errors.contains("`bear-lab runs reindex` repairs it"))
      #expect(try bearLab(["runs", "reindex"], in: cache).status == 0)
      #expect(try list(in: cache).map(\.number) == [1])
    }
  }

  /// On a file system that cannot be written the list is made from the folders.
  @Test func aFolderThatCannotBeWrittenIsListed() throws {
    try withTinyCache { cache in
      let run = try bearLab(Self.quick + ["--output", "\(cache)/runs/a"], cache: cache)
      #expect(run.status == 0)
      let script = """
        mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
        cd "$1/.." && "$0" runs --csv --columns number,name,state 2> errors.txt
        "$0" runs note 1 x 2>> errors.txt && exit 98
        exit 0
        """
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/unshare")
      process.arguments = [
        "--map-root-user", "--mount", "sh", "-c", script, try programPath(), "\(cache)/runs",
      ]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let text = String(
        decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      process.waitUntilExit()
      // unshare itself ends with 1 where it is not allowed to do anything.
      guard FileManager.default.fileExists(atPath: "\(cache)/errors.txt") else {
        print("skipped: this machine does not let a process mount a file system of its own")
        return
      }
      let errors = try String(contentsOfFile: "\(cache)/errors.txt", encoding: .utf8)
      #expect(process.terminationStatus == 0, "\(errors)")
      #expect(text == "number,name,state\n1,a,finished\n", "\(errors)")
      #expect(errors.contains("/runs/a/store.json cannot be written: "), "\(errors)")
    }
  }
}

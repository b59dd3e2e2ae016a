import BearLabTestSupport
import Foundation
import Testing

/// The program, killed and stopped in the middle of things.
@Suite struct ResumeTests {
  /// 6 steps an epoch.
  private static let settings =
    ["run"] + tinyRun + [
      "--epochs", "2", "--train-samples", "48", "--set", "training.checkpoint-steps=2",
    ]

  /// 20 runs, each killed at a random moment, continued, killed once more, and continued.
  @Test func killedAtAnyMomentItEndsWithTheSameBits() throws {
    try withTinyCache { cache in
      let began = ContinuousClock.now
      let whole = try bearLab(Self.settings + ["--output", "\(cache)/whole"], cache: cache)
      #expect(whole.status == 0, "\(whole.errors)")
      var milliseconds = max(1, Int((ContinuousClock.now - began) / .milliseconds(1)))
      let expected = try results("\(cache)/whole")
      var random = SeededGenerator(20)
      var kills = 0
      for trial in 0..<20 {
        let folder = "\(cache)/run-\(trial)"
        var outcome = try run(in: folder, cache: cache) { process in
          usleep(UInt32.random(in: 0...UInt32(1000 * milliseconds), using: &random))
          kill(process.processIdentifier, SIGKILL)
        }
        if outcome.status == SIGKILL {
          kills += 1
        } else {
          // Faster than the first one was, which may have waited for others.
          milliseconds = max(1, milliseconds / 2)
        }
        outcome = try run(in: folder, cache: cache) { process in
          usleep(UInt32.random(in: 0...UInt32(1000 * milliseconds), using: &random))
          kill(process.processIdentifier, SIGKILL)
        }
        outcome = try run(in: folder, cache: cache)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let found = try results(folder)
        #expect(found.keys.sorted() == expected.keys.sorted(), "trial \(trial)")
        let differing = expected.keys.filter { found[$0] != expected[$0] }
        #expect(differing.isEmpty, "trial \(trial)")
      }
      #expect(kills > 10)
    }
  }

  /// Ctrl-C and `kill` end the program after its step, with a checkpoint and the shell's status.
  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalStopsItAfterACheckpoint(signal: Int32) throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let long = Self.settings + ["--epochs", "4000"]
      let stopped = try bearLab(long + ["--output", folder], cache: cache) { process in
        waitForCheckpoint(ofStep: 4, in: folder, of: process)
        kill(process.processIdentifier, signal)
      }
      #expect(stopped.status == 128 + signal, "\(stopped.errors)")
      #expect(stopped.errors.contains("continue it with: bear-lab resume \(folder)\n"))
      let last = try #require(
        try String(contentsOfFile: "\(folder)/metrics.jsonl", encoding: .utf8)
          .split(separator: "\n").last { $0.contains(#""event":"step""#) })
      let step = try #require(last.firstMatch(of: /"step":(\d+)/)?.1)
      let checkpoint = "\(folder)/checkpoint-step-\((Int(step) ?? -9) + 1).h5"
      #expect(FileManager.default.fileExists(atPath: checkpoint))
    }
  }

  @Test func whatHasEndedIsNotRunAgain() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(Self.settings + ["--output", folder], cache: cache)
      let before = try results(folder)
      let again = try bearLab(["resume", folder], cache: cache)
      #expect(again.status == 0 && again.output == run.output)
      #expect(again.errors == "the run in \(folder) has ended; nothing is left to do\n")
      #expect(try results(folder) == before)
    }
  }

  /// The disk, a small file system in memory, is full when a checkpoint is due.
  @Test func aFullDiskKeepsTheCheckpointBefore() throws {
    try withTinyCache { cache in
      let settings = Self.settings + ["--set", "lora.rank=64"]
      let whole = try bearLab(settings + ["--output", "\(cache)/whole"], cache: cache)
      #expect(whole.status == 0, "\(whole.errors)")
      // Room for three checkpoints and the small files: the fourth, after step 8, has none.
      let size = try results("\(cache)/whole")["checkpoint-epoch-1.h5"]?.count ?? 0
      let kilobytes = size * 7 / 2 / 1024 + 64
      let disk = "\(cache)/disk"
      try FileManager.default.createDirectory(
        atPath: disk, withIntermediateDirectories: true)
      // In a namespace of its own, where anyone may mount, and from which nothing stays behind.
      let script = """
        mount -t tmpfs -o size=\(kilobytes)k tmpfs '\(disk)' || exit 99
        "$@" --output '\(disk)/run' 2> '\(cache)/first.txt' >&2
        echo $? > '\(cache)/first-status.txt'
        ls '\(disk)/run' > '\(cache)/files.txt'
        mount -o remount,size=64m '\(disk)' || exit 98
        "$1" resume '\(disk)/run' 2> '\(cache)/second.txt' >&2
        echo $? > '\(cache)/second-status.txt'
        cp -r '\(disk)/run' '\(cache)/run'
        """
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/unshare")
      process.arguments =
        ["--map-root-user", "--mount", "sh", "-c", script, "sh", try programPath()]
        + settings
      process.environment = ProcessInfo.processInfo.environment
        .merging(["BEAR_LAB_CACHE": cache, "BEAR_LAB_ISA": ""]) { $1 }
      try process.run()
      process.waitUntilExit()
      // unshare itself ends with 1 where it is not allowed to do anything.
      guard FileManager.default.fileExists(atPath: "\(cache)/first-status.txt") else {
        print("skipped: this machine does not let a process mount a file system of its own")
        return
      }
      func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(cache)/\(name).txt", encoding: .utf8)
      }
      #expect(try text("first-status") == "1\n")
      #expect(try text("first").contains("No space left on device"))
      #expect(try text("files").contains("checkpoint-step-"))
      #expect(try text("second-status") == "0\n")
      #expect(try text("second").contains("continuing after step"))
      #expect(try results("\(cache)/run") == results("\(cache)/whole"))
    }
  }

  @Test func severalSeedsAreComparedAndContinued() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/series"
      let arguments = Self.settings + ["--seeds", "3,5"]
      let whole = try bearLab(arguments + ["--output", "\(cache)/whole"], cache: cache)
      #expect(whole.status == 0, "\(whole.errors)")
      for row in ["\n| 3 ", "\n| 5 ", "\n| mean ", "\n| std. dev. "] {
        #expect(whole.output.contains(row), "\(row)")
      }
      let stopped = try bearLab(arguments + ["--output", folder], cache: cache) { process in
        // At any step of the second seed.
        while !FileManager.default.fileExists(atPath: "\(folder)/seed-5/run.yaml"),
          process.isRunning
        { usleep(1000) }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(stopped.errors.contains("continue it with: bear-lab resume \(folder)\n"))
      let resumed = try bearLab(["resume", folder], cache: cache)
      #expect(resumed.status == 0 && resumed.output == whole.output, "\(resumed.errors)")
      for seed in ["seed-3", "seed-5"] {
        #expect(try results("\(folder)/\(seed)") == results("\(cache)/whole/\(seed)"))
      }
      #expect(whole.output.contains("\nbear, fine-tuned, "))
      let untrained = try bearLab(
        arguments + ["--epochs=0", "--output", "\(cache)/untrained"], cache: cache)
      #expect(untrained.output.contains("\nzero-shot, "), "\(untrained.output)\(untrained.errors)")
      let alone = try bearLab(
        Self.settings + ["--seed", "5", "--output", "\(cache)/alone"], cache: cache)
      #expect(alone.status == 0)
      #expect(try results("\(cache)/alone") == results("\(folder)/seed-5"))
    }
  }

  /// Seeds that differ in more than the seed have no spread.
  @Test func aSeriesOfDifferentRunsIsRefused() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/series"
      let arguments = Self.settings + ["--seeds", "3,5", "--output", folder]
      #expect(try bearLab(arguments, cache: cache).status == 0)
      try FileManager.default.removeItem(atPath: "\(folder)/report.md")
      try FileManager.default.removeItem(atPath: "\(folder)/seed-5")
      let file = "\(cache)/datasets/tiny/train.csv"
      let data = try String(contentsOfFile: file, encoding: .utf8)
      try (data + data.split(separator: "\n")[7] + "\n")
        .write(toFile: file, atomically: true, encoding: .utf8)
      let other = try bearLab(["resume", folder], cache: cache)
      #expect(other.status == 1 && other.errors.contains("train.csv is another file"))
      try data.write(toFile: file, atomically: true, encoding: .utf8)
      let yaml = try String(contentsOfFile: "\(folder)/run.yaml", encoding: .utf8)
      try yaml.replacing("rank: 8", with: "rank: 4")
        .write(toFile: "\(folder)/run.yaml", atomically: true, encoding: .utf8)
      let changed = try bearLab(["resume", folder], cache: cache)
      #expect(changed.status == 1 && changed.errors.contains("written with other settings"))
      try yaml.write(toFile: "\(folder)/run.yaml", atomically: true, encoding: .utf8)
      #expect(try bearLab(["resume", folder], cache: cache).status == 0)
    }
  }

  /// How a run is measured may change afterwards, and not what it trained.
  @Test func aRunIsMeasuredUnderAnotherProtocolWithAllItsWeights() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let all = Self.settings + ["--set", "lora.targets=all", "--output", folder]
      #expect(try bearLab(all, cache: cache).status == 0)
      let official = ["evaluate", folder, "--protocol", "official"]
      let outcome = try bearLab(official, cache: cache)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("protocol: official, but training.normalise-group=0"))
      let named = try bearLab(official + ["--set", "lora.targets=all"], cache: cache)
      #expect(named.output == outcome.output)
      let part = try bearLab(official + ["--set", "lora.targets=q_proj"], cache: cache)
      #expect(part.status == 1 && part.errors.contains("LoRA is not put on that layer"))
    }
  }

  // MARK: Helpers

  /// Starts a run, or continues it where it has begun.
  private func run(
    in folder: String, cache: String, whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> Outcome {
    let began = FileManager.default.fileExists(atPath: "\(folder)/run.yaml")
    return try bearLab(
      began ? ["resume", folder] : Self.settings + ["--output", folder], cache: cache,
      whileRunning: whileRunning)
  }

  /// Everything that a run leaves and that must not depend on how it went and when.
  private func results(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    let pairs = try names.filter { $0 != "timing.jsonl" && $0 != "store.json" }.map {
      ($0, try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}

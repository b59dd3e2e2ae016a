import BearLabCheckpoint
import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Runs that are stopped and continued end with the bits of one that was not.
@Suite struct ResumeTests {
  private static let settings = [
    "training.epochs=2", "training.samples=24", "training.checkpoint-steps=2",
    "training.batch-size=5", "objective=msl", "objective.ats=on",
  ]

  /// 5 steps an epoch, the last one smaller; stops in every phase and in every step.
  @Test func stoppedAfterEveryEventItEndsWithTheSameBits() throws {
    try withCompute {
      try withTinyCache { cache in
        let experiment = try tinyExperiment(Self.settings, cache: cache)
        let whole = try RunFolder(creating: "\(cache)/whole")
        var events = 0
        _ = try Runner(experiment, in: whole) { _ in events += 1 }.run()
        #expect(events > 20)
        let expected = try results(whole)
        for stop in 1...events {
          let folder = try RunFolder(creating: "\(cache)/stopped-\(stop)")
          try run(experiment, in: folder, stoppingAfter: stop)
          _ = try Runner(experiment, in: folder) { _ in }.run()
          #expect(try results(folder) == expected, "stopped after event \(stop)")
        }
      }
    }
  }

  /// Every stop leaves its own checkpoint, so this also continues from each step.
  @Test func stoppedAgainAndAgainItEndsWithTheSameBits() throws {
    try expectSameBits { experiment, folder in
      var calls = 0
      while folder.report == nil, calls < 50 {
        calls += 1
        try run(experiment, in: folder, stoppingAfterSteps: 1)
      }
      #expect(calls == 11)
    }
  }

  @Test(arguments: GoldenModels.names)
  func aModelOfHuggingFaceEndsWithTheSameBits(name: String) throws {
    try expectSameBits(HuggingFaceRunTests.settings(name)) { experiment, folder in
      try run(experiment, in: folder, stoppingAfterSteps: 3)
      #expect(folder.report == nil)
      try resume(experiment, in: folder)
    }
  }

  /// The newest two or all are damaged: the next one serves, or none at all.
  @Test(arguments: [1, 2, 3])
  func damagedCheckpointsAreSkippedAndNamed(damaged: Int) throws {
    try expectSameBits { experiment, folder in
      try run(experiment, in: folder, stoppingAfterSteps: 8)
      let checkpoints = folder.checkpoints(stepsPerEpoch: 5)
      #expect(
        checkpoints.map { $0.split(separator: "/").last } == [
          "checkpoint-step-8.h5", "checkpoint-step-6.h5", "checkpoint-epoch-1.h5",
        ])
      for path in checkpoints.prefix(damaged) { try damage(path) }
      let notices = try resume(experiment, in: folder)
      #expect(notices.count { $0.contains("is damaged") } == damaged)
      #expect(notices.contains { $0.contains("continuing after step") } == (damaged < 3))
      #expect(notices.contains { $0.contains("begins anew") } == (damaged == 3))
    }
  }

  /// Without evaluations of the epochs, nothing but the file says that one was kept.
  @Test func aDamagedLastEpochIsMadeAgain() throws {
    try expectSameBits(["evaluation.selection=last"]) { experiment, folder in
      try run(experiment, in: folder) { event in
        if case .began("fine-tuned on test", _, _, _) = event { true } else { false }
      }
      try damage(folder.checkpointPath(epoch: 2))
      #expect(try resume(experiment, in: folder).contains { $0.contains("is damaged") })
    }
  }

  /// What was passed over must not keep the place of what is computed again.
  @Test func aRunThatFellBackAndStopsAgainHasMovedOn() throws {
    try expectSameBits { experiment, folder in
      try run(experiment, in: folder, stoppingAfterSteps: 8)
      try damage(folder.checkpointPath(epoch: 1))
      for step in 1...4 {
        try run(experiment, in: folder, stoppingAfterSteps: 1)
        let newest = folder.checkpoints(stepsPerEpoch: 5).first
        #expect(newest == folder.checkpointPath(step: step))
      }
      try resume(experiment, in: folder)
    }
  }

  /// What is measured at the end must be there, or what comes after it is of no use.
  @Test func aDamagedBestEpochIsTrainedAgain() throws {
    try withCompute {
      try withTinyCache { cache in
        let experiment = try tinyExperiment(Self.settings, cache: cache)
        let folder = try RunFolder(creating: "\(cache)/run")
        try run(experiment, in: folder, stoppingAfterSteps: 8)
        let best = folder.checkpointPath(epoch: 1)
        try damage(best)
        let found = try folder.newestIntactCheckpoint(
          stepsPerEpoch: 5, settings: experiment.description.yaml())
        #expect(found.checkpoint == nil && found.passedOver.count == 3)
        #expect(found.problems.count == 1 && found.problems.allSatisfy { $0.contains(best) })
      }
    }
  }

  @Test func aTornLineIsCut() throws {
    try expectSameBits { experiment, folder in
      try run(experiment, in: folder, stoppingAfterSteps: 3)
      for name in ["metrics.jsonl", "timing.jsonl"] {
        let handle = try #require(FileHandle(forWritingAtPath: "\(folder.path)/\(name)"))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"event":"step","st"#.utf8))
      }
      try Data("x".utf8).write(to: URL(filePath: "\(folder.path)/checkpoint-step-9.h5.1.partial"))
      try resume(experiment, in: folder)
      let timing = try String(contentsOfFile: "\(folder.path)/timing.jsonl", encoding: .utf8)
      for line in timing.split(separator: "\n") {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
      }
    }
  }

  /// Who took lines away gets them again: the run begins anew.
  @Test func metricsThatWereCutAreComputedAgain() throws {
    try expectSameBits { experiment, folder in
      try run(experiment, in: folder, stoppingAfterSteps: 3)
      try Data().write(to: URL(filePath: "\(folder.path)/metrics.jsonl"))
      let notices = try resume(experiment, in: folder)
      #expect(notices.contains { $0.contains("and it has 0 now") })
    }
  }

  @Test func otherSettingsAreRefused() throws {
    try withCompute {
      try withTinyCache { cache in
        let folder = try RunFolder(creating: "\(cache)/run")
        try run(tinyExperiment(Self.settings, cache: cache), in: folder, stoppingAfterSteps: 3)
        let other = try tinyExperiment(Self.settings + ["objective.ats-eta=0.5"], cache: cache)
        #expect(
          throws: RunFolderError.changedSettings(path: folder.checkpointPath(step: 3))
        ) { _ = try Runner(other, in: folder) { _ in } }
      }
    }
  }

  @Test func otherDataAreRefused() throws {
    try withCompute {
      try withTinyCache { cache in
        let folder = try RunFolder(creating: "\(cache)/run")
        try run(tinyExperiment(Self.settings, cache: cache), in: folder, stoppingAfterSteps: 3)
        let before = try String(contentsOfFile: "\(folder.path)/metrics.jsonl", encoding: .utf8)
        let file = "\(cache)/datasets/tiny/train.csv"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let lines = text.split(separator: "\n")
        try Data((lines.dropLast().joined(separator: "\n") + "\n").utf8)
          .write(to: URL(filePath: file))
        let error = try #require(throws: RunFolderError.self) {
          _ = try Runner(tinyExperiment(Self.settings, cache: cache), in: folder) { _ in }
        }
        #expect(error.description.contains("train.csv is another file than when the run began"))
        #expect(
          try String(contentsOfFile: "\(folder.path)/metrics.jsonl", encoding: .utf8) == before)
      }
    }
  }

  /// A file that was not there when the run began changes what its epochs are chosen on.
  @Test func addedDataAreRefused() throws {
    try withCompute {
      try withTinyCache { cache in
        let folder = try RunFolder(creating: "\(cache)/run")
        try run(tinyExperiment(Self.settings, cache: cache), in: folder, stoppingAfterSteps: 3)
        let data = "\(cache)/datasets/tiny"
        try FileManager.default.copyItem(atPath: "\(data)/test.csv", toPath: "\(data)/valid.csv")
        let error = try #require(throws: RunFolderError.self) {
          _ = try Runner(tinyExperiment(Self.settings, cache: cache), in: folder) { _ in }
        }
        #expect(error.description.contains("valid.csv is another file"))
      }
    }
  }

  @Test func twoProcessesCannotContinueOneRun() throws {
    try withCompute {
      try withTinyCache { cache in
        let experiment = try tinyExperiment(Self.settings, cache: cache)
        let folder = try RunFolder(creating: "\(cache)/run")
        let first = try Runner(experiment, in: folder) { _ in }
        #expect(throws: RunFolderError.inUse(path: folder.path)) {
          _ = try Runner(experiment, in: folder) { _ in }
        }
        _ = first
      }
    }
  }

  // MARK: Helpers

  /// Checks that a folder holds what a run leaves that was never stopped, once `body` has run there.
  private func expectSameBits(
    _ settings: [String] = [], _ body: (Experiment, RunFolder) throws -> Void
  ) throws {
    try withCompute {
      try withTinyCache { cache in
        let experiment = try tinyExperiment(Self.settings + settings, cache: cache)
        let whole = try RunFolder(creating: "\(cache)/whole")
        try resume(experiment, in: whole)
        let folder = try RunFolder(creating: "\(cache)/run")
        try body(experiment, folder)
        #expect(try results(folder) == results(whole))
      }
    }
  }

  /// Starts or continues a run to its end, and returns the notices.
  @discardableResult
  private func resume(_ experiment: Experiment, in folder: RunFolder) throws -> [String] {
    var notices: [String] = []
    _ = try Runner(experiment, in: folder) { event in
      if case .notice(let text) = event { notices.append(text) }
    }.run()
    return notices
  }

  /// Everything that a run leaves and that must not depend on how it went.
  private func results(_ folder: RunFolder) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let pairs = try names.filter { $0 != "timing.jsonl" }.map {
      ($0, try Data(contentsOf: URL(filePath: "\(folder.path)/\($0)")))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  private func run(
    _ experiment: Experiment, in folder: RunFolder, stoppingAfter count: Int
  ) throws {
    var events = 0
    try run(experiment, in: folder) { _ in
      events += 1
      return events == count
    }
  }

  private func run(
    _ experiment: Experiment, in folder: RunFolder, stoppingAfterSteps count: Int
  ) throws {
    var steps = 0
    try run(experiment, in: folder) { event in
      if case .progress(_, let detail) = event, !detail.isEmpty { steps += 1 }
      return steps == count
    }
  }

  /// Runs until the run ends or is stopped, at the event for which `stops` is true.
  private func run(
    _ experiment: Experiment, in folder: RunFolder, until stops: (RunEvent) -> Bool
  ) throws {
    let interruption = Interruption()
    try withoutActuallyEscaping(stops) { stops in
      do {
        _ = try Runner(experiment, in: folder, interruption: interruption) { event in
          if stops(event) { interruption.request() }
        }.run()
      } catch is RunInterrupted {}
    }
  }

  /// Flips a bit in the middle of a file.
  private func damage(_ path: String) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: URL(filePath: path))
  }
}

import BearLabCore
import BearLabLanguageModel
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// What is predicted of a run's memory, against what the run does.
@Suite struct RunPlanTests {
  /// The tokens of the largest step are those that the trainer counts.
  @Test(arguments: [0, 3])
  func rowsAreThoseOfTheLargestMicroBatch(microBatch: Int) throws {
    try withTinyCache { cache in
      let settings = ["training.samples=40", "training.micro-batch=\(microBatch)"]
      let experiment = try tinyExperiment(settings, cache: cache)
      let planned = try stages(of: experiment, cache: cache).first { $0.name == "training" }
      let trainer = try experiment.makeTrainer()
      let samples = try experiment.trainingWindows.map { try experiment.sample($0) }
      let sizes = try trainer.batches(sampleCount: 40, epoch: 0).flatMap { batch in
        try stride(from: 0, to: batch.count, by: microBatch == 0 ? 8 : microBatch).map { start in
          let part = batch[start..<min(start + (microBatch == 0 ? 8 : microBatch), batch.count)]
          return try withCompute { try trainer.step(part.map { samples[$0] }).tokens }
        }
      }
      #expect(planned?.rows == sizes.max())
    }
  }

  /// The prompts are counted exactly, the beams about: 2.5 times too many of them here, where the
  /// catalogue is small.
  @Test func decodingHasThePromptsAndTheBeams() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(
        ["evaluation.batch-size=5", "evaluation.users=5", "training.epochs=0"], cache: cache)
      let stages = try stages(of: experiment, cache: cache)
      #expect(stages.map(\.name) == ["loading", "decoding"])
      let prompts = try experiment.testWindows.map {
        try experiment.prompt($0, stage: .inference).elements
      }
      var scorer = LanguageModelScorer(
        model: experiment.loaded.model, adapter: nil, trie: experiment.trie,
        constraint: experiment.constraint, prompts: prompts)
      let promptNodes = scorer.nodeCount
      _ = try withCompute {
        try experiment.decoder.search(prompts: 5, in: experiment.trie, scorer: &scorer)
      }
      let beams = Double(stages[1].rows - promptNodes) / Double(scorer.nodeCount - promptNodes)
      #expect(beams > 0.5 && beams < 4, "\(beams)")
    }
  }

  /// Their tokens behind the prompt, and the rows in front of them.
  @Test func trainingHasTheNegatives() throws {
    try withTinyCache { cache in
      let rows = try ["sft", "dpo", "s-dpo"].map { objective in
        let experiment = try tinyExperiment(
          ["objective=\(objective)"] + (objective == "s-dpo" ? ["objective.negatives=6"] : []),
          cache: cache)
        let stage = try #require(
          try stages(of: experiment, cache: cache).first { $0.name == "training" })
        return stage.rows
      }
      #expect(rows[0] < rows[1] && rows[1] < rows[2], "\(rows)")
    }
  }

  @Test func theParametersOfALargeModelAreCounted() throws {
    let shape = LanguageModelShape(
      layerCount: 16, width: 2048, feedForwardWidth: 8192, headCount: 32, kvHeadCount: 8,
      headWidth: 64, vocabularySize: 128_256, contextLength: 131_072, normEpsilon: 1e-5,
      ropeTheta: 5e5)
    func plan(_ rows: Int, _ settings: [String] = []) throws -> RunPlan {
      try RunPlan(
        shape: shape, tiedHead: true, rows: rows,
        description: describe(["precision=f32"] + settings))
    }
    let (small, large) = try (plan(1000), plan(2000))
    #expect(small.stages.map(\.name) == ["training"])
    #expect(small.stages[0].memory.weightBytes >= 4 * 1_235_814_400)
    #expect(
      large.stages[0].memory.activationBytes == 2 * small.stages[0].memory.activationBytes)
    #expect(small.peakBytes > small.stages[0].memory.peakBytes && small.peakBytes < large.peakBytes)
    let wide = try plan(1000, ["lora.rank=16"]).stages[0].memory
    #expect(wide.adapterBytes == 2 * small.stages[0].memory.adapterBytes)
    let limited = try plan(2000, ["memory-limit=\(large.peakBytes - (1 << 30))"])
    #expect(limited.stages[0].memory.recomputedLayers > 0)
    #expect(limited.peakBytes <= large.peakBytes - (1 << 30))
    #expect(throws: LanguageModelError.self) { _ = try plan(2000, ["memory-limit=1G"]) }
  }

  /// Before a line is written, not at the step whose batch is too large.
  @Test func aLimitThatCannotBeKeptEndsARunAtItsStart() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(["memory-limit=1M"], cache: cache)
      let folder = try RunFolder(creating: "\(cache)/run")
      #expect(throws: LanguageModelError.self) { _ = try Runner(experiment, in: folder) { _ in } }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test func textAndJSONSayTheSame() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(["memory-limit=3G"], cache: cache)
      let plan = try RunPlan(
        experiment.description, registry: .builtin(), resources: ResourceLocator(cache: cache))
      let parsed = try JSONSerialization.jsonObject(with: Data(plan.json().utf8))
      let json = try #require(parsed as? [String: Any])
      #expect(json["peak_bytes"] as? Int == plan.peakBytes)
      #expect(json["limit_bytes"] as? Int == 3 << 30 && json["precision"] as? String == "f32")
      let stages = try #require(json["stages"] as? [String: [String: Int]])
      #expect(stages.keys.sorted() == ["decoding", "loading", "training"])
      #expect(stages.values.compactMap { $0["peak_bytes"] }.max() == plan.peakBytes)
      #expect(plan.text.hasPrefix("| memory, f32 "))
      #expect(plan.text.contains("\nlimit 3.0 GiB; this machine has "))
      #expect(experiment.loaded.model.memoryLimit == 3 << 30)
    }
  }

  @Test(arguments: [
    ("0", 0), ("123", 123), ("2K", 2048), ("500M", 500 << 20), ("4G", 4 << 30), ("1t", 1 << 40),
  ])
  func bytesAreRead(text: String, bytes: Int) throws {
    #expect(try describe(["memory-limit=\(text)"]).memoryLimit == bytes)
  }

  @Test(arguments: ["", "G", "4X", "-1G", "1.5G", "9999999999G", "4 G"])
  func malformedBytesAreRefused(text: String) throws {
    let error = try #require(throws: ParameterError.self) {
      _ = try describe(["memory-limit=\(text)"])
    }
    #expect(error.remedy == "give a number of bytes, such as 500M or 4G")
  }

  private func stages(of experiment: Experiment, cache: String) throws -> [RunPlan.Stage] {
    try RunPlan(
      experiment.description, registry: .builtin(), resources: ResourceLocator(cache: cache)
    ).stages
  }
}

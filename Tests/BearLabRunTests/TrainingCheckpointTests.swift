import BearLabCheckpoint
import BearLabNN
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

@Suite struct TrainingCheckpointTests {
  @Test func weightsMomentsAndPositionAreKept() throws {
    try withTinyCache { cache in
      let trainer = try tinyExperiment(cache: cache).makeTrainer()
      fill(trainer.adapter)
      let path = "\(cache)/checkpoint.h5"
      try TrainingCheckpoint.write(trainer, context(epoch: 3), to: path)

      let other = try tinyExperiment(["seed=7"], cache: cache).makeTrainer().adapter
      try TrainingCheckpoint(readingFrom: path).restore(other, nil)
      #expect(other.parameters.map(\.name) == trainer.adapter.parameters.map(\.name))
      #expect(
        other.parameters.map(\.tensor.scalars) == trainer.adapter.parameters.map(\.tensor.scalars))

      let file = try CheckpointFile(readingFrom: path)
      let expected: [String: CheckpointFile.AttributeValue] = [
        "version": .integer(1), "settings": .text("seed: 42\n"), "seed": .text("42"),
        "step": .integer(0), "epoch": .integer(3), "metrics-bytes": .integer(17),
        "best-epoch": .integer(2), "best-ndcg-10": .real(0.25),
      ]
      #expect(file.attributes == expected)
      #expect(file.tensors["/lora/1/v_proj/B"]?.shape == [16, 8])
      #expect(file.tensors["/optimizer/0/q_proj/A/first"]?.shape == [8, 32])
      #expect(file.tensors["/optimizer/0/q_proj/A/second"]?.shape == [8, 32])
      #expect(file.tensors.count == 3 * trainer.adapter.parameters.count)
    }
  }

  @Test(arguments: [
    ("lora.rank=4", "/lora/0/q_proj/A", "has shape [8, 32], not [4, 32]"),
    ("lora.targets=all", "/lora/0/k_proj/A", "is missing"),
  ])
  func foreignCheckpointsAreRefused(setting: String, tensor: String, reason: String) throws {
    try withTinyCache { cache in
      let path = "\(cache)/checkpoint.h5"
      try TrainingCheckpoint.write(
        tinyExperiment(cache: cache).makeTrainer(), context(epoch: 1), to: path)
      let other = try tinyExperiment([setting], cache: cache).makeTrainer().adapter
      #expect(
        throws: RunFolderError.foreignCheckpoint(path: path, tensor: tensor, reason: reason)
      ) { try TrainingCheckpoint(readingFrom: path).restore(other, nil) }
    }
  }

  /// Reading a part of what was trained would measure a model that nobody trained.
  @Test func moreThanTheAdapterHasIsRefused() throws {
    try withTinyCache { cache in
      let path = "\(cache)/checkpoint.h5"
      let all = try tinyExperiment(["lora.targets=all"], cache: cache).makeTrainer()
      try TrainingCheckpoint.write(all, context(epoch: 1), to: path)
      let some = try tinyExperiment(cache: cache).makeTrainer().adapter
      let error = try #require(throws: RunFolderError.self) {
        try TrainingCheckpoint(readingFrom: path).restore(some, nil)
      }
      #expect(error.description.contains("/lora/0/down_proj/A is there, but LoRA is not put"))
    }
  }

  @Test func whatIsNoCheckpointIsRefused() throws {
    try withTinyCache { cache in
      #expect(throws: CheckpointError.self) {
        _ = try TrainingCheckpoint(readingFrom: "\(cache)/datasets/tiny/train.csv")
      }
      #expect(throws: CheckpointError.self) {
        _ = try TrainingCheckpoint(readingFrom: "\(cache)/none.h5")
      }
    }
  }

  private func context(epoch: Int) -> TrainingCheckpoint.Context {
    TrainingCheckpoint.Context(
      settings: "seed: 42\n", seed: 42, epoch: epoch, metricsLength: 17, best: (2, 0.25))
  }

  private func fill(_ adapter: LoRAAdapter) {
    var random = SeededGenerator(5)
    for (_, tensor) in adapter.parameters {
      tensor.replace(
        with: (0..<tensor.scalars.count).map { _ in Float.random(in: -1...1, using: &random) })
    }
  }
}

import BearLabCore
import BearLabLanguageModel
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// `bench shape` on a model of a few thousand weights.
@Suite struct ShapeBenchTests {
  private static let shape = LanguageModelShape(
    layerCount: 2, width: 32, feedForwardWidth: 64, headCount: 4, kvHeadCount: 2, headWidth: 8,
    vocabularySize: 50, contextLength: 40, normEpsilon: 1e-5, ropeTheta: 1e4)

  /// Two samples a step, of 9 shared tokens, 11 of their own and 6 of the answer; behind the last
  /// of them nothing is asked for.
  @Test(arguments: ["bear", "sft"])
  func stepsHaveTheTokensThatWereAskedFor(objective: String) throws {
    var seconds: [Double] = [0, 4, 4, 5, 5, 13]
    let sizes = try ShapeBench.Sizes(
      promptTokens: 20, answerTokens: 6, sharedTokens: 9, batchSize: 2, steps: 3)
    let bench = ShapeBench(
      shape: Self.shape, tiedHead: true, sizes: sizes,
      description: try describe(["objective=\(objective)", "precision=f32"]),
      registry: try .builtin()
    ) { .seconds(seconds.removeFirst()) }
    let report = try withCompute { try bench.run() }
    #expect(report.batches.map(\.computedTokens) == [41, 41, 41])
    #expect(report.secondsPerRow == 2 && report.meanTokens == 26 && seconds.isEmpty)
    // JSONSerialization is off by a unit in the last place of two numbers in three.
    let json = try JSONDecoder().decode([String: JSONScalar].self, from: Data(report.json().utf8))
    let (predicted, measured) = (json["predicted_bytes"]?.number, json["peak_bytes"]?.number)
    #expect(
      try #require(json["predicted_to_measured"]?.number)
        == #require(predicted) / #require(measured))
    #expect(report.text.contains("\npredicted to measured "))
    #expect(json["layers"]?.number == 2 && json["objective"]?.description == objective)
  }

  @Test func everyTokenOfAnAnswerIsAChoice() throws {
    let sizes = try ShapeBench.Sizes(
      promptTokens: 3, answerTokens: 5, sharedTokens: 0, batchSize: 70, steps: 1)
    for vocabularySize in [2, 3, 50, 1000] {
      let data = try SyntheticAnswers(sizes, vocabularySize: vocabularySize, seed: 1)
      for sample in data.samples(ofStep: 1) {
        let title = try #require(sample.answers[0].title)
        let path = data.trie.path(to: data.trie.leaf(of: title))
        #expect(path.count == 5 && sample.prompt.elements.count == 3)
        for node in path {
          let parent = try #require(data.trie.parent(of: node))
          #expect(data.trie.children(of: parent).count > 1)
          #expect((0..<Int32(vocabularySize)).contains(data.trie.token(of: node)))
        }
      }
      #expect(
        data.samples(ofStep: 1)[0].prompt.elements
          != data.samples(ofStep: 0)[0].prompt.elements)
    }
  }

  @Test func sizesThatMakeNoStepAreRefused() {
    for (prompt, shared, batch, name) in [
      (0, 0, 1, "prompt-tokens"), (5, 6, 1, "shared-tokens"),
      (5, 5, 0, "batch-size"),
    ] {
      let error = #expect(throws: BenchError.self) {
        _ = try ShapeBench.Sizes(
          promptTokens: prompt, answerTokens: 1, sharedTokens: shared, batchSize: batch, steps: 1)
      }
      #expect(error?.description.hasPrefix("--\(name) cannot be ") == true)
    }
  }

  @Test func aLimitThatCannotBeKeptIsRefusedBeforeAnythingIsDrawn() throws {
    let bench = ShapeBench(
      shape: Self.shape, tiedHead: true,
      sizes: try ShapeBench.Sizes(
        promptTokens: 20, answerTokens: 6, sharedTokens: 9, batchSize: 2, steps: 1),
      description: try describe(["memory-limit=1M", "precision=f32"]), registry: try .builtin())
    var seen: [String] = []
    #expect(throws: LanguageModelError.self) {
      try withCompute { _ = try bench.run { seen.append($0) } }
    }
    #expect(seen.isEmpty)
  }
}

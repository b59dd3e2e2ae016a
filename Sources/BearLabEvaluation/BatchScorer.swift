internal import BearLabCore
internal import BearLabLanguageModel

/// A scorer that serves one batch of windows after another, and the vectors of their slots.
struct BatchScorer {
  var scorer: LanguageModelScorer
  private var vectors: SlotVectors?
  private let stage: PromptStage
  private let evaluator: Evaluator
  private var count = 0

  init(_ evaluator: Evaluator, _ weights: TrainedWeights) {
    scorer = LanguageModelScorer(
      model: evaluator.model, adapter: weights.adapter, trie: evaluator.trie,
      constraint: evaluator.constraint, prompts: [])
    vectors = weights.injector.map { SlotVectors($0) }
    stage = weights.isTrained ? .inference : .inference.textOnly
    self.evaluator = evaluator
  }

  mutating func restart(_ windows: [Window]) throws {
    let prompts = try windows.map { try evaluator.prompt($0, stage) }
    scorer.restart(
      prompts: prompts.map(\.elements), injected: try vectors?.injected(for: prompts))
    scorer.recommender = evaluator.titleScores(behind: windows)
    count = windows.count
  }

  /// The decoder's lists for the windows in use.
  mutating func lists() throws -> [[RankedAnswer]] {
    try evaluator.decoder.search(prompts: count, in: evaluator.trie, scorer: &scorer)
  }
}

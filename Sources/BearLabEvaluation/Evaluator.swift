public import BearLabCore
public import BearLabLanguageModel
public import BearLabNN

/// Ranks titles for windows with a language model, over the whole catalogue.
public struct Evaluator {
  private let model: LanguageModel
  private let trie: ItemTrie
  private let catalogue: Catalogue
  private let decoder: any Decoder
  private let constraint: ConstraintMode
  private let prompt: (Window) throws -> [TokenForest.Element]
  /// Users whose beams advance together.
  private let batchSize: Int

  /// Creates an evaluator.
  ///
  /// - Parameters:
  ///   - model: the frozen language model.
  ///   - trie: the titles' tokens, as the backbone writes answers.
  ///   - catalogue: what item ids and title numbers mean.
  ///   - decoder: what searches the trie.
  ///   - constraint: where the decoder's constraint comes, relative to the soft-max.
  ///   - batchSize: users whose beams advance together; only time and memory depend on it.
  ///   - prompt: the tokens of a window's prompt.
  public init(
    model: LanguageModel, trie: ItemTrie, catalogue: Catalogue, decoder: any Decoder,
    constraint: ConstraintMode, batchSize: Int = 16,
    prompt: @escaping (Window) throws -> [TokenForest.Element]
  ) {
    self.model = model
    self.trie = trie
    self.catalogue = catalogue
    self.decoder = decoder
    self.constraint = constraint
    self.batchSize = batchSize
    self.prompt = prompt
  }

  /// Evaluates some windows.
  ///
  /// - Parameters:
  ///   - windows: what is ranked for, and the right answers.
  ///   - adapter: the LoRA weights; nil for the base model.
  ///   - progress: told how many windows are done.
  /// - Returns: a row for each window, in order.
  /// - Throws: what prompt, model and decoder throw, such as a prompt longer than the context.
  public func evaluate(
    _ windows: [Window], adapter: LoRAAdapter?, progress: (Int) throws -> Void = { _ in }
  ) throws -> Evaluation {
    var rows: [Evaluation.Row] = []
    for start in stride(from: 0, to: windows.count, by: batchSize) {
      let batch = Array(windows[start..<min(start + batchSize, windows.count)])
      rows += try evaluate(batch: batch, adapter: adapter)
      try progress(rows.count)
    }
    return Evaluation(rows: rows)
  }

  private func evaluate(batch: [Window], adapter: LoRAAdapter?) throws -> [Evaluation.Row] {
    let targets = batch.map { catalogue.titleNumber(of: $0.target) }
    // The item NLL is under the constrained soft-max whatever the decoder's constraint is; both
    // share the keys and values of the prompts.
    var scorer = LanguageModelScorer(
      model: model, adapter: adapter, trie: trie, constraint: .before,
      prompts: try batch.map(prompt))
    let losses = try scorer.negativeLogLikelihoods(of: targets)
    scorer.constraint = constraint
    let lists = try decoder.search(prompts: batch.count, in: trie, scorer: &scorer)
    return batch.indices.map { index in
      Evaluation.Row(
        window: batch[index], target: targets[index], ranked: lists[index],
        negativeLogLikelihood: losses[index])
    }
  }
}

/// The ranked lists of some windows, and what they are worth.
public struct Evaluation: Sendable {
  /// One window's list.
  public struct Row: Sendable {
    public let window: Window
    /// The title number of the right answer.
    public let target: Int
    /// Best first.
    public let ranked: [RankedAnswer]
    /// −log P(title | prompt) under the constrained soft-max, in nats; nil where the ranking is
    /// not a language model's.
    public let negativeLogLikelihood: Float?

    /// Creates a row.
    public init(
      window: Window, target: Int, ranked: [RankedAnswer], negativeLogLikelihood: Float?
    ) {
      self.window = window
      self.target = target
      self.ranked = ranked
      self.negativeLogLikelihood = negativeLogLikelihood
    }

    /// The place of the right answer from 0, or nil where the list lacks it.
    public var rank: Int? { RankingMetrics.rank(of: target, in: ranked.map(\.title)) }
  }

  public let rows: [Row]
  /// The ranks of all rows.
  public let ranking: RankingSummary

  /// Takes the rows.
  public init(rows: [Row]) {
    self.rows = rows
    ranking = RankingSummary(ranks: rows.map(\.rank))
  }

  /// The mean −log P of the right title, in nats; nil where a row has none.
  public var itemNLL: Double? {
    let losses = rows.compactMap(\.negativeLogLikelihood)
    guard losses.count == rows.count, !rows.isEmpty else { return nil }
    return losses.reduce(0.0) { $0 + Double($1) } / Double(losses.count)
  }
}

extension Evaluation {
  /// Ranks the distinct titles by a recommender's scores; a title's score is its best item's.
  ///
  /// Ties go to the title that comes first in byte order.
  ///
  /// - Parameters:
  ///   - windows: what is ranked for, and the right answers.
  ///   - recommender: a trained recommender.
  ///   - catalogue: what item ids and title numbers mean.
  ///   - length: the length of the lists.
  /// - Throws: what the recommender throws.
  public init(
    _ windows: [Window], by recommender: any Recommender, catalogue: Catalogue, length: Int
  ) throws {
    let order = catalogue.titles.indices.sorted { first, second in
      catalogue.titles[first].utf8.lexicographicallyPrecedes(catalogue.titles[second].utf8)
    }
    var place = [Int](repeating: 0, count: order.count)
    for (position, title) in order.enumerated() { place[title] = position }
    self.init(
      rows: try windows.map { window in
        let scores = try recommender.scores(history: window.history)
        let ranked = catalogue.titles.indices
          .map { title in
            let best = catalogue.items(withTitle: title).map { scores[$0 - 1] }.max() ?? 0
            return ScoredTitle(title: title, score: best)
          }
          .sorted { ($1.score, place[$0.title]) < ($0.score, place[$1.title]) }
        return Row(
          window: window, target: catalogue.titleNumber(of: window.target),
          ranked: ranked.prefix(length).map(RankedAnswer.init), negativeLogLikelihood: nil)
      })
  }
}

public import BearLabCore
public import BearLabLanguageModel
public import BearLabNN

/// Ranks titles for windows with a language model, over the whole catalogue.
public struct Evaluator {
  private let model: LanguageModel
  private let trie: ItemTrie
  private let matcher: TitleMatcher
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
  ///   - matcher: what judges the answers.
  ///   - decoder: what searches the trie.
  ///   - constraint: where the decoder's constraint comes, relative to the soft-max.
  ///   - batchSize: users whose beams advance together; only time and memory depend on it.
  ///   - prompt: the tokens of a window's prompt.
  public init(
    model: LanguageModel, trie: ItemTrie, matcher: TitleMatcher, decoder: any Decoder,
    constraint: ConstraintMode, batchSize: Int = 16,
    prompt: @escaping (Window) throws -> [TokenForest.Element]
  ) {
    self.model = model
    self.trie = trie
    self.matcher = matcher
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
    // One for all batches, so that what all prompts begin with is computed once.
    var scorer = LanguageModelScorer(
      model: model, adapter: adapter, trie: trie, constraint: constraint, prompts: [])
    var rows: [Evaluation.Row] = []
    for start in stride(from: 0, to: windows.count, by: batchSize) {
      let batch = Array(windows[start..<min(start + batchSize, windows.count)])
      rows += try evaluate(batch: batch, with: &scorer)
      try progress(rows.count)
    }
    return Evaluation(rows: rows)
  }

  private func evaluate(
    batch: [Window], with scorer: inout LanguageModelScorer
  ) throws -> [Evaluation.Row] {
    let targets = batch.map { matcher.catalogue.titleNumber(of: $0.target) }
    // The item NLL is under the constrained soft-max whatever the decoder's constraint is; both
    // share the keys and values of the prompts.
    scorer.restart(prompts: try batch.map(prompt))
    scorer.constraint = .before
    let losses = try scorer.negativeLogLikelihoods(of: targets)
    scorer.constraint = constraint
    let lists = try decoder.search(prompts: batch.count, in: trie, scorer: &scorer)
    return batch.indices.map { index in
      matcher.row(
        batch[index], ranked: lists[index], negativeLogLikelihood: losses[index])
    }
  }

  /// Recommends behind a history.
  ///
  /// - Parameters:
  ///   - history: item ids, oldest first; at least one.
  ///   - adapter: the LoRA weights; nil for the base model.
  /// - Returns: the answers, best first.
  /// - Throws: as ``evaluate(_:adapter:progress:)``.
  public func answers(behind history: [Int], adapter: LoRAAdapter?) throws -> [RankedAnswer] {
    precondition(!history.isEmpty, "a history without items")
    // Prompts are a function of the history alone, so that any target does.
    let window = Window(user: 0, history: history, target: history[0], timestamp: 0)
    var scorer = LanguageModelScorer(
      model: model, adapter: adapter, trie: trie, constraint: constraint,
      prompts: [try prompt(window)])
    return try decoder.search(prompts: 1, in: trie, scorer: &scorer).joined()
      .map(matcher.resolved)
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
    /// Whether the target's title is in training, in a history or as a target.
    public let isSeen: Bool
    /// The place of the right answer from 0, or nil where the list lacks it.
    public let rank: Int?

    /// Creates a row.
    public init(
      window: Window, target: Int, ranked: [RankedAnswer], negativeLogLikelihood: Float?,
      isSeen: Bool, rank: Int?
    ) {
      self.window = window
      self.target = target
      self.ranked = ranked
      self.negativeLogLikelihood = negativeLogLikelihood
      self.isSeen = isSeen
      self.rank = rank
    }
  }

  public let rows: [Row]
  /// The ranks of all rows.
  public let ranking: RankingSummary

  /// Takes the rows.
  public init(rows: [Row]) {
    self.rows = rows
    ranking = RankingSummary(ranks: rows.map(\.rank))
  }

  /// The ranks of the rows whose target was seen in training, or of those whose was not.
  public func ranking(seen: Bool) -> RankingSummary {
    RankingSummary(ranks: rows.filter { $0.isSeen == seen }.map(\.rank))
  }

  /// The share of all answers that are titles of the catalogue; nil where there is no answer.
  public var validShare: Double? {
    let answers = rows.flatMap(\.ranked)
    guard !answers.isEmpty else { return nil }
    return Double(answers.count { $0.title != nil }) / Double(answers.count)
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
  /// Ties go to the title that comes first in byte order. No text is decoded, so a hit is the
  /// target's title whatever the matcher says of texts.
  ///
  /// - Parameters:
  ///   - windows: what is ranked for, and the right answers.
  ///   - recommender: a trained recommender.
  ///   - matcher: what item ids and title numbers mean, and which titles were seen.
  ///   - length: the length of the lists.
  /// - Throws: what the recommender throws.
  public init(
    _ windows: [Window], by recommender: any FittedRecommender, matcher: TitleMatcher, length: Int
  ) throws {
    let catalogue = matcher.catalogue
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
          .prefix(length)
        let target = catalogue.titleNumber(of: window.target)
        return Row(
          window: window, target: target, ranked: ranked.map(RankedAnswer.init),
          negativeLogLikelihood: nil, isSeen: matcher.isSeen(target),
          rank: RankingMetrics.rank(of: target, in: ranked.map(\.title)))
      })
  }
}

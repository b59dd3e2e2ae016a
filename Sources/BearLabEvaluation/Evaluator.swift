public import BearLabCore
public import BearLabLanguageModel
public import BearLabNN

/// Ranks titles for windows with a language model, over the whole catalogue.
public struct Evaluator {
  let model: LanguageModel
  let trie: ItemTrie
  let matcher: TitleMatcher
  let decoder: any Decoder
  let recommender: (any FittedRecommender)?
  let constraint: ConstraintMode
  let prompt: (Window, PromptStage) throws -> EncodedPrompt
  /// Users whose beams advance together.
  let batchSize: Int

  /// Creates an evaluator.
  ///
  /// - Parameters:
  ///   - model: the frozen language model.
  ///   - trie: the titles' tokens, as the backbone writes answers.
  ///   - matcher: what judges the answers.
  ///   - decoder: what searches the trie.
  ///   - context: what the decoder is told before it searches.
  ///   - recommender: whose scores the decoder may ask for.
  ///   - constraint: where the decoder's constraint comes, relative to the soft-max.
  ///   - batchSize: users whose beams advance together; only time and memory depend on it.
  ///   - prompt: a window's prompt in tokens.
  /// - Throws: what the decoder throws when it is told the context.
  public init(
    model: LanguageModel, trie: ItemTrie, matcher: TitleMatcher, decoder: any Decoder,
    context: DecoderContext, recommender: (any FittedRecommender)? = nil,
    constraint: ConstraintMode, batchSize: Int = 16,
    prompt: @escaping (Window, PromptStage) throws -> EncodedPrompt
  ) throws {
    // What it is told does not depend on what is evaluated: once for all evaluations.
    var decoder = decoder
    var scorer = LanguageModelScorer(
      model: model, adapter: nil, trie: trie, constraint: constraint, prompts: [])
    try decoder.prepare(context, scorer: &scorer)
    self.model = model
    self.trie = trie
    self.matcher = matcher
    self.decoder = decoder
    self.recommender = recommender
    self.constraint = constraint
    self.batchSize = batchSize
    self.prompt = prompt
  }

  /// Evaluates some windows.
  ///
  /// - Parameters:
  ///   - windows: what is ranked for, and the right answers.
  ///   - weights: what was trained; none for the base model.
  ///   - progress: told how many windows are done.
  /// - Returns: a row for each window, in order.
  /// - Throws: what prompt, model and decoder throw, such as a prompt longer than the context.
  public func evaluate(
    _ windows: [Window], weights: TrainedWeights, progress: (Int) throws -> Void = { _ in }
  ) throws -> Evaluation {
    // One for all batches, so that what all prompts begin with is computed once.
    var scorer = BatchScorer(self, weights)
    var rows: [Evaluation.Row] = []
    for start in stride(from: 0, to: windows.count, by: batchSize) {
      let batch = Array(windows[start..<min(start + batchSize, windows.count)])
      rows += try evaluate(batch: batch, with: &scorer)
      try progress(rows.count)
    }
    return Evaluation(rows: rows)
  }

  /// The decoder's lists behind some windows, without figures.
  ///
  /// - Parameters:
  ///   - windows: what is ranked for.
  ///   - weights: what was trained; none for the base model.
  ///   - progress: told how many windows are done.
  /// - Returns: a list for each window, in order.
  /// - Throws: as ``evaluate(_:weights:progress:)``.
  public func lists(
    _ windows: [Window], weights: TrainedWeights, progress: (Int) throws -> Void = { _ in }
  ) throws -> [[RankedAnswer]] {
    var scorer = BatchScorer(self, weights)
    var lists: [[RankedAnswer]] = []
    for start in stride(from: 0, to: windows.count, by: batchSize) {
      try scorer.restart(Array(windows[start..<min(start + batchSize, windows.count)]))
      lists += try scorer.lists()
      try progress(lists.count)
    }
    return lists
  }

  private func evaluate(
    batch: [Window], with batchScorer: inout BatchScorer
  ) throws -> [Evaluation.Row] {
    let targets = batch.map { matcher.catalogue.titleNumber(of: $0.target) }
    // The item NLL is under the constrained soft-max whatever the decoder's constraint is; both
    // share the keys and values of the prompts.
    try batchScorer.restart(batch)
    batchScorer.scorer.constraint = .before
    let losses = try batchScorer.scorer.negativeLogLikelihoods(of: targets)
    batchScorer.scorer.constraint = constraint
    let lists = try batchScorer.lists()
    return batch.indices.map { index in
      matcher.row(
        batch[index], ranked: lists[index], negativeLogLikelihood: losses[index])
    }
  }

  /// Recommends behind a history.
  ///
  /// - Parameters:
  ///   - history: item ids, oldest first; at least one.
  ///   - weights: what was trained; none for the base model.
  /// - Returns: the answers, best first.
  /// - Throws: as ``evaluate(_:weights:progress:)``.
  public func answers(behind history: [Int], weights: TrainedWeights) throws -> [RankedAnswer] {
    precondition(!history.isEmpty, "a history without items")
    // Prompts are a function of the history alone, so that any target does.
    let window = Window(user: 0, history: history, target: history[0], timestamp: 0)
    var batchScorer = BatchScorer(self, weights)
    try batchScorer.restart([window])
    return try batchScorer.lists().joined().map(matcher.resolved)
  }

  /// The recommender's scores of all titles behind one of some windows.
  func titleScores(behind windows: [Window]) -> ((Int) throws -> [Float])? {
    recommender.map { [catalogue = matcher.catalogue] recommender in
      { prompt in
        catalogue.titleScores(ofItems: try recommender.scores(history: windows[prompt].history))
      }
    }
  }
}

/// What fine-tuning trains: LoRA, and what a backbone fills its slots with.
public struct TrainedWeights {
  /// Nil for the base model.
  public let adapter: LoRAAdapter?
  /// Nil for a backbone without slots.
  public let injector: (any Injector)?
  /// Whether the injector's vectors mean something; otherwise prompts do without them.
  public let isTrained: Bool

  /// Weights after some training.
  public init(adapter: LoRAAdapter?, injector: (any Injector)? = nil) {
    self.init(adapter: adapter, injector: injector, isTrained: true)
  }

  private init(adapter: LoRAAdapter?, injector: (any Injector)?, isTrained: Bool) {
    self.adapter = adapter
    self.injector = injector
    self.isTrained = isTrained
  }

  /// The model before any training, with an adapter that comes with it, if any; the injector gives
  /// placeholders only.
  public static func none(
    adapter: LoRAAdapter? = nil, injector: (any Injector)? = nil
  ) -> TrainedWeights {
    TrainedWeights(adapter: adapter, injector: injector, isTrained: false)
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
    let place = catalogue.titlePlaces
    self.init(
      rows: try windows.map { window in
        let scores = catalogue.titleScores(
          ofItems: try recommender.scores(history: window.history))
        let ranked = scores.enumerated()
          .map { ScoredTitle(title: $0.offset, score: $0.element) }
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

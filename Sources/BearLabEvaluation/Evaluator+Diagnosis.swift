public import BearLabCore
internal import BearLabLanguageModel

extension Evaluator {
  /// Finds out which targets beam search loses, where, and whether they deserve a place.
  ///
  /// - Parameters:
  ///   - windows: what is ranked for, and the right answers.
  ///   - weights: what was trained; none for the base model.
  ///   - settings: what is compared with what; the decoder has no part in it.
  ///   - progress: told how many windows are done.
  /// - Returns: a row for each window, in order.
  /// - Throws: what prompt and model throw, such as a prompt longer than the context.
  public func diagnose(
    _ windows: [Window], weights: TrainedWeights, settings: Diagnosis.Settings,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> Diagnosis {
    var batches = BatchScorer(self, weights)
    var rows: [Diagnosis.Row] = []
    for start in stride(from: 0, to: windows.count, by: batchSize) {
      let batch = Array(windows[start..<min(start + batchSize, windows.count)])
      try batches.restart(batch)
      rows += try Diagnoser(trie: trie, constraint: constraint, settings: settings)
        .rows(batch, catalogue: matcher.catalogue, scorer: &batches.scorer) {
          $0.constraint = $1
        }
      try progress(rows.count)
    }
    return Diagnosis(rows: rows, width: settings.width)
  }
}

/// Runs the searches that a diagnosis compares.
struct Diagnoser {
  let trie: ItemTrie
  /// Where the decoder's constraint comes.
  let constraint: ConstraintMode
  let settings: Diagnosis.Settings

  /// Diagnoses windows whose prompts the scorer has.
  ///
  /// - Parameters:
  ///   - windows: one a prompt, in their order.
  ///   - catalogue: what item ids and title numbers mean.
  ///   - scorer: its constraint is that of the decoder afterwards.
  ///   - setConstraint: changes the scorer's constraint.
  /// - Returns: a row for each window.
  /// - Throws: what the scorer throws.
  func rows<Scorer: PathScorer>(
    _ windows: [Window], catalogue: Catalogue, scorer: inout Scorer,
    setConstraint: (inout Scorer, ConstraintMode) -> Void
  ) throws -> [Diagnosis.Row] {
    let targets = windows.map { catalogue.titleNumber(of: $0.target) }
    setConstraint(&scorer, rankingConstraint)
    var ranks = targets.map { [free = scorer.forcedTokensAreFree] target in
      TitleRankSearch(
        of: target, in: trie, limit: settings.rankLimit, expansionLimit: settings.expansionLimit,
        forcedTokensAreFree: free)
    }
    try scorer.run(&ranks, in: trie)
    setConstraint(&scorer, constraint)
    var beams = targets.map {
      WatchedBeamSearch(of: $0, in: trie, width: width, tokenLimit: tokenLimit)
    }
    try scorer.run(&beams, in: trie)
    var pooled = targets.map { _ in
      PooledBeamSearch(
        in: trie, width: width, lengthPenalty: settings.lengthPenalty, tokenLimit: tokenLimit)
    }
    try scorer.run(&pooled, in: trie)
    return windows.indices.map { index in
      let (rank, trace, target) = (ranks[index], beams[index].trace, targets[index])
      let isListed = pooled[index].results.contains { $0.title == target }
      return Diagnosis.Row(
        window: windows[index], target: target, logProbability: rank.total, rank: rank.rank,
        isRankExact: rank.isExact, trace: trace, isDisplaced: trace.place != nil && !isListed)
    }
  }

  private var rankingConstraint: ConstraintMode {
    switch settings.softmax {
    case .asDecoded: constraint
    case .full: .after
    case .masked: .before
    }
  }

  private var width: Int { min(settings.width, max(trie.titleCount, 1)) }

  private var tokenLimit: Int {
    settings.tokenLimit == 0 ? trie.maximumDepth : settings.tokenLimit
  }
}

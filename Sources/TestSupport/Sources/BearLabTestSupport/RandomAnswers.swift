public import BearLabCore
public import BearLabTensor

/// Random answers of some samples, and batches of them from logits.
///
/// Every second row or so is forced (one allowed token), as in a real item trie.
public struct RandomAnswers {
  /// `[rows]`: the token that each row predicts.
  public let targets: [Int32]
  /// `[rows]`: the allowed tokens of each row, ascending.
  public let allowed: [[Int32]]
  /// Those of a sample together, the positive one first.
  public let answers: [AnswerBatch.Answer]
  /// The number of columns of the logits.
  public let vocabulary: Int
  private let beamThresholds: [Float]?
  /// `[rows, vocabulary]`, a constant.
  private let historyFree: [Float]?

  /// Creates random answers of up to `longest` tokens each, as many for a sample as `needs` says.
  public init(
    samples: Int, needs: ObjectiveNeeds, vocabulary: Int = 24, forced: Bool = false,
    longest: Int = 6, using random: inout SeededGenerator
  ) {
    var allowed: [[Int32]] = []
    var answers: [AnswerBatch.Answer] = []
    for sample in 0..<samples {
      for number in 0...(needs.negatives?.count ?? 0) {
        let first = allowed.count
        for _ in 0..<Int.random(in: 1...longest, using: &random) {
          let isForced = forced || Bool.random(using: &random)
          let count = isForced ? 1 : Int.random(in: 2...vocabulary - 2, using: &random)
          let tokens = Array(Int32(0)..<Int32(vocabulary)).shuffled(using: &random)
          allowed.append(tokens.prefix(count).sorted())
        }
        answers.append(
          AnswerBatch.Answer(
            sample: sample, title: answers.count, role: number == 0 ? .positive : .negative,
            rows: first..<allowed.count,
            referenceLogProbability: needs.reference == nil
              ? nil : Float.random(in: -20 ... -1, using: &random),
            recommenderScore: needs.recommender ? Float.random(in: -3...3, using: &random) : nil))
      }
    }
    targets = allowed.map { $0[Int.random(in: $0.indices, using: &random)] }
    self.allowed = allowed
    self.answers = answers
    self.vocabulary = vocabulary
    beamThresholds =
      needs.beamWidth == nil ? nil : targets.map { _ in Float.random(in: -12...0, using: &random) }
    historyFree =
      needs.historyFree
      ? (0..<targets.count * vocabulary).map { _ in Float.random(in: -3...3, using: &random) } : nil
  }

  /// Random logits of a right shape, `[rows, vocabulary]`.
  public func logits(using random: inout SeededGenerator) -> Tensor {
    Tensor(
      (0..<targets.count * vocabulary).map { _ in Float.random(in: -3...3, using: &random) },
      shape: [targets.count, vocabulary])
  }

  /// The batch of all samples, from logits `[rows, vocabulary]`.
  public func batch(_ logits: Tensor) throws -> AnswerBatch {
    try batch(logits, rows: Array(targets.indices), answers: answers)
  }

  /// The batch of some samples in some order.
  public func batch(_ logits: Tensor, samples: [Int]) throws -> AnswerBatch {
    var rows: [Int] = []
    var chosen: [AnswerBatch.Answer] = []
    for (place, sample) in samples.enumerated() {
      for answer in answers where answer.sample == sample {
        chosen.append(
          AnswerBatch.Answer(
            sample: place, title: answer.title, role: answer.role,
            rows: rows.count..<rows.count + answer.rows.count,
            referenceLogProbability: answer.referenceLogProbability,
            recommenderScore: answer.recommenderScore))
        rows += answer.rows
      }
    }
    return try batch(logits.rows(at: rows), rows: rows, answers: chosen)
  }

  private func batch(
    _ logits: Tensor, rows: [Int], answers: [AnswerBatch.Answer]
  ) throws -> AnswerBatch {
    let historyFree = historyFree.map {
      Tensor($0, shape: [targets.count, vocabulary]).rows(at: rows)
    }
    return try AnswerBatch(
      logits: logits, targets: rows.map { targets[$0] }, allowed: rows.map { allowed[$0] },
      answers: answers, historyFree: historyFree,
      beamThresholds: beamThresholds.map { all in rows.map { all[$0] } })
  }

  /// The rows with one allowed token.
  public var forcedRows: [Int] { allowed.indices.filter { allowed[$0].count == 1 } }
}

extension RandomAnswers {
  /// What an objective is told before training on such answers.
  ///
  /// - Parameters:
  ///   - needs: those of the objective.
  ///   - batches: answers of so many seeds are titles, where they fit in one trie.
  /// - Returns: a context in which every fourth title is no training target.
  /// - Throws: `TrieError`, never for these titles.
  public static func context(
    of needs: ObjectiveNeeds, batches: UInt64 = 10
  ) throws -> ObjectiveContext {
    var paths: [[Int32]] = []
    for seed in 0..<batches {
      var random = SeededGenerator(seed)
      let answers = RandomAnswers(samples: 3, needs: needs, using: &random)
      for answer in answers.answers {
        let path = Array(answers.targets[answer.rows])
        if !paths.contains(where: { $0.starts(with: path) || path.starts(with: $0) }) {
          paths.append(path)
        }
      }
    }
    return ObjectiveContext(
      catalogue: Catalogue(itemTitles: paths.indices.map { "title \($0)" }),
      trie: try ItemTrie(paths: paths), targetCounts: paths.indices.map { $0 % 4 },
      totalSteps: 100)
  }
}

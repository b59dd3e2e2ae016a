public import BearLabTensor

/// The answers of some samples and the logits behind them: what an objective sees.
///
/// Rows are answer tokens. Row t belongs to one answer of one sample; its logits predict that token
/// from the prompt and the answer's earlier tokens.
public struct AnswerBatch {
  /// The answers, those of a sample together, the positive one first.
  public let answers: [Answer]
  /// `[rows]`: the token that each row predicts.
  public let targets: [Int32]
  /// `[rows]`: the tokens that the trie allows there, ascending.
  public let allowed: [ArraySlice<Int32>]
  private let childRows: (() -> RaggedRows)?
  private let vocabularyRows: (() -> RaggedRows)?
  private let tokenRows: (() -> Tensor)?
  private let historyFreeRows: (() -> RaggedRows)?
  private let thresholds: [Float]?

  /// One answer: which sample it belongs to, and which rows are its tokens.
  public struct Answer: Sendable {
    /// The sample's place in the batch, from 0.
    public let sample: Int
    /// The title number of the answer; nil for a text that is no title of the catalogue.
    public let title: Int?
    public let role: Role
    /// The answer's tokens, EOS included.
    public let rows: Range<Int>
    /// The answer's log-probability under the frozen reference, in nats, where it was asked for.
    public let referenceLogProbability: Float?
    /// What a recommender thinks of the title behind the sample's history, larger is better, where
    /// it was asked for.
    public let recommenderScore: Float?

    /// Creates an answer.
    public init(
      sample: Int, title: Int?, role: Role, rows: Range<Int>,
      referenceLogProbability: Float? = nil, recommenderScore: Float? = nil
    ) {
      self.sample = sample
      self.title = title
      self.role = role
      self.rows = rows
      self.referenceLogProbability = referenceLogProbability
      self.recommenderScore = recommenderScore
    }
  }

  /// Why an answer is in the batch.
  public enum Role: Sendable {
    case positive
    case negative
  }

  /// Creates a batch whose logits are computed when an objective asks for them.
  ///
  /// - Parameters:
  ///   - answers: those of a sample together, the positive one first.
  ///   - targets: `[rows]`, the token that each row predicts.
  ///   - allowed: `[rows]`, the tokens that the trie allows there, ascending.
  ///   - children: rows over the allowed tokens, in their order; the target is one of them.
  ///   - vocabulary: rows over all tokens.
  ///   - tokens: `[rows]`, see ``tokenLogProbabilities``; nil to take them from `vocabulary`.
  ///   - historyFree: rows over all tokens, behind the prompt without the history.
  ///   - beamThresholds: `[rows]`, see ``beamThresholds``.
  public init(
    answers: [Answer], targets: [Int32], allowed: [ArraySlice<Int32>],
    children: (() -> RaggedRows)?, vocabulary: (() -> RaggedRows)?,
    tokens: (() -> Tensor)? = nil, historyFree: (() -> RaggedRows)? = nil,
    beamThresholds: [Float]? = nil
  ) {
    precondition(
      targets.count == allowed.count, "\(targets.count) targets, \(allowed.count) allowed sets")
    self.answers = answers
    self.targets = targets
    self.allowed = allowed
    childRows = children
    vocabularyRows = vocabulary
    tokenRows = tokens ?? vocabulary.map { rows in { rows().targetLogProbabilities() } }
    historyFreeRows = historyFree
    thresholds = beamThresholds
  }

  /// Creates a batch from logits over a whole vocabulary, `[T, V]`; of one answer if none are given.
  ///
  /// - Throws: ``AnswerBatchError/targetNotAllowed(row:token:)``.
  public init(
    logits: Tensor, targets: [Int32], allowed: [[Int32]], answers: [Answer]? = nil,
    historyFree: Tensor? = nil, beamThresholds: [Float]? = nil
  ) throws(AnswerBatchError) {
    let allowed = allowed.map { $0.sorted()[...] }
    let children = try Self.targetPositions(targets, in: allowed)
    self.init(
      answers: answers
        ?? [Answer(sample: 0, title: 0, role: .positive, rows: targets.indices)],
      targets: targets, allowed: allowed,
      children: { RaggedRows(gathering: allowed, from: logits, targets: children) },
      vocabulary: { RaggedRows(dense: logits, targets: targets.map(Int.init)) },
      historyFree: historyFree.map { logits in
        { RaggedRows(dense: logits, targets: targets.map(Int.init)) }
      }, beamThresholds: beamThresholds)
  }

  /// The place of each target among the allowed tokens of its row.
  ///
  /// - Throws: ``AnswerBatchError/targetNotAllowed(row:token:)``.
  public static func targetPositions(
    _ targets: [Int32], in allowed: [ArraySlice<Int32>]
  ) throws(AnswerBatchError) -> [Int] {
    var positions: [Int] = []
    for (row, target) in targets.enumerated() {
      guard let index = allowed[row].firstIndex(of: target) else {
        throw .targetNotAllowed(row: row, token: Int(target))
      }
      positions.append(index - allowed[row].startIndex)
    }
    return positions
  }

  /// The number of rows.
  public var rowCount: Int { targets.count }

  /// The number of samples.
  public var sampleCount: Int { (answers.last?.sample ?? -1) + 1 }

  /// Logits over the children of each row's trie node.
  ///
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` where ``ObjectiveNeeds`` did not ask.
  public var childLogits: RaggedRows {
    get throws(AnswerBatchError) {
      guard let childRows else { throw .notComputed(columns: "children") }
      return childRows()
    }
  }

  /// Logits over the vocabulary.
  ///
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` where ``ObjectiveNeeds`` did not ask.
  public var vocabularyLogits: RaggedRows {
    get throws(AnswerBatchError) {
      guard let vocabularyRows else { throw .notComputed(columns: "vocabulary") }
      return vocabularyRows()
    }
  }

  /// `[rows]`: the log-probability of each row's token over the vocabulary, in nats, on the tape.
  ///
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` where ``ObjectiveNeeds`` did not ask.
  public var tokenLogProbabilities: Tensor {
    get throws(AnswerBatchError) {
      guard let tokenRows else { throw .notComputed(columns: "vocabulary") }
      return tokenRows()
    }
  }

  /// Logits over the vocabulary for the same answers behind the prompt without the history.
  ///
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` where ``ObjectiveNeeds`` did not ask.
  public var historyFreeLogits: RaggedRows {
    get throws(AnswerBatchError) {
      guard let historyFreeRows else { throw .notComputed(columns: "history-free prompts") }
      return historyFreeRows()
    }
  }

  /// `[rows]`: for the token of row t, the total log-probability of the last candidate that a beam
  /// search behind the same prompt keeps after as many tokens, in nats; a constant.
  ///
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` where ``ObjectiveNeeds`` did not ask.
  public var beamThresholds: [Float] {
    get throws(AnswerBatchError) {
      guard let thresholds else { throw .notComputed(columns: "beams") }
      return thresholds
    }
  }

  /// `[answers]`: the sum of each answer's rows of `values`, `[rows]`, on the tape.
  public func answerSums(of values: Tensor) -> Tensor { values.sums(over: answers.map(\.rows)) }

  /// `[answers]`: log P of each answer behind its prompt, over the vocabulary, in nats, on the tape.
  ///
  /// - Throws: ``AnswerBatchError/notComputed(columns:)`` where ``ObjectiveNeeds`` did not ask.
  public var answerLogProbabilities: Tensor {
    get throws(AnswerBatchError) { answerSums(of: try tokenLogProbabilities) }
  }

  /// The rows in which the trie allows more than one token; the others have log-probability 0.
  public var rowsWithChoice: [Int] { allowed.indices.filter { allowed[$0].count > 1 } }
}

/// What can be wrong with the answers given to an objective.
public enum AnswerBatchError: BearLabError, Equatable {
  case targetNotAllowed(row: Int, token: Int)
  case notComputed(columns: String)

  public var description: String {
    switch self {
    case .targetNotAllowed(let row, let token):
      "row \(row): the item trie does not allow target token \(token)"
    case .notComputed(let columns): "logits of the \(columns) were not computed"
    }
  }

  public var remedy: String {
    switch self {
    case .targetNotAllowed: "build trie and batch from the same tokenizer and item titles"
    case .notComputed(let columns): "let the objective's needs ask for the \(columns)"
    }
  }
}

/// Ranks answers behind prompts.
///
/// A decoder sees no tensor: it asks a ``PathScorer`` for log-probabilities. One that stays within
/// the catalogue is a ``TrieDecoder``, which only has to say how one search advances; one that may
/// leave it runs the searches of all prompts itself, side by side, so that they are scored together.
public protocol Decoder: Plugin {
  /// The constraint that the decoder works under; nil where it works under either.
  var constraint: ConstraintMode? { get }
  /// Whether a recommender must be there, for ``PathScorer/recommenderScores(behind:)``.
  var needsRecommender: Bool { get }
  /// Told once before all searches: catalogue and training statistics, and a scorer of the base model
  /// for what does not depend on a prompt.
  mutating func prepare(_ context: DecoderContext, scorer: inout some PathScorer) throws
  /// Ranks answers behind each of `prompts` prompts.
  ///
  /// Contract, checked by `BearLabTestSupport`: a list is the best first and holds no answer twice;
  /// what is written as a title of the trie is given as that title; a prompt has the same list alone and among others.
  ///
  /// - Returns: one list a prompt.
  func search(
    prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
  ) throws -> [[RankedAnswer]]
}

extension Decoder {
  public var constraint: ConstraintMode? { nil }
  public var needsRecommender: Bool { false }
  public mutating func prepare(
    _ context: DecoderContext, scorer: inout some PathScorer
  ) throws {}
}

/// What a decoder is told before an evaluation.
public struct DecoderContext: Sendable {
  public let catalogue: Catalogue
  /// `[titles]`: how often each title is a target of the training windows.
  public let targetCounts: [Int]
  /// The language model's tokenizer.
  public let encoder: any TextEncoder

  /// Creates a context.
  public init(catalogue: Catalogue, targetCounts: [Int], encoder: any TextEncoder) {
    self.catalogue = catalogue
    self.targetCounts = targetCounts
    self.encoder = encoder
  }
}

/// An answer in a ranked list, and what the decoder thinks of it.
public struct RankedAnswer: Sendable, Equatable {
  /// The title number; nil for a text that is no title of the catalogue.
  public let title: Int?
  /// The tokens of an answer that is no title, without EOS; empty for a title.
  public let tokens: [Int32]
  /// As ``ScoredTitle/score``.
  public let score: Float

  /// Takes a title.
  public init(_ title: ScoredTitle) {
    self.title = title.title
    tokens = []
    score = title.score
  }

  /// Takes what is no title.
  public init(tokens: [Int32], score: Float) {
    title = nil
    self.tokens = tokens
    self.score = score
  }
}

/// A title and what a search thinks of it.
public struct ScoredTitle: Sendable, Equatable {
  /// The title number.
  public let title: Int
  /// What the list is sorted by, larger is better: a log-probability in nats, divided by a power of
  /// the length where the decoder says so, or what else it documents.
  public let score: Float

  /// Creates a scored title.
  public init(title: Int, score: Float) {
    self.title = title
    self.score = score
  }
}

/// Draws answers that are not the right one, for objectives that compare.
///
/// Contract: what is drawn is a pure function of request and context, and none comes twice; where
/// there are fewer than asked for, all come. None is the target's title or one of the history, unless
/// the sampler says so.
public protocol NegativeSampler: Plugin {
  /// What must be there before something is drawn.
  var needs: SamplerNeeds { get }
  /// The negatives of one sample.
  ///
  /// - Parameters:
  ///   - request: the sample, and how many are wanted.
  ///   - context: what all samples have in common.
  /// - Returns: at most `request.count` answers.
  /// - Throws: an error of the sampler.
  func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) throws -> [AnswerForest.Candidate.Text]
}

extension NegativeSampler {
  public var needs: SamplerNeeds { SamplerNeeds() }
}

/// What a sampler builds on.
public struct SamplerNeeds: Sendable {
  /// The targets of the step's other samples: the negatives are then drawn in every step.
  public var batch: Bool
  /// The list that a decoder finds behind the sample's prompt, with the weights of the time.
  public var decoder: Decoding?
  /// A vector of the language model for every title.
  public var titleEmbeddings: Bool
  /// Whether what is drawn may be no title of the catalogue: such a text has no probability among the
  /// valid tokens alone.
  public var leavesCatalogue: Bool

  /// A decoder by name, with the parameters that differ from its defaults.
  public struct Decoding: Sendable {
    public var decoder: String
    public var parameters: [String: ParameterValue]

    /// Names a decoder.
    public init(_ decoder: String, _ parameters: [String: ParameterValue] = [:]) {
      self.decoder = decoder
      self.parameters = parameters
    }
  }

  /// Creates a description of needs.
  public init(
    batch: Bool = false, decoder: Decoding? = nil, titleEmbeddings: Bool = false,
    leavesCatalogue: Bool = false
  ) {
    self.leavesCatalogue = leavesCatalogue
    self.batch = batch
    self.decoder = decoder
    self.titleEmbeddings = titleEmbeddings
  }
}

/// A sample for which negatives are wanted.
public struct NegativeRequest: Sendable {
  /// The title number of the right answer.
  public let target: Int
  /// The title numbers of the history.
  public let history: Set<Int>
  /// How many are wanted.
  public let count: Int
  /// The title numbers of the step's other targets, where the sampler asked for them.
  public let batch: [Int]
  /// What the decoder found, best first, where the sampler asked for it.
  public let ranked: [RankedAnswer]
  /// Of everything random in this request.
  public let seed: UInt64

  /// Creates a request.
  public init(
    target: Int, history: Set<Int>, count: Int, batch: [Int] = [], ranked: [RankedAnswer] = [],
    seed: UInt64
  ) {
    self.target = target
    self.history = history
    self.count = count
    self.batch = batch
    self.ranked = ranked
    self.seed = seed
  }

  /// Whether a title is neither the right one nor in the history.
  public func isEligible(_ title: Int) -> Bool { title != target && !history.contains(title) }

  /// The first `count` eligible ones of some titles, each once.
  public func firstEligible(
    of titles: some Sequence<Int>
  ) -> [AnswerForest.Candidate.Text] {
    var chosen: [Int] = []
    for title in titles where chosen.count < count && isEligible(title) && !chosen.contains(title) {
      chosen.append(title)
    }
    return chosen.map { .title($0) }
  }
}

/// What the negatives of all samples are drawn from.
public struct NegativeContext: Sendable {
  public let titleCount: Int
  /// `[titles]`: how often each title is a target of the training windows.
  public let targetCounts: [Int]
  /// `[titles]`, a vector each, where the sampler asked for them; else empty.
  public let titleEmbeddings: [[Float]]
  /// The token that ends an answer.
  public let endToken: Int32

  /// Creates a context.
  public init(
    targetCounts: [Int], titleEmbeddings: [[Float]] = [], endToken: Int32
  ) {
    titleCount = targetCounts.count
    self.targetCounts = targetCounts
    self.titleEmbeddings = titleEmbeddings
    self.endToken = endToken
  }
}

public import BearLabCore
internal import BearLabTensor

/// Cross-entropy in which tokens that tell nothing about the item count less.
///
///     loss = Σ w_t ℓ_t / Σ w_t                        ℓ over the whole vocabulary
///     w_t  = 1, or b where the token's information gain is 0, see `InformationGain`
///
/// A token that leads out of the item trie has no gain.
///
/// - Source: IGD, NeurIPS 2025 (arXiv 2506.13229), its tuning half; ZJLin2oo1/LLM4Rec-IGD. In difference
///   to that code, whose trie has only titles that are a training target, each count has 1 added to it:
///   `smoothing=0` for the published trie.
public struct IGDObjective: TokenWeightedObjective {
  private let floor: Float  // b
  private let entropy: InformationGain.Entropy
  private let smoothing: Int
  private var prepared: Prepared?

  public static let summary =
    "cross-entropy with less weight on tokens that tell nothing of the item"
  public static let citation = "IGD, NeurIPS 2025, arXiv 2506.13229; ZJLin2oo1/LLM4Rec-IGD"
  public static let parameters: [Parameter] = [
    .real("b-ig", default: 0.1, in: 0...1, "weight of a token without information gain"),
    .choice(
      "entropy", default: InformationGain.Entropy.global.rawValue,
      of: InformationGain.Entropy.allCases.map(\.rawValue),
      "of the probabilities of the whole catalogue, or of those below the node"),
    .integer(
      "smoothing", default: 1, in: 0...1, unit: "targets", "added to how often a title is a target"),
  ]

  private struct Prepared {
    let trie: ItemTrie
    let gain: InformationGain
  }

  public let needs = ObjectiveNeeds(columns: .targets, constraint: .after)

  public init(_ values: ParameterValues) throws {
    floor = try values["b-ig"]
    entropy = try values["entropy"]
    smoothing = try values["smoothing"]
  }

  public mutating func prepare(_ context: ObjectiveContext) {
    prepared = Prepared(
      trie: context.trie,
      gain: InformationGain(
        trie: context.trie, counts: context.targetCounts, smoothing: smoothing, entropy: entropy))
  }

  /// Computes the weighted cross-entropy of some answers.
  ///
  /// - Returns: a sum in nats; the weight is the sum of w times the factors.
  /// - Throws: ``IGDError/notPrepared``; `AnswerBatchError` without the vocabulary's logits.
  public func loss(_ batch: AnswerBatch, factors: [Float]) throws -> LossTerms {
    guard let prepared else { throw IGDError.notPrepared }
    let weights = batch.nodes(in: prepared.trie).map { node in
      node.map(prepared.gain.isInformative) ?? false ? 1 : floor
    }
    return LossTerms(
      losses: -(try batch.tokenLogProbabilities),
      weights: zip(weights, factors).map { $0 * $1 })
  }
}

/// What ``IGDObjective`` can miss.
public enum IGDError: BearLabError, Equatable {
  case notPrepared

  public var description: String { "objective igd does not know how often titles are targets" }
  public var remedy: String { "prepare it with the training targets before its first loss" }
}

/// Registers the objective `igd`.
public enum IGDModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "igd", IGDObjective.self)
  }
}

public import BearLabCore
internal import BearLabTensor
#if canImport(Glibc)
internal import Glibc
#endif

/// Inverse-propensity weights against the popularity bias of fine-tuning data.
///
///     loss   = Σ u_t ℓ_t / Σ u_t                        ℓ over the whole vocabulary
///     item   u_t = (Σ_j c_j / max(c_i, 1))^κ            c_i: how often title i is a target
///     token  u_t = (c(node before t) / max(c(node after t), 1))^κ    c: summed over the titles below
///
/// The published formula divides u by its mean over the samples of a micro-batch and the sum by the
/// number of tokens. That is no sum over samples divided by a sum. This one is: its gradient has the same
/// direction in every group that is normalised together, and its length differs by the factor
/// Σ u_r T_r · R / (Σ u_r · Σ T_r) over the R samples with T_r tokens, 1 where titles are equally long. By
/// token, the two are the same.
///
/// - Source: D²LR, SIGIR 2025, of which only the weighting is here; the formula is that of
///   Tiny-Snow/GenRec for items, carried over to the tokens of a language model.
public struct D2LRObjective: TokenWeightedObjective {
  private let exponent: Double  // κ
  private let level: Level
  private var prepared: Popularity?

  public static let summary = "cross-entropy with less weight on what is often a target"
  public static let citation = "D²LR, SIGIR 2025; the weights as in Tiny-Snow/GenRec"
  public static let parameters: [Parameter] = [
    .real("kappa", default: 0.1, in: 0...10, "exponent of the inverse popularity; 0 for none"),
    .choice(
      "ips-level", default: Level.item.rawValue, of: Level.allCases.map(\.rawValue),
      "whether the popularity is that of the answer, or of each token in the item trie"),
  ]

  private enum Level: String, CaseIterable, ParameterReadable {
    case item
    case token
  }

  /// How often the training targets pass each node.
  private struct Popularity {
    let trie: ItemTrie
    /// `[nodes]`: training targets at a node or below it.
    let counts: [Int]
  }

  public let needs = ObjectiveNeeds(columns: .targets, constraint: .after)

  public init(_ values: ParameterValues) throws {
    exponent = try values["kappa"]
    level = try values["ips-level"]
  }

  public mutating func prepare(_ context: ObjectiveContext) {
    prepared = Popularity(
      trie: context.trie, counts: context.trie.sums(ofTitles: context.targetCounts))
  }

  /// Computes the weighted cross-entropy of some answers.
  ///
  /// - Returns: a sum in nats; the weight is the sum of u times the factors.
  /// - Throws: ``D2LRError/notPrepared``; `AnswerBatchError` without the vocabulary's logits.
  public func loss(_ batch: AnswerBatch, factors: [Float]) throws -> LossTerms {
    guard let prepared else { throw D2LRError.notPrepared }
    let weights = weights(of: batch, prepared)
    return LossTerms(
      losses: -(try batch.tokenLogProbabilities),
      weights: zip(weights, factors).map { $0 * $1 })
  }

  /// `[rows]`: u; a token that leaves the trie counts as one of a title that is never a target.
  private func weights(of batch: AnswerBatch, _ popularity: Popularity) -> [Float] {
    let nodes = batch.nodes(in: popularity.trie)
    func count(_ node: ItemTrie.Node?) -> Int { max(node.map { popularity.counts[$0] } ?? 0, 1) }
    return batch.answers.flatMap { answer in
      switch level {
      case .item:
        let weight = weight(count(ItemTrie.root), over: count(nodes[answer.rows.upperBound - 1]))
        return [Float](repeating: weight, count: answer.rows.count)
      case .token:
        return answer.rows.map { row in
          let before = row == answer.rows.lowerBound ? ItemTrie.root : nodes[row - 1]
          return weight(count(before), over: count(nodes[row]))
        }
      }
    }
  }

  private func weight(_ whole: Int, over part: Int) -> Float {
    Float(pow(Double(whole) / Double(part), exponent))
  }
}

/// What ``D2LRObjective`` can miss.
public enum D2LRError: BearLabError, Equatable {
  case notPrepared

  public var description: String { "objective d2lr does not know how often titles are targets" }
  public var remedy: String { "prepare it with the training targets before its first loss" }
}

/// Registers the objective `d2lr`.
public enum D2LRModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "d2lr", D2LRObjective.self)
  }
}

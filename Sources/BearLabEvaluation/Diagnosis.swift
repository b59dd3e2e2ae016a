public import BearLabCore

/// What beam search loses of the titles that deserve a place in the list.
///
/// The figures are those of the BEAR paper: PR@K, and the share of the losses at which the title
/// violates the necessary condition (Figure 4).
public struct Diagnosis: Sendable {
  /// What is compared with what.
  public struct Settings: Sendable {
    /// Where the constraint comes in the total log-probability that ranks the titles.
    public enum Softmax: String, CaseIterable, Sendable {
      /// As the decoder has it.
      case asDecoded = "as-decoded"
      /// After the soft-max over the vocabulary.
      case full
      /// Before the soft-max, which runs over the tokens that the trie allows.
      case masked
    }

    /// Beams; B.
    public var width: Int
    public var softmax: Softmax
    /// The rank up to which it is found exactly; the last cutoff at least.
    public var rankLimit: Int
    /// Prefixes expanded at most to find a rank.
    public var expansionLimit: Int
    /// The power of the length that divides a score in flavour `hf`; α.
    public var lengthPenalty: Double
    /// The longest answer in tokens, EOS included; 0 for the longest title.
    public var tokenLimit: Int

    /// Creates settings.
    public init(
      width: Int = 10, softmax: Softmax = .asDecoded, rankLimit: Int = .max,
      expansionLimit: Int = .max, lengthPenalty: Double = 0, tokenLimit: Int = 0
    ) {
      self.width = width
      self.softmax = softmax
      self.rankLimit = max(rankLimit, Diagnosis.cutoffs.last ?? 1)
      self.expansionLimit = expansionLimit
      self.lengthPenalty = lengthPenalty
      self.tokenLimit = tokenLimit
    }
  }

  /// One window's target.
  public struct Row: Sendable {
    public let window: Window
    /// The title number of the right answer.
    public let target: Int
    /// The target's total log-probability, nats.
    public let logProbability: Double
    /// 1 and the number of titles with a higher total; less than that where it is not exact.
    public let rank: Int
    public let isRankExact: Bool
    /// What became of the target in beam search, flavour `paper`.
    public let trace: BeamTrace
    /// Whether flavour `paper` keeps the target, and `hf` leaves it out of its list.
    public let isDisplaced: Bool

    /// Whether flavour `paper` loses the target.
    public var isPruned: Bool { trace.place == nil }
  }

  /// The lengths of the lists that PR and Prop are told for.
  public static let cutoffs = [5, 10]

  public let rows: [Row]
  /// B.
  public let width: Int

  /// Takes the rows.
  public init(rows: [Row], width: Int) {
    self.rows = rows
    self.width = width
  }

  /// The figures of a list of `cutoff` titles.
  public func figures(cutoff: Int) -> PruningFigures {
    let relevant = rows.filter { $0.isRankExact && $0.rank <= cutoff }
    let pruned = relevant.filter(\.isPruned)
    return PruningFigures(
      cutoff: cutoff, targets: relevant.count, pruned: pruned.count,
      violating: pruned.count { $0.trace.violation(width: width) != nil },
      displaced: relevant.count(where: \.isDisplaced),
      open: rows.count { !$0.isRankExact && $0.rank <= cutoff })
  }
}

/// Of the targets among the K titles of the highest total log-probability, those that are lost.
public struct PruningFigures: Sendable, Equatable {
  /// K.
  public let cutoff: Int
  /// Targets whose rank is at most K: |A_K|.
  public let targets: Int
  /// Of those, the ones that beam search of flavour `paper` loses.
  public let pruned: Int
  /// Of the pruned, the ones that violate the necessary condition.
  public let violating: Int
  /// Of the targets, the ones that flavour `paper` keeps and `hf` leaves out.
  public let displaced: Int
  /// Rows of which it is not known whether their target is one: the search for its rank was ended.
  public let open: Int

  /// PR@K, pruned over targets; nil where there is no target.
  public var pruningRate: Double? { Self.share(pruned, of: targets) }
  /// Prop@K, violating over pruned; nil where none is pruned.
  public var proportion: Double? { Self.share(violating, of: pruned) }
  /// Wilson's 95 % interval of PR@K.
  public var pruningInterval: BinomialInterval { .wilson(successes: pruned, trials: targets) }
  /// Wilson's 95 % interval of Prop@K.
  public var proportionInterval: BinomialInterval { .wilson(successes: violating, trials: pruned) }

  private static func share(_ part: Int, of whole: Int) -> Double? {
    whole == 0 ? nil : Double(part) / Double(whole)
  }
}

public import BearLabCore

/// Beam search over the item trie.
///
/// A hypothesis is a node; its score is the sum of the log-probabilities on the way to it, in single
/// precision. Two flavours:
///
/// - `hf`, as the official pipeline: the 2B best children compete, finished titles leave the beam for
///   a pool of B, and the result is sorted by score / length^α, EOS counted in the length.
/// - `paper`, section 2.2: finished titles stay in the beam and compete there; the result is sorted
///   by score.
///
/// Equal scores: the better beam first, then the lower token; in the pool the later title first.
///
/// - Source: BEAR, SIGIR 2026, section 2.2; `BeamSearchScorer` of transformers 4.49.0. In difference
///   to it, beams without a finite score are dropped, and unfinished ones are never returned.
public struct ConstrainedBeamDecoder: TrieDecoder {
  private let width: Int  // B
  private let flavour: Flavour
  private let lengthPenalty: Double  // α
  private let tokenLimit: Int  // 0: the longest path

  enum Flavour: String, CaseIterable, ParameterReadable {
    case hf
    case paper
  }

  public static let summary = "beam search over the item trie"
  public static let citation = "BEAR, SIGIR 2026, section 2.2; beam search of transformers 4.49.0"
  public static let parameters: [Parameter] = [
    .integer("width", default: 10, in: 1...10_000, unit: "beams", "hypotheses kept at each step"),
    .choice(
      "flavour", default: "hf", of: Flavour.allCases.map(\.rawValue),
      "whether finished titles leave the beam for a pool (hf) or compete in it (paper)"),
    .real(
      "length-penalty", default: 0, in: 0...,
      "power of the length that divides the score, hf only; 1 in the official runs"),
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest answer, EOS included; 0 means the longest title; 128 in the official runs"),
  ]

  public init(_ values: ParameterValues) throws {
    width = try values["width"]
    flavour = try values["flavour"]
    lengthPenalty = try values["length-penalty"]
    tokenLimit = try values["max-tokens"]
    if flavour == .paper, lengthPenalty != 0 {
      throw ConstrainedBeamError.lengthPenaltyInPaperFlavour(lengthPenalty)
    }
  }

  public func makeSearch(in trie: ItemTrie) -> any DecoderSearch {
    // More beams than titles change nothing, and could not be doubled without overflow.
    let width = min(width, max(trie.titleCount, 1))
    let limit = tokenLimit == 0 ? trie.maximumDepth : tokenLimit
    return switch flavour {
    case .hf:
      PooledBeamSearch(in: trie, width: width, lengthPenalty: lengthPenalty, tokenLimit: limit)
    case .paper: CompetingBeamSearch(in: trie, width: width, tokenLimit: limit)
    }
  }
}

/// What can be wrong with the decoder's parameters.
public enum ConstrainedBeamError: BearLabError, Equatable {
  case lengthPenaltyInPaperFlavour(Double)

  public var description: String {
    switch self {
    case .lengthPenaltyInPaperFlavour(let penalty):
      "decoder constrained-beam: length-penalty=\(penalty) makes no sense with flavour=paper, "
        + "which ranks by the total log-probability"
    }
  }

  public var remedy: String {
    switch self {
    case .lengthPenaltyInPaperFlavour: "set length-penalty=0 or flavour=hf"
    }
  }
}

/// Registers the decoder `constrained-beam`.
public enum ConstrainedBeamModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(decoder: "constrained-beam", ConstrainedBeamDecoder.self)
  }
}

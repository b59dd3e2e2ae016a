public import BearLabCore
public import BearLabSequential
internal import BearLabTensor

/// Self-attentive sequential recommendation (SASRec), in three published forms.
///
/// `variant=pmixer` is the one that most papers run, `dros` that of the line of work that LLaRA and
/// DLLM2Rec belong to, `recbole` the one of the RecBole library. The settings that a variant has of
/// its own are taken where a parameter is left at `auto`, 0 or -1:
///
/// | | pmixer | dros | recbole |
/// |---|---|---|---|
/// | loss | bce | bce | ce |
/// | blocks, heads | 2, 1 | 1, 1 | 2, 2 |
/// | dropout | 0.2 | 0.1 | 0.5 |
/// | weight decay | 0 | 1e-6 | 0 |
/// | Adam's β₂ | 0.98 | 0.999 | 0.999 |
///
/// - Source: Kang & McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018; section 4.1 of
///   the method specification.
public struct SASRecRecommender: SequentialModel {
  public static let summary = "SASRec: causal self-attention over the history's items"
  public static let citation = """
    Kang & McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018; pmixer/SASRec.pytorch \
    python/model.py, YangZhengyi98/DROS A_SASRec_final_bce.py, RUCAIBox/RecBole sasrec.py
    """

  /// Whose code the network follows.
  enum Variant: String, ParameterReadable {
    case pmixer, dros, recbole
  }

  public static let parameters: [Parameter] =
    [
      .choice(
        "variant", default: "pmixer", of: ["pmixer", "dros", "recbole"],
        "whose network; what is left at auto, 0 or -1 below is the variant's"),
      .choice(
        "loss", default: "auto", of: ["auto"] + NextItemLossKind.allCases.map(\.rawValue),
        "of the next item; auto is bce, for recbole ce"),
      .choice(
        "loss-positions", default: "last", of: ["last", "all"],
        "behind which items of a history the next one is learned"),
      .flag("norm-first", default: false, "pmixer only: normalise before each layer, not behind"),
      .integer("blocks", default: 0, in: 0...64, "0 is 2, for dros 1"),
      .integer("heads", default: 0, in: 0...64, "of attention; 0 is 1, for recbole 2"),
      SequentialSettings.width,
      .real("dropout", default: -1, in: -1...0.99, "-1 is 0.2 for pmixer, dros 0.1, recbole 0.5"),
      .real("weight-decay", default: -1, in: -1...1, "L2 inside Adam; -1 is 0, for dros 1e-6"),
      .real("item-penalty", default: 0, in: 0..., "times the sum of the embeddings' squares"),
    ] + SequentialSettings.parameters

  private let variant: Variant
  private let loss: NextItemLoss
  private let normFirst: Bool
  private let blocks: Int
  private let heads: Int
  private let width: Int
  private let dropout: Float
  private let itemPenalty: Float
  public private(set) var settings: SequentialSettings

  public init(_ values: ParameterValues) throws {
    variant = try values["variant"]
    let kind: String = try values["loss"]
    let positions: String = try values["loss-positions"]
    loss = NextItemLoss(
      kind: NextItemLossKind(rawValue: kind) ?? (variant == .recbole ? .ce : .bce),
      positions: OutputPositions(rawValue: positions) ?? .last, isDROS: variant == .dros)
    normFirst = try values["norm-first"]
    let (blocks, heads): (Int, Int) = (try values["blocks"], try values["heads"])
    self.blocks = blocks > 0 ? blocks : variant == .dros ? 1 : 2
    self.heads = heads > 0 ? heads : variant == .recbole ? 2 : 1
    width = try values["width"]
    let (rate, decay): (Float, Double) = (try values["dropout"], try values["weight-decay"])
    dropout = rate >= 0 ? rate : [.pmixer: 0.2, .dros: 0.1, .recbole: 0.5][variant] ?? 0
    itemPenalty = try values["item-penalty"]
    settings = try SequentialSettings(values)
    settings.adam.weightDecay = decay >= 0 ? decay : variant == .dros ? 1e-6 : 0
    settings.adam.beta2 = variant == .pmixer ? 0.98 : 0.999
  }

  public func network(items: Int, seed: UInt64) throws -> SequentialNetwork {
    let encoder = try encoder(items: items, seed: seed)
    return SequentialNetwork(encoder) { _ in
      { batch in
        let mean = loss(batch, encoder)
        guard itemPenalty > 0 else { return mean }
        return mean + itemPenalty * (encoder.itemTable * encoder.itemTable).sum()
      }
    }
  }

  /// A fresh network.
  func encoder(items: Int, seed: UInt64) throws -> any SequenceEncoder {
    switch variant {
    case .pmixer:
      try PmixerEncoder(
        items: items, width: width, maxLength: settings.maxLength, blocks: blocks, heads: heads,
        normFirst: normFirst, dropoutRate: dropout, key: seed)
    case .dros:
      try QueryNormEncoder(
        items: items, width: width, maxLength: settings.maxLength, blocks: blocks, heads: heads,
        dropoutRate: dropout, key: seed)
    case .recbole:
      try RecBoleEncoder(
        items: items, width: width, maxLength: settings.maxLength, blocks: blocks, heads: heads,
        dropoutRate: dropout, key: seed)
    }
  }
}

/// Registers the recommender `sasrec`.
public enum SASRecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "sasrec", SASRecRecommender.self)
  }
}

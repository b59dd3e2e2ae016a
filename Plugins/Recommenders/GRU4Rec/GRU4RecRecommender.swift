public import BearLabCore
public import BearLabSequential

/// A recurrent network over the history (GRU4Rec), in two published forms.
///
/// `variant=dros` is section 4.4 of the method specification, `recbole` the one of the RecBole
/// library; the settings that a variant has of its own are taken where a parameter is left at `auto`,
/// 0 or -1:
///
/// | | dros | recbole |
/// |---|---|---|
/// | loss | bce | ce |
/// | hidden | width | 2 · width |
/// | dropout | 0 | 0.3 |
/// | weight decay | 1e-6 | 0 |
///
/// - Source: Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR
///   2016; section 4.4 of the method specification.
public struct GRU4RecRecommender: SequentialModel {
  public static let summary = "GRU4Rec: gated recurrent units over the history's items"
  public static let citation = """
    Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016; \
    YangZhengyi98/DROS A_Gru_final_bce.py, RUCAIBox/RecBole gru4rec.py
    """

  public static let parameters: [Parameter] =
    [
      .choice(
        "variant", default: "dros", of: ["dros", "recbole"],
        "whose network; what is left at auto, 0 or -1 below is the variant's"),
      .choice(
        "loss", default: "auto", of: ["auto"] + NextItemLossKind.allCases.map(\.rawValue),
        "of the next item; auto is bce, for recbole ce"),
      SequentialSettings.width,
      .integer(
        "hidden", default: 0, in: 0...4096, "width of the states; 0 is width, for recbole twice"),
      .real("dropout", default: -1, in: -1...0.99, "of the embeddings; -1 is 0, for recbole 0.3"),
      .real("weight-decay", default: -1, in: -1...1, "L2 inside Adam; -1 is 1e-6, for recbole 0"),
    ] + SequentialSettings.parameters

  private let variant: GatedRecurrentEncoder.Variant
  private let loss: NextItemLoss
  private let width: Int
  private let hidden: Int?
  private let dropout: Float
  public private(set) var settings: SequentialSettings

  public init(_ values: ParameterValues) throws {
    let name: String = try values["variant"]
    variant = GatedRecurrentEncoder.Variant(rawValue: name) ?? .dros
    let isRecBole = variant == .recbole
    let kind: String = try values["loss"]
    loss = NextItemLoss(
      kind: NextItemLossKind(rawValue: kind) ?? (isRecBole ? .ce : .bce), isDROS: !isRecBole)
    width = try values["width"]
    let hidden: Int = try values["hidden"]
    self.hidden = hidden > 0 ? hidden : nil
    let (rate, decay): (Float, Double) = (try values["dropout"], try values["weight-decay"])
    dropout = rate >= 0 ? rate : isRecBole ? 0.3 : 0
    settings = try SequentialSettings(values)
    settings.adam.weightDecay = decay >= 0 ? decay : isRecBole ? 0 : 1e-6
  }

  public func network(items: Int, seed: UInt64) -> SequentialNetwork {
    let encoder = encoder(items: items, seed: seed)
    return SequentialNetwork(encoder) { _ in { loss($0, encoder) } }
  }

  /// A fresh network.
  func encoder(items: Int, seed: UInt64) -> GatedRecurrentEncoder {
    GatedRecurrentEncoder(
      variant, items: items, width: width, hidden: hidden, dropoutRate: dropout, key: seed)
  }
}

/// Registers the recommender `gru4rec`.
public enum GRU4RecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "gru4rec", GRU4RecRecommender.self)
  }
}

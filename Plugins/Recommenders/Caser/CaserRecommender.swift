public import BearLabCore
public import BearLabSequential

/// Convolutions over the embeddings of the last items (Caser), without user embedding.
///
/// - Source: Tang & Wang, "Personalized Top-N Sequential Recommendation via Convolutional Sequence
///   Embedding", WSDM 2018; section 4.5 of the method specification.
public struct CaserRecommender: SequentialModel {
  public static let summary = "Caser: convolutions over the embeddings of the last items"
  public static let citation = """
    Tang & Wang, "Personalized Top-N Sequential Recommendation via Convolutional Sequence \
    Embedding", WSDM 2018; YangZhengyi98/DROS A_Caser_final_bce.py
    """

  public static let parameters: [Parameter] =
    [
      .choice(
        "loss", default: "bce", of: NextItemLossKind.allCases.map(\.rawValue), "of the next item"),
      SequentialSettings.width,
      .real("dropout", default: 0.1, in: 0...0.99, "of the features"),
      .real("weight-decay", default: 1e-6, in: 0...1, "L2 inside Adam"),
    ] + SequentialSettings.parameters

  private let loss: NextItemLoss
  private let width: Int
  private let dropout: Float
  public private(set) var settings: SequentialSettings

  public init(_ values: ParameterValues) throws {
    loss = NextItemLoss(kind: try values["loss"], isDROS: true)
    width = try values["width"]
    dropout = try values["dropout"]
    settings = try SequentialSettings(values)
    settings.adam.weightDecay = try values["weight-decay"]
  }

  public func network(items: Int, seed: UInt64) -> SequentialNetwork {
    let encoder = encoder(items: items, seed: seed)
    return SequentialNetwork(encoder) { _ in { loss($0, encoder) } }
  }

  /// A fresh network.
  func encoder(items: Int, seed: UInt64) -> ConvolutionalEncoder {
    ConvolutionalEncoder(
      items: items, width: width, length: settings.maxLength, dropoutRate: dropout, key: seed)
  }
}

/// Registers the recommender `caser`.
public enum CaserModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "caser", CaserRecommender.self)
  }
}

public import BearLabCore
internal import BearLabNN
public import BearLabSequential
internal import BearLabTensor

/// A sequential recommender with a distributionally robust term (DROS).
///
///     loss = base + α · robust
///
/// The base is SASRec, GRU4Rec or Caser in the form of the DROS code, with one negative.
///
/// - Source: Yang et al., "A Generic Learning Framework for Sequential Recommendation with
///   Distribution Shifts", SIGIR 2023; section 4.3 of the method specification.
public struct DROSRecommender: SequentialModel {
  public static let summary = "DROS: SASRec, GRU4Rec or Caser with a distributionally robust term"
  public static let citation = """
    Yang et al., "A Generic Learning Framework for Sequential Recommendation with Distribution \
    Shifts", SIGIR 2023; YangZhengyi98/DROS
    """

  enum Base: String, ParameterReadable {
    case sasrec, gru4rec, caser
  }

  public static let parameters: [Parameter] =
    [
      .choice("encoder", default: "sasrec", of: ["sasrec", "gru4rec", "caser"], "the network"),
      .choice("loss", default: "bce", of: ["bce", "bpr", "mse"], "of the next item and one other"),
      .choice(
        "form", default: "code", of: ["code", "paper"],
        "of the robust term: with popularity in the exponent, or before it"),
      .real("alpha", default: 0.1, in: 0..., "weight of the robust term"),
      .real("beta", default: 1, in: 0.01..., "the robust radius"),
      SequentialSettings.width,
      .real("dropout", default: 0.1, in: 0...0.99, "within SASRec, or of Caser's features"),
      .real("weight-decay", default: 1e-6, in: 0...1, "L2 inside Adam"),
    ] + SequentialSettings.parameters

  private let base: Base
  private let loss: NextItemLoss
  private let form: RobustTerm.Form
  private let alpha: Float
  private let radius: Float
  private let width: Int
  private let dropout: Float
  public private(set) var settings: SequentialSettings

  public init(_ values: ParameterValues) throws {
    base = try values["encoder"]
    loss = NextItemLoss(kind: try values["loss"], isDROS: true)
    form = try values["form"]
    alpha = try values["alpha"]
    radius = try values["beta"]
    width = try values["width"]
    dropout = try values["dropout"]
    settings = try SequentialSettings(values)
    settings.adam.weightDecay = try values["weight-decay"]
  }

  public func network(items: Int, seed: UInt64) throws -> SequentialNetwork {
    let encoder = try encoder(items: items, seed: seed)
    return SequentialNetwork(encoder) { data in
      let term = RobustTerm(
        form: form, radius: radius, targets: data.train.map(\.target), items: items)
      return { mean(of: $0, encoder, term) }
    }
  }

  /// The mean loss of a batch; both parts share the scores of all items.
  func mean(
    of batch: TrainingBatch, _ encoder: any SequenceEncoder, _ term: RobustTerm
  ) -> Tensor {
    let outputs = encoder.encode(
      batch.windows.map(\.history), positions: .last, dropout: batch.dropout)
    let scores = encoder.head(outputs)
    let flat = scores.reshaped([scores.count])
    func column(_ items: [Int]) -> Tensor {
      flat.gathered(at: items.enumerated().map { $0 * encoder.itemCount + $1 - 1 })
    }
    let targets = batch.targets(.last)
    let own = loss.pairwise(
      positive: column(targets),
      negative: column(batch.negatives(.last, items: encoder.itemCount)))
    guard alpha > 0 else { return own }
    return own + alpha * term(scores, targets: targets.map { $0 - 1 })
  }

  /// A fresh network.
  func encoder(items: Int, seed: UInt64) throws -> any SequenceEncoder {
    switch base {
    case .sasrec:
      try QueryNormEncoder(
        items: items, width: width, maxLength: settings.maxLength, dropoutRate: dropout, key: seed)
    case .gru4rec:
      GatedRecurrentEncoder(.dros, items: items, width: width, dropoutRate: 0, key: seed)
    case .caser:
      ConvolutionalEncoder(
        items: items, width: width, length: settings.maxLength, dropoutRate: dropout, key: seed)
    }
  }
}

/// Registers the recommender `dros`.
public enum DROSModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "dros", DROSRecommender.self)
  }
}

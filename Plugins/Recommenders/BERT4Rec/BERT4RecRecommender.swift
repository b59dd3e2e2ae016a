public import BearLabCore
internal import BearLabNN
public import BearLabSequential
internal import BearLabTensor

/// A bidirectional transformer that learns to fill in hidden items (BERT4Rec).
///
/// In each epoch every window is seen `copies` times with other items hidden, and once with its
/// target alone, all in one step. The loss is the cross-entropy over all items at the hidden
/// places, divided by their number in the step. FeiSun's code draws ten copies before training;
/// here each epoch draws anew.
///
/// - Source: Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder
///   Representations from Transformer", CIKM 2019; section 4.2 of the method specification.
public struct BERT4RecRecommender: SequentialModel {
  public static let summary = "BERT4Rec: a bidirectional transformer that fills in hidden items"
  public static let citation = """
    Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder Representations \
    from Transformer", CIKM 2019; FeiSun/BERT4Rec, jaywonchung/BERT4Rec-VAE-Pytorch
    """

  public static let parameters: [Parameter] =
    [
      .choice(
        "masking", default: "feisun", of: ["feisun", "bert"],
        "a fixed number of places, or each place by itself with BERT's 80-10-10"),
      .real("mask-rate", default: 0.2, in: 0.01...1, "the share of a window's items to hide"),
      .integer("copies", default: 1, in: 1...100, "of each window with other items hidden"),
      .integer("blocks", default: 2, in: 1...64, "of the transformer"),
      .integer("heads", default: 2, in: 1...64, "of attention"),
      SequentialSettings.width,
      .real("dropout", default: 0.2, in: 0...0.99, "of hidden states"),
      .real("attention-dropout", default: 0.2, in: 0...0.99, "of attention weights"),
      .real("weight-decay", default: 0, in: 0...1, "taken off the weights, as in AdamW"),
    ] + SequentialSettings.parameters

  private let cloze: Cloze
  private let copies: Int
  private let blocks: Int
  private let heads: Int
  private let width: Int
  private let dropout: Float
  private let attentionDropout: Float
  public private(set) var settings: SequentialSettings

  public init(_ values: ParameterValues) throws {
    cloze = Cloze(rule: try values["masking"], rate: try values["mask-rate"])
    copies = try values["copies"]
    blocks = try values["blocks"]
    heads = try values["heads"]
    width = try values["width"]
    dropout = try values["dropout"]
    attentionDropout = try values["attention-dropout"]
    settings = try SequentialSettings(values)
    settings.adam.weightDecay = try values["weight-decay"]
    settings.adam.isDecayCoupled = false
  }

  public func network(items: Int, seed: UInt64) throws -> SequentialNetwork {
    let encoder = try encoder(items: items, seed: seed)
    return SequentialNetwork(encoder) { _ in { mean(of: $0, encoder) } }
  }

  /// The loss of a batch.
  func mean(of batch: TrainingBatch, _ encoder: BidirectionalEncoder) -> Tensor {
    var random = CounterGenerator(key: CounterGenerator.mix(batch.key, 3))
    let items = encoder.itemCount
    let masked = batch.windows.flatMap { window in
      let sequence = window.history + [window.target]
      return (0..<copies).map { _ in cloze.masked(sequence, items: items, using: &random) }
        + [Cloze.lastMasked(sequence, items: items)]
    }
    let outputs = encoder.outputs(
      masked.map(\.items), at: masked.map(\.places), dropout: batch.dropout)
    let answers = masked.flatMap { $0.answers.map { $0 - 1 } }
    let losses = encoder.head(outputs).crossEntropy(targets: answers)
    return losses.sum() / (Float(answers.count) + 1e-5)
  }

  /// A fresh network.
  func encoder(items: Int, seed: UInt64) throws -> BidirectionalEncoder {
    try BidirectionalEncoder(
      items: items, width: width, maxLength: settings.maxLength, blocks: blocks, heads: heads,
      dropoutRate: dropout, attentionDropoutRate: attentionDropout, key: seed)
  }
}

/// Registers the recommender `bert4rec`.
public enum BERT4RecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "bert4rec", BERT4RecRecommender.self)
  }
}

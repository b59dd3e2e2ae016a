public import BearLabCore
public import BearLabNN

/// How a sequential recommender is trained: what all of them have in common.
public struct SequentialSettings: Sendable {
  public var epochs = 200
  public var batchSize = 128
  public var learningRate = 1e-3
  /// Epochs without a better NDCG@10 on validation before the training ends.
  public var patience = 10
  /// Items of a history that the network sees.
  public var maxLength = 10
  public var adam = AdamWSettings(isDecayCoupled: true)

  /// The paper's settings.
  public init() {}

  /// Reads ``parameters``.
  ///
  /// - Throws: `ParameterError`.
  public init(_ values: ParameterValues) throws(ParameterError) {
    epochs = try values["epochs"]
    batchSize = try values["batch-size"]
    learningRate = try values["learning-rate"]
    patience = try values["patience"]
    maxLength = try values["max-length"]
  }

  /// The parameters that all sequential recommenders share.
  public static let parameters: [Parameter] = [
    .integer("epochs", default: 200, in: 1..., unit: "epochs", "the most there may be"),
    .integer("batch-size", default: 128, in: 1..., unit: "windows", "of a step"),
    .real("learning-rate", default: 1e-3, in: 0...1, "of Adam, the same throughout"),
    .integer(
      "patience", default: 10, in: 1..., unit: "epochs",
      "without a better NDCG@10 on validation, then the best weights are taken"),
    .integer("max-length", default: 10, in: 1...512, unit: "items", "of a history that are seen"),
  ]

  /// The last items of a history, as many as are seen.
  public func cut(_ history: [Int]) -> [Int] { history.suffix(maxLength) }

  /// The width of embeddings and hidden states.
  public static let width: Parameter =
    .integer("width", default: 64, in: 1...4096, "of embeddings and hidden states")
}

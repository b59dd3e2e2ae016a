public import BearLabCore
public import BearLabTensor

/// A recommender that is a table: its items' embeddings are the rows, a user's vector is the mean of
/// those of the history.
public final class TableRecommender: FittedRecommender {
  private let table: [[Float]]

  /// Draws embeddings.
  public init(items: Int, width: Int, seed: UInt64 = 1) {
    var random = SeededGenerator(seed)
    table = (0..<items).map { _ in
      (0..<width).map { _ in Float.random(in: -1...1, using: &random) }
    }
  }

  public var itemEmbeddings: Tensor? {
    Tensor(table.flatMap { $0 }, shape: [table.count, width])
  }

  public func userVectors(histories: [[Int]]) -> Tensor? {
    Tensor(histories.flatMap(user), shape: [histories.count, width])
  }

  public func scores(histories: [[Int]]) -> [[Float]] {
    histories.map { history in
      let user = user(history)
      return table.map { row in zip(user, row).reduce(0) { $0 + $1.0 * $1.1 } }
    }
  }

  private var width: Int { table.first?.count ?? 0 }

  private func user(_ history: [Int]) -> [Float] {
    (0..<width).map { column in
      history.reduce(Float(0)) { $0 + table[$1 - 1][column] } / Float(max(history.count, 1))
    }
  }

  public var tensors: [(name: String, tensor: Tensor)] {
    itemEmbeddings.map { [("items", $0)] } ?? []
  }
}

/// What every injector promises.
public enum InjectorChecks {
  /// The largest difference between slots asked for alone and together, in another order and twice.
  ///
  /// - Throws: what the injector throws.
  public static func largestGapAlone(
    _ injector: any Injector, slots: [Prompt.Slot]
  ) throws -> Double {
    let order = slots.reversed() + slots
    let together = try injector.vectors(for: order).scalars
    let width = together.count / max(order.count, 1)
    var gap = 0.0
    for (place, slot) in order.enumerated() {
      let alone = try injector.vectors(for: [slot]).scalars
      gap = max(gap, largestGap(alone, Array(together[place * width..<(place + 1) * width])))
    }
    return gap
  }

  /// The largest relative error of the gradients of what an injector trains, by finite differences
  /// along random directions of all its tensors at once.
  ///
  /// - Parameters:
  ///   - injector: its tensors are moved, and put back.
  ///   - step: of the differences.
  ///   - loss: a scalar that depends on them.
  /// - Returns: as ``BearLabTensor/GradientCheck/largestError(ofParameters:directions:step:seed:_:)``.
  /// - Throws: what `loss` throws.
  public static func largestGradientError(
    of injector: any Injector, step: Float = 0.01, loss: () throws -> Tensor
  ) throws -> Double {
    try GradientCheck.largestError(
      ofParameters: injector.trainable.map(\.tensor), step: step, loss)
  }

  /// −log P of titles behind prompts with slots, through injection and language model.
  ///
  /// - Throws: what injector and model throw.
  public static func loss(
    _ tiny: TinyModel, _ injector: any Injector, prompts: [EncodedPrompt]
  ) throws -> Tensor {
    let trie = try ItemTrie(paths: [[3, 4, 0], [3, 5, 0], [6, 7, 8, 0]])
    let answers = AnswerForest(
      prompts.enumerated().map { .init(prompt: $1, answers: [($0 % 3, .positive)]) }, trie: trie,
      columns: .children)
    let batch = try answers.batch(
      model: tiny.model, adapter: tiny.makeAdapter(),
      injected: injector.injected(for: answers.slots))
    return -(try batch.childLogits.targetLogProbabilities().sum())
  }
}

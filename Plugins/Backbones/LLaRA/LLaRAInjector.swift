internal import BearLabCore
internal import BearLabNN
internal import BearLabTensor

/// Projects items' embeddings into the language model's token space.
///
///     e = W₂ gelu(W₁ a + b₁) + b₂
///
/// with a, the item's embedding in the recommender, `[d]`; W₁ `[D, d]`; W₂ `[D, D]`. The placeholder
/// is the mean of the vocabulary's embeddings, which transformers 4.49 gives to a new word.
final class LLaRAInjector: Injector {
  /// `[items, d]`, not trained.
  private let embeddings: Tensor
  /// `[1, D]`, not trained.
  private let placeholder: Tensor
  private let first: Linear
  private let second: Linear

  /// Draws a projector as PyTorch does.
  ///
  /// - Parameters:
  ///   - embeddings: `[items, d]`.
  ///   - placeholder: `[D]`.
  ///   - seed: of the projector's weights.
  init(embeddings: Tensor, placeholder: [Float], seed: UInt64) {
    // A copy: a checkpoint may put other numbers in their place.
    self.embeddings = Tensor(embeddings.scalars, shape: embeddings.shape)
    let width = placeholder.count
    self.placeholder = Tensor(placeholder, shape: [1, width])
    let key = CounterGenerator.mix(seed, 0x6C6C_6172_61)
    first = Linear(
      inputs: embeddings.shape[1], outputs: width, key: CounterGenerator.mix(key, 0))
    second = Linear(inputs: width, outputs: width, key: CounterGenerator.mix(key, 1))
  }

  var trainable: [(name: String, tensor: Tensor)] {
    first.parameters(under: "projector/0") + second.parameters(under: "projector/1")
  }

  var frozen: [(name: String, tensor: Tensor)] { [("item-embeddings", embeddings)] }

  func vectors(for slots: [Prompt.Slot]) -> Tensor {
    let items = slots.compactMap { slot -> Int? in
      guard case .item(let item) = slot else { return nil }
      return item
    }
    // A text-only step has no item, and so no gradient for the projector.
    let projected = items.isEmpty ? [] : [project(items)]
    if items.count == slots.count, let all = projected.first { return all }
    var place = 0
    let rows = slots.map { slot in
      guard case .item = slot else { return 0 }
      place += 1
      return place
    }
    return Tensor.concatenatingRows([placeholder] + projected).rows(at: rows)
  }

  private func project(_ items: [Int]) -> Tensor {
    second(first(embeddings.rows(at: items.map { $0 - 1 })).gelu())
  }
}

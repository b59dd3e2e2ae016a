internal import BearLabCore
internal import BearLabNN
internal import BearLabTensor

/// Stage 2: projects users and items into the language model's token space.
///
///     user   F_U(u) = W₂ leaky(LN(W₁ u + b₁)) + b₂
///     item   F_I(c) = W₂ gelu(LN(W₁ c + b₁)) + b₂,   c = f_I.code(A), a constant
///
/// with W₁ `[D, d]` for users and `[D, code]` for items, W₂ `[D, D]`, the slope of leaky 0.01.
final class ALLMRecInjector: Injector {
  private let recommender: any FittedRecommender
  /// `[items, d]`, not trained.
  private let embeddings: Tensor
  /// Not trained any more.
  private let networks: AlignmentNetworks
  private let user: Projection
  private let item: Projection

  /// One of the two projections.
  private struct Projection: Layer {
    let first: Linear
    let norm: LayerNorm
    let second: Linear

    init(inputs: Int, outputs: Int, key: UInt64) {
      first = Linear(
        inputs: inputs, outputs: outputs, weight: .xavierNormal, key: CounterGenerator.mix(key, 0))
      norm = LayerNorm(width: outputs)
      second = Linear(
        inputs: outputs, outputs: outputs, weight: .xavierNormal, key: CounterGenerator.mix(key, 1))
    }

    func apply(_ x: Tensor, _ activation: (Tensor) -> Tensor) -> Tensor {
      second(activation(norm(first(x))))
    }

    var parameters: [(name: String, tensor: Tensor)] {
      first.parameters(under: "0") + norm.parameters(under: "1") + second.parameters(under: "2")
    }
  }

  /// Draws the projections.
  init(
    recommender: any FittedRecommender, embeddings: Tensor, networks: AlignmentNetworks, width: Int,
    seed: UInt64
  ) {
    self.recommender = recommender
    // A copy: a checkpoint may put other numbers in their place.
    self.embeddings = Tensor(embeddings.scalars, shape: embeddings.shape)
    self.networks = networks
    let key = CounterGenerator.mix(seed, 0x6C6C_6D72_6563)
    user = Projection(
      inputs: embeddings.shape[1], outputs: width, key: CounterGenerator.mix(key, 0))
    item = Projection(
      inputs: networks.items.encoder.weight.shape[0], outputs: width,
      key: CounterGenerator.mix(key, 1))
  }

  var trainable: [(name: String, tensor: Tensor)] {
    user.parameters(under: "user") + item.parameters(under: "item")
  }

  var frozen: [(name: String, tensor: Tensor)] {
    [("item-embeddings", embeddings)] + networks.parameters(under: "alignment")
  }

  func vectors(for slots: [Prompt.Slot]) throws -> Tensor {
    var items: [Int] = []
    var histories: [[Int]] = []
    // The place of each slot's row among the items', or the users'.
    let places = try slots.map { slot in
      switch slot {
      case .item(let id):
        items.append(id)
        return (isUser: false, place: items.count - 1)
      case .user(let history):
        histories.append(history)
        return (isUser: true, place: histories.count - 1)
      case .placeholder: throw ALLMRecError.noPlaceholder
      }
    }
    let vectors = try users(histories) + projected(items)
    return Tensor.concatenatingRows(vectors).rows(
      at: places.map { $0.isUser ? $0.place : histories.count + $0.place })
  }

  private func users(_ histories: [[Int]]) throws -> [Tensor] {
    guard !histories.isEmpty else { return [] }
    guard let vectors = try recommender.userVectors(histories: histories) else {
      throw ALLMRecError.noUserVectors
    }
    return [user.apply(vectors.detached()) { $0.leakyRelu(slope: 0.01) }]
  }

  private func projected(_ items: [Int]) -> [Tensor] {
    guard !items.isEmpty else { return [] }
    let codes = networks.items.code(embeddings.rows(at: items.map { $0 - 1 })).detached()
    return [item.apply(codes) { $0.gelu() }]
  }
}

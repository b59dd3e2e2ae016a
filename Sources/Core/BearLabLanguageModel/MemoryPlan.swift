public import BearLabNN
public import BearLabTensor

/// The memory that a model and a pass over a forest take, known before anything is read.
public struct MemoryPlan: Sendable, Hashable {
  /// Of the frozen weights.
  public let weightBytes: Int
  /// Of what a pass keeps: activations for the backward pass, or keys and values for decoding.
  public let activationBytes: Int
  /// Of LoRA's weights, their gradients and the optimiser's state.
  public let adapterBytes: Int
  /// Of what one layer needs while it is computed.
  public let scratchBytes: Int
  /// Layers whose activations are computed again in the backward pass.
  public let recomputedLayers: Int

  /// The most that is held at a time.
  public var peakBytes: Int { weightBytes + activationBytes + adapterBytes + scratchBytes }

  private static let floatBytes = 4

  /// Plans the memory of a pass.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the model.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - precision: of the frozen weights and of the operands of products.
  ///   - threads: the number of threads.
  ///   - rows: n, the nodes of the forest: of a micro-batch, or of a batch of prompts and beams.
  ///   - loraSettings: of the training; nil for decoding.
  ///   - limit: the most that may be taken, in bytes; 0 for no limit.
  public init(
    shape: LanguageModelShape, tiedHead: Bool, precision: Precision, threads: Int, rows: Int,
    loraSettings: LoRASettings?, limit: Int
  ) {
    let operandBytes = precision == .f32 ? Self.floatBytes : 2
    let (width, inner) = (shape.width, shape.feedForwardWidth)
    let embedding = shape.vocabularySize * width
    let matrices = Projection.allCases.reduce(0) { total, projection in
      total + shape.size(of: projection).inputs * shape.size(of: projection).outputs
    }
    weightBytes =
      Self.floatBytes * (embedding * (tiedHead ? 1 : 2) + (2 * shape.layerCount + 1) * width)
      + operandBytes * shape.layerCount * matrices
    recomputedLayers = 0
    guard let lora = loraSettings else {
      adapterBytes = 0
      activationBytes =
        Self.floatBytes * rows * (2 * shape.layerCount * shape.kvWidth + width)
      scratchBytes =
        Self.floatBytes * rows * (4 * width + 2 * shape.queryWidth + 2 * shape.kvWidth + 3 * inner)
      return
    }
    let pairs = lora.targets.reduce(0) { total, target in
      total + lora.rank * (shape.size(of: target).inputs + shape.size(of: target).outputs)
    }
    // Weights, two moments, the gradient of a group and that of the step.
    adapterBytes = 5 * Self.floatBytes * shape.layerCount * pairs
    let kept =
      Self.floatBytes * (2 * width + shape.headCount + 2 + lora.rank * lora.targets.count)
      + operandBytes * (2 * shape.queryWidth + 2 * shape.kvWidth + 2 * inner)
    activationBytes = rows * shape.layerCount * kept
    // The feed-forward's backward pass: activations, their gradients, and LoRA's dropped inputs.
    scratchBytes = Self.floatBytes * rows * (4 * width + 7 * inner)
  }
}

internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

#if canImport(Glibc)
internal import Glibc
#endif

/// A small transformer in the manner of Llama, over sequences of vectors.
///
///     h = h + W_o attention(rot(W_q x), rot(W_k x), W_v x),   x = RMS(h)
///     h = h + W₂ (silu(W₁ x) · W₃ x),                         x = RMS(h)       for each block
///     output = RMS(h)
///
/// Causal, without biases and dropout; rotary positions with base 10000 on adjacent pairs; the inner
/// width is 4/3 of the width, rounded up to a multiple of 32.
struct InContextDecoder: Layer {
  private struct Block: Layer {
    let query: Linear
    let key: Linear
    let value: Linear
    let output: Linear
    let gate: Linear
    let up: Linear
    let down: Linear
    let attentionNorm: Tensor
    let innerNorm: Tensor

    var parameters: [(name: String, tensor: Tensor)] {
      query.parameters(under: "query") + key.parameters(under: "key")
        + value.parameters(under: "value") + output.parameters(under: "output")
        + gate.parameters(under: "gate") + up.parameters(under: "up")
        + down.parameters(under: "down")
        + [("attention-norm", attentionNorm), ("inner-norm", innerNorm)]
    }
  }

  private let blocks: [Block]
  private let lastNorm: Tensor
  private let heads: Int

  /// Draws the weights by Xavier's normal initialiser.
  init(width: Int, blocks blockCount: Int = 2, heads: Int = 2, key: UInt64) {
    precondition(width % (2 * heads) == 0, "pairs of \(width) numbers in \(heads) heads")
    let inner = (4 * width / 3 + 31) / 32 * 32
    func linear(_ inputs: Int, _ outputs: Int, _ index: Int) -> Linear {
      Linear(
        inputs: inputs, outputs: outputs, weight: .xavierNormal, hasBias: false,
        key: CounterGenerator.mix(key, UInt64(index)))
    }
    blocks = (0..<blockCount).map { block in
      let first = 7 * block
      return Block(
        query: linear(width, width, first), key: linear(width, width, first + 1),
        value: linear(width, width, first + 2), output: linear(width, width, first + 3),
        gate: linear(width, inner, first + 4), up: linear(width, inner, first + 5),
        down: linear(inner, width, first + 6),
        attentionNorm: Initializer.ones([width], key: 0),
        innerNorm: Initializer.ones([width], key: 0))
    }
    lastNorm = Initializer.ones([width], key: 0)
    self.heads = heads
  }

  var parameters: [(name: String, tensor: Tensor)] {
    blocks.enumerated().flatMap { $1.parameters(under: "blocks/\($0)") }
      + [("last-norm", lastNorm)]
  }

  /// The hidden states of some sequences, one below the other.
  ///
  /// - Parameters:
  ///   - tokens: `[n, width]`.
  ///   - lengths: of the sequences.
  /// - Returns: `[n, width]`.
  func callAsFunction(_ tokens: Tensor, lengths: [Int]) -> Tensor {
    let sequences = PackedSequences(lengths: lengths)
    let places = lengths.flatMap { Array(0..<$0) }
    var hidden = tokens
    for block in blocks {
      let x = hidden.rmsNorm(block.attentionNorm)
      let mixed = Tensor.sequenceAttention(
        query: block.query(x).rotated(places, heads: heads),
        key: block.key(x).rotated(places, heads: heads), value: block.value(x),
        sequences: sequences, heads: heads, causal: true)
      hidden = hidden + block.output(mixed)
      let y = hidden.rmsNorm(block.innerNorm)
      let gate = block.gate(y)
      hidden = hidden + block.down(gate * gate.sigmoid() * block.up(y))
    }
    return hidden.rmsNorm(lastNorm)
  }
}

extension Tensor {
  /// weight · x / √(mean x² + 1e-5) for each row.
  func rmsNorm(_ weight: Tensor) -> Tensor {
    let (rows, width) = (shape[0], shape[1])
    let scale = ((rowDots(self) / Float(width) + 1e-5).log() * -0.5).exp()
    let places = 0..<rows * width
    let scales = scale.gathered(at: places.map { $0 / width }).reshaped(shape)
    return self * scales * weight.gathered(at: places.map { $0 % width }).reshaped(shape)
  }

  /// Rotary positions: pair i of a head is turned by the place times 10000^(−2i / width of a head).
  func rotated(_ places: [Int], heads: Int) -> Tensor {
    let width = shape[1]
    let headWidth = width / heads
    var (cosines, sines) = ([Float](), [Float]())
    var partners: [Int] = []
    for (row, place) in places.enumerated() {
      for column in 0..<width {
        let pair = Double(column % headWidth / 2 * 2)
        let angle = Double(place) * pow(10000, -pair / Double(headWidth))
        cosines.append(Float(cos(angle)))
        sines.append(Float(column % 2 == 0 ? -sin(angle) : sin(angle)))
        partners.append(row * width + (column ^ 1))
      }
    }
    let turned = reshaped([count]).gathered(at: partners).reshaped(shape)
    return self * Tensor(cosines, shape: shape) + turned * Tensor(sines, shape: shape)
  }
}

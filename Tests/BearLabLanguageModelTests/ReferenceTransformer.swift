import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Foundation

/// The transformer as the paper's formulas have it: one causal sequence, in double precision.
struct ReferenceTransformer {
  /// A low-rank pair, A `[rank, in]` and B `[out, rank]`.
  struct Pair {
    var a: [Double]
    var b: [Double]
    let rank: Int
  }

  /// What the inputs of a projection's A are multiplied by: `[in]` for a layer and a position.
  typealias Mask = (_ layer: Int, _ projection: Projection, _ position: Int) -> [Double]

  let shape: LanguageModelShape
  private let weights: [WeightName: [Double]]
  private let hasTiedHead: Bool
  var pairs: [[Projection: Pair]]
  var scale = 0.0
  var mask: Mask?

  init(_ tiny: TinyModel, adapter: LoRAAdapter? = nil) {
    shape = tiny.shape
    weights = tiny.weights.mapValues { $0.map(Double.init) }
    hasTiedHead = tiny.hasTiedHead
    pairs = [[Projection: Pair]](repeating: [:], count: tiny.shape.layerCount)
    guard let adapter else { return }
    scale = adapter.settings.alpha / Double(adapter.settings.rank)
    pairs = adapter.layers.map { layer in
      layer.mapValues { pair in
        Pair(
          a: pair.a.scalars.map(Double.init), b: pair.b.scalars.map(Double.init),
          rank: adapter.settings.rank)
      }
    }
  }

  func embedding(of token: Int32) -> [Double] {
    row(Int(token), of: weight(.embedding), width: shape.width)
  }

  /// After the last norm, `[T][D]`, from `[T][D]` embeddings.
  func hiddenStates(_ embeddings: [[Double]]) -> [[Double]] {
    var x = embeddings
    for layer in 0..<shape.layerCount {
      let attended = attention(x.map { norm($0, .attentionNorm(layer: layer)) }, layer: layer)
      for position in x.indices { x[position] = sum(x[position], attended[position]) }
      for position in x.indices {
        let h = norm(x[position], .feedForwardNorm(layer: layer))
        let gate = project(.gate, h, layer: layer, position: position)
        let up = project(.up, h, layer: layer, position: position)
        let activated = zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
        x[position] = sum(
          x[position], project(.down, activated, layer: layer, position: position))
      }
    }
    return x.map { norm($0, .finalNorm) }
  }

  /// The logits of the whole vocabulary behind one hidden state.
  func logits(_ hidden: [Double]) -> [Double] {
    multiply(weight(hasTiedHead ? .embedding : .head), hidden)
  }

  private func attention(_ inputs: [[Double]], layer: Int) -> [[Double]] {
    let width = shape.headWidth
    let queries = rotatedHeads(.query, inputs, layer: layer)
    let keys = rotatedHeads(.key, inputs, layer: layer)
    let values = inputs.indices.map { project(.value, inputs[$0], layer: layer, position: $0) }
    return inputs.indices.map { position in
      let heads = (0..<shape.headCount).flatMap { head -> [Double] in
        let shared = head / (shape.headCount / shape.kvHeadCount)
        let scores = (0...position).map { other in
          dot(queries[position][head], keys[other][shared]) / Double(width).squareRoot()
        }
        let largest = scores.max() ?? 0
        let weights = scores.map { exp($0 - largest) }
        let total = weights.reduce(0, +)
        return (0..<width).map { column in
          (0...position).reduce(0) {
            $0 + weights[$1] / total * values[$1][shared * width + column]
          }
        }
      }
      return project(.output, heads, layer: layer, position: position)
    }
  }

  /// `[T][heads][width]`.
  private func rotatedHeads(
    _ projection: Projection, _ inputs: [[Double]], layer: Int
  ) -> [[[Double]]] {
    inputs.indices.map { position in
      let whole = project(projection, inputs[position], layer: layer, position: position)
      return stride(from: 0, to: whole.count, by: shape.headWidth).map { start in
        let head = Array(whole[start..<start + shape.headWidth])
        return rotate(
          shape.normalisesQueriesAndKeys
            ? norm(head, projection == .query ? .queryNorm(layer: layer) : .keyNorm(layer: layer))
            : head, position: position)
      }
    }
  }

  /// Element i is turned together with element i + width / 2.
  private func rotate(_ head: [Double], position: Int) -> [Double] {
    let half = shape.headWidth / 2
    var rotated = head
    for index in 0..<half {
      let frequency = scaled(
        pow(shape.ropeTheta, -2 * Double(index) / Double(shape.headWidth)), index)
      // The angle is rounded to single precision in PyTorch.
      let angle = Double(Float(position) * Float(frequency))
      rotated[index] = head[index] * cos(angle) - head[index + half] * sin(angle)
      rotated[index + half] = head[index + half] * cos(angle) + head[index] * sin(angle)
    }
    return rotated
  }

  private func scaled(_ frequency: Double, _ index: Int) -> Double {
    switch shape.ropeScaling {
    case .none: return frequency
    case .linear(let factor): return frequency / Double(factor)
    case .factors(let factors): return frequency / Double(factors[index])
    case .llama3(let settings):
      let turns = Double(settings.originalContextLength) * frequency / (2 * .pi)
      let low = Double(settings.lowFrequencyFactor)
      let high = Double(settings.highFrequencyFactor)
      // 0 where the frequency is divided, 1 where it stays.
      let share = min(max((turns - low) / (high - low), 0), 1)
      return frequency * (share + (1 - share) / Double(settings.factor))
    }
  }

  private func norm(_ x: [Double], _ name: WeightName) -> [Double] {
    let meanSquare = dot(x, x) / Double(x.count)
    let scale = 1 / (meanSquare + Double(shape.normEpsilon)).squareRoot()
    return zip(x, weight(name)).map { $0 * $1 * scale }
  }

  private func project(
    _ projection: Projection, _ x: [Double], layer: Int, position: Int
  ) -> [Double] {
    let product = multiply(weight(.projection(projection, layer: layer)), x)
    let bias = weight(.bias(projection, layer: layer))
    let base = bias.isEmpty ? product : sum(product, bias)
    guard let pair = pairs[layer][projection] else { return base }
    let masked = mask.map { zip(x, $0(layer, projection, position)).map(*) } ?? x
    return sum(base, multiply(pair.b, multiply(pair.a, masked)).map { $0 * scale })
  }

  private func weight(_ name: WeightName) -> [Double] { weights[name] ?? [] }

  /// W x for W `[out, in]`.
  private func multiply(_ matrix: [Double], _ x: [Double]) -> [Double] {
    (0..<matrix.count / x.count).map { dot(row($0, of: matrix, width: x.count), x) }
  }

  private func row(_ index: Int, of matrix: [Double], width: Int) -> [Double] {
    Array(matrix[index * width..<(index + 1) * width])
  }

  private func dot(_ first: [Double], _ second: [Double]) -> Double {
    zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func sum(_ first: [Double], _ second: [Double]) -> [Double] {
    zip(first, second).map(+)
  }
}

/// log softmax of a list.
func logSoftmax(_ logits: [Double]) -> [Double] {
  let largest = logits.max() ?? 0
  let normaliser = largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
  return logits.map { $0 - normaliser }
}

/// The largest difference over the largest expected magnitude.
func relativeGap(_ actual: [Float], _ expected: [Double]) -> Double {
  largestGap(actual, expected) / max(expected.map(abs).max() ?? 0, 1e-30)
}

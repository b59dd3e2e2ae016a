internal import BearLabCore
internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor
internal import Foundation

/// A base model with an adapter added to its weights, as a folder of Hugging Face.
///
///     W' = W + s · B A
///
/// One weight at a time is in memory.
struct MergedModel {
  /// Of a file of weights, as huggingface/transformers splits them; a weight is never split.
  static let shardBytes = 5_000_000_000

  let source: any ModelSource
  let adapter: LoRAAdapter
  let type: FloatType
  var shardBytes = MergedModel.shardBytes

  private var shape: LanguageModelShape { source.description.shape }

  /// Writes weights, `config.json` and tokenizer.
  ///
  /// - Parameter folder: that exists, and is empty.
  /// - Throws: `FileError`, what reading the base throws, and ``AdapterExportError`` where a GGUF file
  ///   does not say all that is to be written.
  func write(to folder: String) throws {
    try HuggingFaceFiles(source).write(to: folder, type: type)
    let shards = shards
    for (place, outlines) in shards.enumerated() {
      try SafetensorsWriter.write(
        to: "\(folder)/\(Self.fileName(place, of: shards.count))", tensors: outlines.map(\.outline)
      ) { outline in try numbers(of: outlines.first { $0.outline == outline }?.name ?? .embedding) }
    }
    if shards.count > 1 { try writeIndex(shards, to: folder) }
  }

  private typealias Weight = (name: WeightName, outline: TensorOutline)

  /// The weights by file, in the model's order.
  private var shards: [[Weight]] {
    var shards: [[Weight]] = [[]]
    var bytes = 0
    for name in shape.weightNames(tiedHead: source.description.tiedEmbeddings) {
      let outline = TensorOutline(
        name: name.huggingFaceTensor, shape: shape.extents(of: name), type: type)
      if bytes > 0, bytes + outline.byteCount > shardBytes {
        shards.append([])
        bytes = 0
      }
      shards[shards.count - 1].append((name, outline))
      bytes += outline.byteCount
    }
    return shards
  }

  private static func fileName(_ place: Int, of count: Int) -> String {
    count == 1
      ? "model.safetensors" : String(format: "model-%05d-of-%05d.safetensors", place + 1, count)
  }

  private func writeIndex(_ shards: [[Weight]], to folder: String) throws {
    var places: [String: JSONValue] = [:]
    var bytes = 0
    for (place, weights) in shards.enumerated() {
      for weight in weights {
        places[weight.outline.name] = .text(Self.fileName(place, of: shards.count))
        bytes += weight.outline.byteCount
      }
    }
    try HuggingFaceFiles.write(
      .object([
        "metadata": .object(["total_size": .number(Double(bytes))]),
        "weight_map": .object(places),
      ]), to: "\(folder)/model.safetensors.index.json")
  }

  /// A weight of the merged model, row-major.
  func numbers(of name: WeightName) throws -> [Float] {
    let count = shape.extents(of: name).reduce(1, *)
    var numbers = [Float](repeating: 0, count: count)
    var span = numbers.mutableSpan
    try source.copy(name, shape: shape, into: &span)
    guard case .projection(let projection, let layer) = name,
      let pair = adapter.layers[layer][projection]
    else { return numbers }
    Self.add(pair, to: &numbers)
    return numbers
  }

  /// Adds s · B A to a weight, `[out, in]`; each row of the product is summed on its own first.
  static func add(_ pair: LoRAPair, to weight: inout [Float]) {
    let (a, b) = (pair.a.scalars, pair.b.scalars)
    let (rank, inputs) = (pair.rank, pair.a.shape[1])
    var sum = [Float](repeating: 0, count: inputs)
    for row in 0..<pair.b.shape[0] {
      for index in 0..<inputs { sum[index] = 0 }
      for place in 0..<rank {
        let (factor, start) = (b[row * rank + place], place * inputs)
        for index in 0..<inputs { sum[index] += factor * a[start + index] }
      }
      let start = row * inputs
      for index in 0..<inputs { weight[start + index] += pair.scale * sum[index] }
    }
  }
}

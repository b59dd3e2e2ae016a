public import BearLabCore
internal import BearLabFormats
public import BearLabTensor

/// A BERT whose vector of a text is the mean of its last hidden states, normalised to length 1, as
/// MiniLM-L6 of sentence-transformers is.
///
///     v = mean_i h[i];   vector = v / max(‖v‖, 1e-12)
///
/// - Source: Reimers & Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks",
///   2019; huggingface/sentence-transformers, `models/Pooling.py`.
public final class BERTSentenceEncoder: SentenceEncoder {
  /// The rows that are computed at once: enough for fast products, few enough for the caches.
  private static let rowsOfABatch = 1024

  public let width: Int
  /// Changes with weights, vocabulary and settings: 64 hexadecimal digits.
  public let hash: String
  private let folder: EncoderFolder
  private let model: BERTModel

  /// Reads an encoder.
  ///
  /// - Parameter path: of a folder in the layout of sentence-transformers, with `vocab.txt` and
  ///   `model.safetensors`; see `scripts/fetch minilm-l6`.
  /// - Throws: ``SentenceEncoderError``.
  public init(folder path: String) throws(SentenceEncoderError) {
    folder = try EncoderFolder(path)
    do {
      model = try BERTModel(
        SafetensorsFile(path: "\(path)/\(EncoderFolder.weights)"), shape: folder.shape)
    } catch { throw .weights(error) }
    width = folder.shape.width
    hash = try folder.hash()
  }

  /// The tokens of a text, its beginning and end included; what is too long is cut off.
  public func tokens(of text: String) -> [Int32] {
    folder.tokenizer.encode(text, limit: folder.longestText)
  }

  /// The vectors of some texts, `[texts, width]`.
  ///
  /// - Throws: ``SentenceEncoderError/vectorNotFinite(text:)`` where weights are too large for single
  ///   precision.
  public func embed(_ texts: [String]) throws(SentenceEncoderError) -> Tensor {
    let tokens = texts.map { self.tokens(of: $0) }
    // Of about equal length, so that threads get equal shares.
    let order = tokens.indices.sorted { (tokens[$0].count, $0) < (tokens[$1].count, $1) }
    var vectors = [Float](repeating: 0, count: texts.count * width)
    var start = 0
    while start < order.count {
      var end = start + 1
      var rows = tokens[order[start]].count
      while end < order.count, rows + tokens[order[end]].count <= Self.rowsOfABatch {
        rows += tokens[order[end]].count
        end += 1
      }
      write(tokens, of: order[start..<end], into: &vectors)
      start = end
    }
    if let place = vectors.firstIndex(where: { !$0.isFinite }) {
      throw .vectorNotFinite(text: texts[place / width])
    }
    return Tensor(vectors, shape: [texts.count, width])
  }

  /// Computes the vectors of some texts, each at its own place.
  private func write(_ tokens: [[Int32]], of texts: ArraySlice<Int>, into vectors: inout [Float]) {
    let hidden = model.hiddenStates(of: texts.map { tokens[$0] }).scalars
    var row = 0
    for text in texts {
      let rows = row..<row + tokens[text].count
      // In double precision: a sum of 256 rows loses nothing.
      var sum = [Double](repeating: 0, count: width)
      for row in rows {
        for column in 0..<width { sum[column] += Double(hidden[row * width + column]) }
      }
      let mean = sum.map { $0 / Double(rows.count) }
      let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let divisor = folder.normalises ? max(length, 1e-12) : 1
      for column in 0..<width { vectors[text * width + column] = Float(mean[column] / divisor) }
      row = rows.upperBound
    }
  }
}

internal import CBearKernels

/// Where sequences lie in packed rows, and which of their keys may be seen.
public struct PackedSequences: Sendable {
  /// One sequence.
  public struct Sequence: Sendable, Equatable {
    /// Rows of the queries.
    public var queries: Range<Int>
    /// Rows of the keys and values.
    public var keys: Range<Int>
    /// The part of `keys` that is no padding.
    public var visible: Range<Int>

    /// Creates a sequence; without `visible`, none of its keys is padding.
    public init(queries: Range<Int>, keys: Range<Int>, visible: Range<Int>? = nil) {
      self.queries = queries
      self.keys = keys
      self.visible = visible ?? keys
    }
  }

  public let sequences: [Sequence]
  let records: [bear_sequence]

  /// Takes sequences; no two have a row of queries, or of keys, in common.
  public init(_ sequences: [Sequence]) {
    self.sequences = sequences
    records = sequences.map {
      precondition(
        $0.keys.lowerBound <= $0.visible.lowerBound && $0.visible.upperBound <= $0.keys.upperBound,
        "visible keys \($0.visible) of \($0.keys)")
      return bear_sequence(
        first_query: Int64($0.queries.lowerBound), queries: Int64($0.queries.count),
        first_key: Int64($0.keys.lowerBound), keys: Int64($0.keys.count),
        visible_start: Int64($0.visible.lowerBound - $0.keys.lowerBound),
        visible_end: Int64($0.visible.upperBound - $0.keys.lowerBound))
    }
  }

  /// Sequences of some lengths one after another, the same rows for queries and keys.
  public init(lengths: [Int]) {
    let offsets = RaggedRows.offsets(ofLengths: lengths)
    self.init(
      lengths.indices.map {
        let rows = offsets[$0]..<offsets[$0 + 1]
        return Sequence(queries: rows, keys: rows)
      })
  }

  /// The same with a query for the last row of each sequence alone, in the order of the sequences.
  public var lastQueries: PackedSequences {
    PackedSequences(
      sequences.enumerated().map {
        Sequence(queries: $0..<$0 + 1, keys: $1.keys, visible: $1.visible)
      })
  }

  var mostQueries: Int { sequences.map(\.queries.count).max() ?? 0 }
  var mostKeys: Int { sequences.map(\.keys.count).max() ?? 0 }
}

/// Dropout that a key and a place decide.
public struct DropoutSettings: Sendable, Equatable {
  /// The share that is dropped, at least 0 and below 1.
  public let rate: Float
  public let key: UInt64

  /// Creates settings.
  public init(rate: Float, key: UInt64) {
    self.rate = rate
    self.key = key
  }
}

extension Tensor {
  /// Scaled dot-product attention within sequences of packed rows, by head.
  ///
  ///     out[i] = Σ_j m[i,j] p[i,j] value[j],   p[i] = softmax_j(scale · query[i] · key[j])
  ///
  /// over the keys j of i's own sequence that are visible, and in a causal one not later than i: the
  /// last query stands at the last key. The output of a query that sees no key is 0.
  ///
  /// - Parameters:
  ///   - query: `[n, heads · width]`.
  ///   - key: `[m, heads · width]`.
  ///   - value: of the shape of `key`.
  ///   - sequences: which rows belong together.
  ///   - heads: how many.
  ///   - scale: nil for 1 / √width.
  ///   - causal: whether later keys are hidden.
  ///   - dropout: of the weights; m is a pure function of its key, the query's row, head and j.
  /// - Returns: `[n, heads · width]`.
  public static func sequenceAttention(
    query: Tensor, key: Tensor, value: Tensor, sequences: PackedSequences, heads: Int,
    scale: Float? = nil, causal: Bool, dropout: DropoutSettings? = nil
  ) -> Tensor {
    precondition(
      query.shape.count == 2 && key.shape == value.shape && key.shape.count == 2
        && query.shape[1] == key.shape[1] && heads > 0 && query.shape[1] % heads == 0,
      "attention of \(query.shape) over \(key.shape) and \(value.shape) with \(heads) heads")
    precondition(
      sequences.sequences.allSatisfy {
        $0.queries.upperBound <= query.shape[0] && $0.keys.upperBound <= key.shape[0]
      }, "sequences beyond \(query.shape[0]) queries or \(key.shape[0]) keys")
    let width = query.shape[1] / heads
    let pass = SequenceAttentionPass(
      shape: bear_sequence_shape(
        heads: heads, width: width, scale: scale ?? 1 / Float(width).squareRoot(),
        causal: causal ? 1 : 0, dropout: dropout?.rate ?? 0, dropout_key: dropout?.key ?? 0),
      sequences: sequences)
    let output = Buffer(count: query.count)
    let logSumExp = Buffer(count: query.shape[0] * heads, zeroed: false)
    pass.run { shape, first, count, records, scratch in
      bear_sequence_attention_f32(
        shape, first, count, records, query.buffer.pointer, key.buffer.pointer,
        value.buffer.pointer, output.pointer, logSumExp.pointer, scratch)
    }
    return result(output, shape: query.shape, of: [query, key, value]) { result in
      guard let upper = result.gradientBuffer else { return }
      // What needs no gradient gets one that is thrown away.
      let slopes = [query, key, value].map { $0.gradientForAdding() ?? Buffer(count: $0.count) }
      pass.run { shape, first, count, records, scratch in
        bear_sequence_attention_backward_f32(
          shape, first, count, records, query.buffer.pointer, key.buffer.pointer,
          value.buffer.pointer, logSumExp.pointer, upper.pointer, slopes[0].pointer,
          slopes[1].pointer, slopes[2].pointer, scratch)
      }
    }
  }
}

/// The tasks of one attention, a head of a sequence each, over the threads.
private struct SequenceAttentionPass {
  let shape: bear_sequence_shape
  let sequences: PackedSequences

  func run(
    _ body: (
      UnsafePointer<bear_sequence_shape>, _ first: Int, _ count: Int,
      UnsafePointer<bear_sequence>, UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    var shape = shape
    withUnsafePointer(to: &shape) { shape in
      let scratch = bear_sequence_attention_scratch(
        shape, sequences.mostQueries, sequences.mostKeys)
      sequences.records.withUnsafeBufferPointer { records in
        guard let base = records.baseAddress else { return }
        Compute.split(records.count * shape.pointee.heads) { part in
          let memory = Buffer(count: scratch, zeroed: false)
          body(shape, part.lowerBound, part.count, base, memory.pointer)
        }
      }
    }
  }
}

import CBearKernels
import Foundation
import Testing

/// One chain of query rows with its ancestors, in fused rows of queries, keys and values, and the
/// same computation in double precision.
struct AttentionCase: Sendable, CustomTestStringConvertible {
  let heads: Int
  let keyHeads: Int
  let width: Int
  let rows: Int
  let rowCount: Int
  var qkv: [Float]
  let dOut: [Float]
  /// The ancestors' ranges, the later in memory first, without the chain's own rows.
  let ancestors: [bear_rows]

  init(heads: Int, keyHeads: Int, width: Int, history: [Int], rows: Int) {
    (self.heads, self.keyHeads, self.width, self.rows) = (heads, keyHeads, width, rows)
    var next = 0
    ancestors = history.reversed().map { count in
      defer { next += count + 1 }
      return bear_rows(start: Int64(next), count: Int64(count))
    }.reversed()
    rowCount = next + rows
    qkv = randomFloats(rowCount * ((heads + 2 * keyHeads) * width + 3), seed: 50)
    dOut = randomFloats(rowCount * (heads * width + 1), seed: 51)
  }

  var testDescription: String {
    "\(heads)/\(keyHeads) heads of \(width), \(rows) rows after \(ancestors.map(\.count))"
  }

  var stride: Int { (heads + 2 * keyHeads) * width + 3 }
  var outStride: Int { heads * width + 1 }
  private var firstRow: Int { rowCount - rows }
  private var scale: Float { 1 / Float(width).squareRoot() }

  private var shape: bear_attention_shape {
    bear_attention_shape(
      heads: heads, kv_heads: keyHeads, width: width, q_stride: stride, kv_stride: stride,
      out_stride: outStride, scale: scale)
  }

  /// Whether the backward pass writes here, rather than adds.
  func isWrittenQuery(_ place: Int) -> Bool {
    place / stride >= firstRow && place % stride < heads * width
  }

  // MARK: Kernel

  /// The chain's task for rows `from..<to`; its own rows in one range, or in two.
  private func task(
    _ from: Int, _ to: Int, splitsRange: Bool
  ) -> (bear_attention_task, [bear_rows]) {
    let cut = splitsRange ? from : 0
    var ranges = ancestors
    if cut > 0 { ranges.append(bear_rows(start: Int64(firstRow), count: Int64(cut))) }
    ranges.append(bear_rows(start: Int64(firstRow + cut), count: Int64(to - cut)))
    let task = bear_attention_task(
      first_row: Int64(firstRow + from), rows: Int64(to - from), first_range: 1,
      range_count: Int64(ranges.count))
    // Another chain's range comes first.
    return (task, [bear_rows(start: 0, count: 1)] + ranges)
  }

  private func scratch(_ ranges: [bear_rows], rows: Int) -> [Float] {
    var shape = shape
    let keys = ranges.dropFirst().reduce(0) { $0 + Int($1.count) }
    return unwritten(bear_attention_scratch(&shape, rows, keys))
  }

  /// Output and log-sum-exp; 0 in the rows of ancestors.
  func forward(cuts: [Int], splitsRange: Bool = false) -> (out: [Float], lse: [Float]) {
    var shape = shape
    var out = [Float](repeating: 0, count: rowCount * outStride)
    var lse = [Float](repeating: 0, count: rowCount * heads)
    let edges = [0] + cuts + [rows]
    for (from, to) in zip(edges, edges.dropFirst()) where from < to {
      var (task, ranges) = task(from, to, splitsRange: splitsRange)
      var scratch = scratch(ranges, rows: to - from)
      qkv.withUnsafeBufferPointer { q in
        let keys = q.baseAddress.map { $0 + heads * width }
        let values = keys.map { $0 + keyHeads * width }
        bear_attention_f32(
          &shape, &task, ranges, q.baseAddress, keys, values, &out, &lse, &scratch)
      }
    }
    return (out, lse)
  }

  /// The gradient of `sum(dOut * out)` with respect to the fused rows.
  func backward(of result: (out: [Float], lse: [Float]), addingTo before: [Float]) -> [Float] {
    var shape = shape
    var gradient = before
    var (task, ranges) = task(0, rows, splitsRange: false)
    var scratch = scratch(ranges, rows: rows)
    qkv.withUnsafeBufferPointer { q in
      gradient.withUnsafeMutableBufferPointer { dq in
        let keys = q.baseAddress.map { $0 + heads * width }
        let values = keys.map { $0 + keyHeads * width }
        let dKeys = dq.baseAddress.map { $0 + heads * width }
        let dValues = dKeys.map { $0 + keyHeads * width }
        bear_attention_backward_f32(
          &shape, &task, ranges, q.baseAddress, keys, values, result.out, result.lse, dOut,
          dq.baseAddress, dKeys, dValues, &scratch)
      }
    }
    return gradient
  }

  // MARK: Reference

  struct Reference {
    var out: [Double]
    var lse: [Double]
    var gradient: [Double]
  }

  /// The rows that query `i` of the chain sees, in order.
  private func visible(_ i: Int) -> [Int] {
    let own = bear_rows(start: Int64(firstRow), count: Int64(i + 1))
    return (ancestors + [own]).flatMap { Int($0.start)..<Int($0.start + $0.count) }
  }

  func reference(_ inputs: [Double]? = nil) -> Reference {
    let x = inputs ?? doubles(qkv)
    var result = Reference(
      out: [Double](repeating: 0, count: rowCount * outStride),
      lse: [Double](repeating: 0, count: rowCount * heads),
      gradient: [Double](repeating: 0, count: x.count))
    for i in 0..<rows {
      for h in 0..<heads {
        addReference(x, row: firstRow + i, head: h, seen: visible(i), to: &result)
      }
    }
    return result
  }

  private func addReference(
    _ x: [Double], row: Int, head h: Int, seen: [Int], to result: inout Reference
  ) {
    let scale = Double(scale)
    let query = row * stride + h * width
    let output = row * outStride + h * width
    let keyColumn = (heads + h / (heads / keyHeads)) * width
    let keys = seen.map { $0 * stride + keyColumn }
    let values = keys.map { $0 + keyHeads * width }
    let scores = keys.map { key in
      scale * (0..<width).reduce(0.0) { $0 + x[query + $1] * x[key + $1] }
    }
    let largest = scores.max() ?? 0
    let lse = largest + log(scores.reduce(0.0) { $0 + exp($1 - largest) })
    result.lse[row * heads + h] = lse
    let p = scores.map { exp($0 - lse) }
    for (j, value) in values.enumerated() {
      for i in 0..<width { result.out[output + i] += p[j] * x[value + i] }
    }
    let dP = values.map { value in
      (0..<width).reduce(0.0) { $0 + Double(dOut[output + $1]) * x[value + $1] }
    }
    let mean = zip(p, dP).reduce(0.0) { $0 + $1.0 * $1.1 }
    for j in keys.indices {
      let dScore = scale * p[j] * (dP[j] - mean)
      for i in 0..<width {
        result.gradient[query + i] += dScore * x[keys[j] + i]
        result.gradient[keys[j] + i] += dScore * x[query + i]
        result.gradient[values[j] + i] += p[j] * Double(dOut[output + i])
      }
    }
  }
}

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
  var dOut: [Float]
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

  /// The case with inputs that bfloat16 holds.
  var rounded: AttentionCase {
    var example = self
    example.qkv = qkv.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
    example.dOut = dOut.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
    return example
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

  /// How a chain's rows go to the kernel.
  struct Cuts: Sendable {
    /// The parts' first rows, but for the first part's.
    var rows: [Int] = []
    /// Each part's own rows in two ranges where there are parts before it.
    var splitsRange = false
    /// The parts as chains of one task, with this many keys packed once; else a task for each.
    var shared: Int?
  }

  /// A task's chains and ranges, behind some of another task's.
  private struct Work {
    var task = bear_attention_task(first_chain: 1, chain_count: 0, shared_keys: 0)
    var chains = [bear_attention_chain(first_row: 0, rows: 1, first_range: 0, range_count: 1)]
    var ranges = [bear_rows(start: 0, count: 1)]
  }

  private func work(_ cuts: Cuts) -> [Work] {
    let edges = [0] + cuts.rows + [rows]
    var works = cuts.shared == nil ? [] : [Work()]
    for (from, to) in zip(edges, edges.dropFirst()) where from < to {
      if cuts.shared == nil { works.append(Work()) }
      add(from, to, splitsRange: cuts.splitsRange, to: &works[works.count - 1])
    }
    if let shared = cuts.shared { works[0].task.shared_keys = Int64(shared) }
    return works
  }

  private func add(_ from: Int, _ to: Int, splitsRange: Bool, to work: inout Work) {
    let cut = splitsRange ? from : 0
    var own = ancestors
    if cut > 0 { own.append(bear_rows(start: Int64(firstRow), count: Int64(cut))) }
    own.append(bear_rows(start: Int64(firstRow + cut), count: Int64(to - cut)))
    work.task.chain_count += 1
    work.chains.append(
      bear_attention_chain(
        first_row: Int64(firstRow + from), rows: Int64(to - from),
        first_range: Int64(work.ranges.count), range_count: Int64(own.count)))
    work.ranges += own
  }

  /// The keys above all rows.
  var keysAbove: Int { ancestors.reduce(0) { $0 + Int($1.count) } }

  typealias Result = (out: [Float], lse: [Float])

  /// Output and log-sum-exp; 0 in the rows of ancestors.
  func forward(_ cuts: Cuts = Cuts()) -> Result {
    var shape = shape
    var out = [Float](repeating: 0, count: rowCount * outStride)
    var lse = [Float](repeating: 0, count: rowCount * heads)
    for var work in work(cuts) {
      var scratch = unwritten(
        bear_attention_scratch(&shape, &work.task, work.chains, work.ranges))
      qkv.withUnsafeBufferPointer { q in
        let (keys, values) = columns(of: q.baseAddress)
        bear_attention_f32(
          &shape, &work.task, work.chains, work.ranges, q.baseAddress, keys, values, &out, &lse,
          &scratch)
      }
    }
    return (out, lse)
  }

  /// The gradient of `sum(dOut * out)` with respect to the fused rows.
  func backward(_ cuts: Cuts = Cuts(), of result: Result, addingTo before: [Float]) -> [Float] {
    var shape = shape
    var gradient = before
    for var work in work(cuts) {
      var scratch = unwritten(
        bear_attention_scratch(&shape, &work.task, work.chains, work.ranges))
      qkv.withUnsafeBufferPointer { q in
        gradient.withUnsafeMutableBufferPointer { dq in
          let (keys, values) = columns(of: q.baseAddress)
          let (dKeys, dValues) = columns(of: dq.baseAddress)
          bear_attention_backward_f32(
            &shape, &work.task, work.chains, work.ranges, q.baseAddress, keys, values, result.out,
            result.lse, dOut, dq.baseAddress, dKeys, dValues, &scratch)
        }
      }
    }
    return gradient
  }

  /// ``forward(_:)`` of bfloat16 numbers; the output is widened.
  func forwardBfloat16(_ cuts: Cuts = Cuts()) -> Result {
    var shape = shape
    var out = [UInt16](repeating: 0, count: rowCount * outStride)
    var lse = [Float](repeating: 0, count: rowCount * heads)
    for var work in work(cuts) {
      var scratch = unwritten(
        bear_attention_scratch(&shape, &work.task, work.chains, work.ranges))
      bfloat16(qkv).withUnsafeBufferPointer { q in
        let (keys, values) = columns(of: q.baseAddress)
        bear_attention_bf16(
          &shape, &work.task, work.chains, work.ranges, q.baseAddress, keys, values, &out, &lse,
          &scratch)
      }
    }
    return (out.map { Float(bitPattern: UInt32($0) << 16) }, lse)
  }

  /// ``backward(_:of:addingTo:)`` of bfloat16 numbers.
  func backwardBfloat16(
    _ cuts: Cuts = Cuts(), of result: Result, addingTo before: [Float]
  ) -> [Float] {
    var shape = shape
    var gradient = before
    for var work in work(cuts) {
      var scratch = unwritten(
        bear_attention_scratch(&shape, &work.task, work.chains, work.ranges))
      bfloat16(qkv).withUnsafeBufferPointer { q in
        gradient.withUnsafeMutableBufferPointer { dq in
          let (keys, values) = columns(of: q.baseAddress)
          let (dKeys, dValues) = columns(of: dq.baseAddress)
          bear_attention_backward_bf16(
            &shape, &work.task, work.chains, work.ranges, q.baseAddress, keys, values,
            bfloat16(result.out), result.lse, bfloat16(dOut), dq.baseAddress, dKeys, dValues,
            &scratch)
        }
      }
    }
    return gradient
  }

  private func columns<T>(of rows: UnsafePointer<T>?) -> (UnsafePointer<T>?, UnsafePointer<T>?) {
    let keys = rows.map { $0 + heads * width }
    return (keys, keys.map { $0 + keyHeads * width })
  }

  private func columns<T>(
    of rows: UnsafeMutablePointer<T>?
  ) -> (UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?) {
    let keys = rows.map { $0 + heads * width }
    return (keys, keys.map { $0 + keyHeads * width })
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

/// The upper halves of numbers that bfloat16 holds.
private func bfloat16(_ values: [Float]) -> [UInt16] {
  values.map { UInt16($0.bitPattern >> 16) }
}

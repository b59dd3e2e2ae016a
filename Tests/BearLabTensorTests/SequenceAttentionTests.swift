import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

/// Sequences of odd lengths, with padding, and with fewer queries than keys; and one that sees
/// nothing.
private var sequences: PackedSequences {
  PackedSequences([
    .init(queries: 0..<5, keys: 0..<5),
    .init(queries: 5..<6, keys: 5..<22, visible: 7..<22),
    .init(queries: 6..<9, keys: 22..<25, visible: 22..<24),
    .init(queries: 9..<11, keys: 25..<27, visible: 25..<25),
  ])
}
private let (queryRows, keyRows) = (11, 27)

/// Attention one number at a time.
private func reference(
  _ q: [Double], _ k: [Double], _ v: [Double], heads: Int, width: Int, causal: Bool,
  in sequences: PackedSequences
) -> [Double] {
  var out = [Double](repeating: 0, count: q.count)
  let stride = heads * width
  for sequence in sequences.sequences {
    for (place, i) in sequence.queries.enumerated() {
      let last = sequence.keys.upperBound - sequence.queries.count + place
      let keys = sequence.visible.filter { !causal || $0 <= last }
      for head in 0..<heads {
        let columns = head * width..<(head + 1) * width
        let scores = keys.map { j in
          columns.reduce(0) { $0 + q[i * stride + $1] * k[j * stride + $1] }
            / Double(width).squareRoot()
        }
        let total = scores.reduce(0) { $0 + exp($1) }
        for (j, score) in zip(keys, scores) {
          for column in columns {
            out[i * stride + column] += exp(score) / total * v[j * stride + column]
          }
        }
      }
    }
  }
  return out
}

@Test(arguments: [(1, 1), (2, 16), (1, 64), (3, 5)], [false, true])
func sequenceAttentionMatchesTheDoubleReference(sizes: (Int, Int), causal: Bool) throws {
  let (heads, width) = sizes
  let q = randomTensor([queryRows, heads * width], seed: 1)
  let k = randomTensor([keyRows, heads * width], seed: 2)
  let v = randomTensor([keyRows, heads * width], seed: 3)
  func doubles(_ tensor: Tensor) -> [Double] { tensor.scalars.map(Double.init) }
  let expected = reference(
    doubles(q), doubles(k), doubles(v), heads: heads, width: width, causal: causal, in: sequences)
  for set in availableInstructionSets {
    try withCompute(threads: 2, instructionSet: set) {
      func output(_ inputs: [Tensor], dropout: DropoutSettings? = nil) -> Tensor {
        .sequenceAttention(
          query: inputs[0], key: inputs[1], value: inputs[2], sequences: sequences, heads: heads,
          causal: causal, dropout: dropout)
      }
      let own = output([q, k, v])
      #expect(largestGap(own.scalars, expected) < 1e-5, "\(set)")
      #expect(own.scalars.suffix(2 * heads * width).allSatisfy { $0 == 0 })
      let factors = randomTensor(q.shape, seed: 4)
      for dropout in [nil, DropoutSettings(rate: 0.4, key: 3)] {
        let error = GradientCheck.largestError(
          of: { (output($0, dropout: dropout) * factors).sum() }, at: [q, k, v])
        #expect(error < 1e-3, "\(set), dropout \(dropout?.rate ?? 0)")
      }
    }
  }
}

/// All values 1: a weight is what it contributes, so the mean over many draws is 1.
@Test func droppedWeightsKeepTheirExpectation() throws {
  let lengths = [Int](repeating: 9, count: 400)
  let rows = lengths.reduce(0, +)
  let q = randomTensor([rows, 2], seed: 1)
  let k = randomTensor([rows, 2], seed: 2)
  let ones = Tensor([Float](repeating: 1, count: rows * 2), shape: [rows, 2])
  func run(_ key: UInt64) -> [Float] {
    Tensor.sequenceAttention(
      query: q, key: k, value: ones, sequences: PackedSequences(lengths: lengths), heads: 2,
      causal: false, dropout: DropoutSettings(rate: 0.5, key: key)
    ).scalars
  }
  // With an instruction set that no other test changes meanwhile.
  try withCompute {
    let first = run(1)
    let mean = first.reduce(0, +) / Float(first.count)
    #expect(abs(mean - 1) < 0.03)
    #expect(Set(first).count > 1000)
    let (isRepeated, isOther) = (run(1) == first, run(2) != first)
    #expect(isRepeated && isOther)
  }
}

@Test func aCausalSequenceSeesNothingLater() throws {
  // Other tests change the instruction set meanwhile.
  try withCompute {
    let sequences = PackedSequences(lengths: [4, 3])
    func run(_ key: Tensor, _ value: Tensor) -> [Float] {
      Tensor.sequenceAttention(
        query: randomTensor([7, 6], seed: 1), key: key, value: value, sequences: sequences,
        heads: 2,
        causal: true
      ).scalars
    }
    let (k, v) = (randomTensor([7, 6], seed: 2), randomTensor([7, 6], seed: 3))
    let before = run(k, v)
    // Row 2 changes: rows 0, 1 and the other sequence stay, rows 2 and 3 do not.
    func moved(_ tensor: Tensor) -> Tensor {
      Tensor(tensor.scalars.enumerated().map { $0 / 6 == 2 ? $1 + 1 : $1 }, shape: tensor.shape)
    }
    let after = run(moved(k), moved(v))
    #expect(Array(before[..<12]) == Array(after[..<12]))
    #expect(Array(before[24...]) == Array(after[24...]))
    #expect(before[12..<18] != after[12..<18])
    #expect(before[18..<24] != after[18..<24])
  }
}

@Test func lastQueriesStandAtTheLastKeys() {
  let sequences = PackedSequences(lengths: [4, 1, 3])
  let x = randomTensor([8, 6], seed: 1)
  let all = Tensor.sequenceAttention(
    query: x, key: x, value: x, sequences: sequences, heads: 1, causal: true)
  let last = Tensor.sequenceAttention(
    query: x.rows(at: [3, 4, 7]), key: x, value: x, sequences: sequences.lastQueries, heads: 1,
    causal: true)
  #expect(largestGap(last.scalars, all.rows(at: [3, 4, 7]).scalars) < 1e-6)
}

import BearLabTestSupport
import CBearKernels
import Foundation
import Testing

/// From one number to the shapes of a 135-million-parameter model; odd widths, an empty range, keys
/// that just fill vectors, one key head for all, one key head for each.
let attentionCases = [
  AttentionCase(heads: 1, keyHeads: 1, width: 1, history: [], rows: 1),
  AttentionCase(heads: 9, keyHeads: 3, width: 64, history: [33], rows: 5),
  AttentionCase(heads: 9, keyHeads: 3, width: 64, history: [100, 0, 57], rows: 40),
  AttentionCase(heads: 4, keyHeads: 2, width: 17, history: [20], rows: 3),
  AttentionCase(heads: 30, keyHeads: 1, width: 5, history: [], rows: 17),
  AttentionCase(heads: 6, keyHeads: 3, width: 63, history: [16], rows: 16),
  AttentionCase(heads: 2, keyHeads: 2, width: 128, history: [31, 1], rows: 9),
]

extension KernelTests {
  @Suite struct Attention {
    @Test(arguments: availableISAs, attentionCases)
    func forward(isa: String, example: AttentionCase) throws {
      let result = try withISA(isa) { example.forward() }
      let expected = example.reference()
      #expect(largestGap(result.out, expected.out) < 2e-6)
      #expect(largestGap(result.lse, expected.lse) < 2e-6)
    }

    @Test(arguments: availableISAs, attentionCases)
    func backward(isa: String, example: AttentionCase) throws {
      let before = randomFloats(example.qkv.count, seed: 40)
      let gradient = try withISA(isa) {
        example.backward(of: example.forward(), addingTo: before)
      }
      var expected = example.reference().gradient
      for place in expected.indices where !example.isWrittenQuery(place) {
        expected[place] += Double(before[place])
      }
      #expect(scaledGap(gradient, expected) < 2e-6)
    }

    /// The expected gradient itself, against differences of the expected output.
    @Test func referenceGradientMatchesFiniteDifferences() {
      let example = AttentionCase(heads: 4, keyHeads: 2, width: 3, history: [4], rows: 3)
      let gradient = example.reference().gradient
      let direction = doubles(randomFloats(gradient.count, seed: 41))
      let step = 1e-5
      func loss(_ sign: Double) -> Double {
        let moved = zip(doubles(example.qkv), direction).map { $0 + sign * step * $1 }
        return zip(example.reference(moved).out, example.dOut).reduce(0.0) {
          $0 + $1.0 * Double($1.1)
        }
      }
      let difference = (loss(1) - loss(-1)) / (2 * step)
      let expected = zip(gradient, direction).reduce(0.0) { $0 + $1.0 * $1.1 }
      #expect(abs(difference - expected) < 1e-7)
    }

    @Test(arguments: availableISAs, attentionCases)
    func cutsOfTheChainLeaveEveryBit(isa: String, example: AttentionCase) throws {
      try withISA(isa) {
        let whole = example.forward()
        for cuts in AttentionCase.Cuts.some(of: example) {
          // Compared outside `#expect`, whose listing of differences would take minutes.
          let same = haveSameBits(example.forward(cuts), whole)
          #expect(same, "\(cuts)")
        }
      }
    }

    /// The order of sums differs, so the bits do.
    @Test(arguments: availableISAs, attentionCases)
    func cutsOfTheChainLeaveTheGradient(isa: String, example: AttentionCase) throws {
      let before = [Float](repeating: 0, count: example.qkv.count)
      try withISA(isa) {
        let result = example.forward()
        let whole = doubles(example.backward(of: result, addingTo: before))
        for cuts in AttentionCase.Cuts.some(of: example) {
          #expect(scaledGap(example.backward(cuts, of: result, addingTo: before), whole) < 4e-6)
        }
      }
    }

    /// Later nodes of a chain are in the same tile, and must not reach the earlier ones.
    @Test(arguments: availableISAs)
    func laterNodesDoNotReachEarlierOnes(isa: String) throws {
      var example = AttentionCase(heads: 6, keyHeads: 2, width: 20, history: [13], rows: 7)
      let clean = try withISA(isa) { example.forward() }
      for place in (example.rowCount - 1) * example.stride..<example.qkv.count {
        example.qkv[place] = .nan
      }
      let result = try withISA(isa) { example.forward() }
      let outs = (example.rowCount - 1) * example.outStride
      #expect(Array(result.out[..<outs]) == Array(clean.out[..<outs]))
      #expect(result.out[outs].isNaN)
    }
  }
}

extension AttentionCase.Cuts {
  /// Single rows, uneven parts, with and without shared keys.
  static func some(of example: AttentionCase) -> [Self] {
    [Array(1..<example.rows), [example.rows / 3, example.rows / 2]].flatMap { rows in
      [false, true].flatMap { splitsRange in
        [nil, 0, example.keysAbove / 2, example.keysAbove].map { shared in
          Self(rows: rows, splitsRange: splitsRange, shared: shared)
        }
      }
    }
  }
}

func haveSameBits(_ a: AttentionCase.Result, _ b: AttentionCase.Result) -> Bool {
  a.out.map(\.bitPattern) == b.out.map(\.bitPattern)
    && a.lse.map(\.bitPattern) == b.lse.map(\.bitPattern)
}

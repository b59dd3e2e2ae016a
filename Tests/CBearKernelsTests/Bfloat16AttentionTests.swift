import BearLabTestSupport
import CBearKernels
import Foundation
import Testing

/// What rounding to bfloat16, of 8 significant bits, changes at most, relative to the number.
private let unitRoundoff = 0x1p-8

extension KernelTests {
  /// Inputs are numbers that bfloat16 holds, so that the reference sees the same.
  ///
  /// What is left is the rounding of probabilities, of scores' gradients and of the output: one
  /// unit each, of either sign.
  @Suite struct Bfloat16Attention {
    @Test(arguments: availableISAs, attentionCases.map(\.rounded))
    func forward(isa: String, example: AttentionCase) throws {
      let result = try withISA(isa) { example.forwardBfloat16() }
      let expected = example.reference()
      #expect(scaledGap(result.out, expected.out) < unitRoundoff)
      #expect(largestGap(result.lse, expected.lse) < 2e-6)
    }

    @Test(arguments: availableISAs, attentionCases.map(\.rounded))
    func backward(isa: String, example: AttentionCase) throws {
      let before = randomFloats(example.qkv.count, seed: 40)
      let gradient = try withISA(isa) {
        example.backwardBfloat16(of: example.forwardBfloat16(), addingTo: before)
      }
      let expected = example.reference().gradient
      let found = gradient.indices.map { place in
        Double(gradient[place]) - (example.isWrittenQuery(place) ? 0 : Double(before[place]))
      }
      let gap = zip(found, expected).reduce(0) { $0 + pow($1.0 - $1.1, 2) }.squareRoot()
      let size = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(gap <= unitRoundoff * size)
      // A key's gradient is a sum over many queries.
      #expect(scaledGap(found.map { Float($0) }, expected) < 8 * unitRoundoff)
    }

    @Test(arguments: availableISAs, attentionCases.map(\.rounded))
    func cutsOfTheChainLeaveEveryBit(isa: String, example: AttentionCase) throws {
      try withISA(isa) {
        let whole = example.forwardBfloat16()
        for cuts in AttentionCase.Cuts.some(of: example) {
          let same = haveSameBits(example.forwardBfloat16(cuts), whole)
          #expect(same, "\(cuts)")
        }
      }
    }

    /// A tile's other queries take part in a key's sum in another order.
    @Test(arguments: availableISAs, attentionCases.map(\.rounded))
    func cutsOfTheChainLeaveTheGradient(isa: String, example: AttentionCase) throws {
      let before = [Float](repeating: 0, count: example.qkv.count)
      try withISA(isa) {
        let result = example.forwardBfloat16()
        let whole = doubles(example.backwardBfloat16(of: result, addingTo: before))
        for cuts in AttentionCase.Cuts.some(of: example) {
          let parts = example.backwardBfloat16(cuts, of: result, addingTo: before)
          #expect(scaledGap(parts, whole) < 4e-6)
        }
      }
    }

    /// A later node may be half of the last pair of keys that an earlier one sees.
    @Test(arguments: availableISAs)
    func laterNodesDoNotReachEarlierOnes(isa: String) throws {
      for history in [12, 13] {
        var example =
          AttentionCase(heads: 6, keyHeads: 2, width: 20, history: [history], rows: 7).rounded
        let clean = try withISA(isa) { example.forwardBfloat16() }
        for place in (example.rowCount - 1) * example.stride..<example.qkv.count {
          example.qkv[place] = .nan
        }
        let result = try withISA(isa) { example.forwardBfloat16() }
        let outs = (example.rowCount - 1) * example.outStride
        #expect(Array(result.out[..<outs]) == Array(clean.out[..<outs]))
        #expect(result.out[outs].isNaN)
      }
    }

    /// The best set of this CPU multiplies bfloat16 exactly if it is named for it.
    @Test(arguments: availableISAs)
    func onlyTheSetNamedForItHasBfloat16(isa: String) throws {
      try withISA(isa) { #expect((bear_has_bf16() != 0) == (isa == "avx512_bf16")) }
    }

    /// The two AVX-512 sets differ in bfloat16 only.
    @Test(
      .enabled(if: availableISAs.contains("avx512_bf16"), "this CPU has no avx512_bf16"),
      arguments: attentionCases)
    func singlePrecisionHasTheBitsOfAVX512(example: AttentionCase) throws {
      let plain = try withISA("avx512") { example.forward() }
      let other = try withISA("avx512_bf16") { example.forward() }
      let same = haveSameBits(plain, other)
      #expect(same)
    }
  }
}

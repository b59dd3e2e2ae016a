import BearLabTestSupport
import CBearKernels
import Foundation
import Testing

extension KernelTests {
  @Suite struct Operands {
    /// The numbers beside each bfloat16 number and between two, and any others.
    ///
    /// No subnormal ones, which some CPUs take for 0.
    @Test(arguments: availableISAs)
    func roundsToTheNearest(isa: String) throws {
      var random = SeededGenerator(70)
      var patterns = (UInt32(0)...0xFFFF).flatMap { upper in
        [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF].map { upper << 16 | $0 }
      }
      patterns += (0..<10_001).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
      let x = patterns.map { Float(bitPattern: $0) }.filter { !$0.isSubnormal }
      var y = [UInt16](repeating: 0, count: x.count)
      try withISA(isa) { bear_round_rows(1, x.count, x, x.count, &y, x.count) }
      let wrong = x.indices.filter {
        x[$0].isNaN ? !widened(y[$0]).isNaN : y[$0] != roundedToHalf(x[$0])
      }
      #expect(wrong.isEmpty)
    }

    @Test(arguments: availableISAs)
    func widensEveryBfloat16Number(isa: String) throws {
      let all = Array(UInt16.min...UInt16.max)
      var y = unwritten(all.count)
      try withISA(isa) { bear_widen_rows(1, all.count, all, all.count, &y, all.count) }
      #expect(y.map(\.bitPattern) == all.map { UInt32($0) << 16 })
    }

    /// What lies between the rows stays as it was.
    @Test(arguments: availableISAs, [(0, 3), (1, 1), (3, 7), (2, 64), (4, 257)])
    func convertsRows(isa: String, shape: (rows: Int, width: Int)) throws {
      let (rows, width) = shape
      let x = randomFloats(rows * (width + 2), seed: 71)
      let before = randomFloats(rows * (width + 3), seed: 72)
      var halves = before.map(roundedToHalf)
      var wide = before
      try withISA(isa) {
        bear_round_rows(rows, width, x, width + 2, &halves, width + 3)
        bear_widen_rows(rows, width, x.map(roundedToHalf), width + 2, &wide, width + 3)
      }
      for place in before.indices {
        let (r, i) = (place / (width + 3), place % (width + 3))
        let source = i < width ? x[r * (width + 2) + i] : nil
        #expect(halves[place] == roundedToHalf(source ?? before[place]))
        #expect(wide[place] == source.map { widened(roundedToHalf($0)) } ?? before[place])
      }
    }
  }

  @Suite struct SwiGLU {
    /// Gate and up as columns of one matrix, and rows of everything else further apart than needed.
    @Test(arguments: availableISAs, [(1, 1), (3, 7), (2, 64), (4, 257)])
    func matchesTheDoubleReference(isa: String, shape: (rows: Int, width: Int)) throws {
      let (rows, width) = shape
      let example = SwiGLUCase(rows: rows, width: width, type: BEAR_F32)
      let (y, gradient) = try withISA(isa) { (example.forward(), example.backward()) }
      #expect(scaledGap(y, example.expected) < 1e-6)
      #expect(scaledGap(gradient, example.expectedGradient) < 2e-6)
    }

    /// As in f32, and rounded at the end.
    @Test(arguments: availableISAs, [(1, 1), (3, 7), (2, 64), (4, 257)])
    func roundsOperands(isa: String, shape: (rows: Int, width: Int)) throws {
      let halves = SwiGLUCase(rows: shape.rows, width: shape.width, type: BEAR_BF16)
      let singles = SwiGLUCase(halves, as: BEAR_F32)
      try withISA(isa) {
        let (y, gradient) = (singles.forward(), singles.backward())
        #expect(halves.forwardHalves() == y.map(roundedToHalf))
        #expect(halves.backwardHalves() == gradient.map(roundedToHalf))
        #expect(halves.forwardByBackward() == halves.forwardBytes())
        #expect(singles.forwardByBackward() == singles.forwardBytes())
      }
    }
  }
}

/// Rows of gate and up in one matrix, with one column more than they need.
private struct SwiGLUCase {
  let rows: Int
  let width: Int
  let gateUp: Operand
  let dy: [Float]

  init(rows: Int, width: Int, type: bear_element) {
    (self.rows, self.width) = (rows, width)
    // Far enough out for the exponential to overflow and to vanish.
    let numbers = randomFloats(rows * (2 * width + 1), seed: 73, in: -20...20).map {
      abs($0) > 15 ? $0 * 10 : $0
    }
    gateUp = Operand(numbers, type)
    dy = randomFloats(rows * (width + 2), seed: 74)
  }

  /// The same numbers as another type.
  init(_ other: SwiGLUCase, as type: bear_element) {
    (rows, width, dy) = (other.rows, other.width, other.dy)
    gateUp = Operand(other.gateUp.values, type)
  }

  private var stride: Int { 2 * width + 1 }
  private var elementSize: Int { gateUp.type == BEAR_BF16 ? 2 : 4 }

  func forward() -> [Float] {
    var y = [Float](repeating: 0, count: rows * (width + 2))
    forward(into: &y)
    return y
  }

  func forwardHalves() -> [UInt16] {
    var y = [UInt16](repeating: 0, count: rows * (width + 2))
    forward(into: &y)
    return y
  }

  private func forward(into y: UnsafeMutableRawPointer) {
    gateUp.withPointer(at: 0) { gate in
      bear_swiglu(
        gateUp.type, rows, width, gate, gate.map { $0 + width * elementSize }, stride, y,
        width + 2)
    }
  }

  func backward() -> [Float] {
    var gradient = [Float](repeating: 0, count: rows * stride)
    backward(into: &gradient)
    return gradient
  }

  func backwardHalves() -> [UInt16] {
    var gradient = [UInt16](repeating: 0, count: rows * stride)
    backward(into: &gradient)
    return gradient
  }

  private func backward(into gradient: UnsafeMutableRawPointer) {
    gateUp.withPointer(at: 0) { gate in
      bear_swiglu_backward(
        gateUp.type, rows, width, gate, gate.map { $0 + width * elementSize }, stride, dy,
        width + 2, gradient, gradient + width * elementSize, stride, nil, 0)
    }
  }

  /// What the backward pass gives of the forward pass once more.
  func forwardByBackward() -> [UInt8] {
    var y = [UInt8](repeating: 0, count: rows * (width + 2) * elementSize)
    var gradient = [Float](repeating: 0, count: rows * stride)
    gateUp.withPointer(at: 0) { gate in
      gradient.withUnsafeMutableBytes { gradient in
        bear_swiglu_backward(
          gateUp.type, rows, width, gate, gate.map { $0 + width * elementSize }, stride, dy,
          width + 2, gradient.baseAddress, gradient.baseAddress.map { $0 + width * elementSize },
          stride, &y, width + 2)
      }
    }
    return y
  }

  /// The bytes of ``forward()`` in the case's own type.
  func forwardBytes() -> [UInt8] {
    var y = [UInt8](repeating: 0, count: rows * (width + 2) * elementSize)
    forward(into: &y)
    return y
  }

  /// 0 between the rows, as ``forward()`` leaves it.
  var expected: [Double] {
    var result = [Double](repeating: 0, count: rows * (width + 2))
    forEach { r, i, g, u in result[r * (width + 2) + i] = g / (1 + exp(-g)) * u }
    return result
  }

  var expectedGradient: [Double] {
    var result = [Double](repeating: 0, count: rows * stride)
    forEach { r, i, g, u in
      let s = 1 / (1 + exp(-g))
      let d = Double(dy[r * (width + 2) + i])
      result[r * stride + i] = d * u * s * (1 + g * (1 - s))
      result[r * stride + width + i] = d * g * s
    }
    return result
  }

  private func forEach(_ body: (Int, Int, Double, Double) -> Void) {
    for r in 0..<rows {
      for i in 0..<width {
        let place = r * stride + i
        body(r, i, Double(gateUp.values[place]), Double(gateUp.values[place + width]))
      }
    }
  }
}

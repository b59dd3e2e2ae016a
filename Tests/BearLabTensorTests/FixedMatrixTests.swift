import BearLabTestSupport
import Testing

@testable import BearLabTensor

/// Products with frozen weights, of every engine and precision that this CPU has.
@Suite struct FixedMatrixTests {
  struct Size: CustomTestStringConvertible {
    let outputs: Int
    let inputs: Int
    /// Two parts of the outputs and of the inputs.
    var outputPanels: [Range<Int>] { [0..<outputs / 3, outputs / 3..<outputs] }
    var inputPanels: [Range<Int>] { [0..<inputs / 2, inputs / 2..<inputs] }
    var testDescription: String { "\(outputs) x \(inputs)" }
  }

  static let sizes = [
    Size(outputs: 576, inputs: 960), Size(outputs: 65, inputs: 130), Size(outputs: 48, inputs: 49),
    Size(outputs: 3, inputs: 2),
  ]

  /// Runs `body` with each engine, each of its precisions, and the instruction sets that use it.
  private func forEachEngine(_ body: (MatrixEngine, Precision) throws -> Void) throws {
    for instructionSet in availableInstructionSets {
      try withCompute(instructionSet: instructionSet) {
        for (engine, precisions) in MatrixEngine.available {
          for precision in precisions { try body(engine, precision) }
        }
      }
    }
  }

  /// Rounded operands, and sums in double precision.
  @Test(arguments: sizes, [1, 7, 67])
  func productsAreThoseOfRoundedOperands(size: Size, rows: Int) throws {
    try forEachEngine { engine, precision in
      let product = Product(size, rows: rows, precision: precision, engine: engine)
      for accumulate in [false, true] {
        let place = "\(engine) \(precision) \(accumulate ? "+=" : "=")"
        for (index, panel) in size.outputPanels.enumerated() {
          let y = product.apply(0..<rows, panel: index, accumulate: accumulate)
          let expected = product.expected(panel, accumulate: accumulate)
          #expect(relativeGap(y, expected) < 1e-5, "\(place), outputs \(panel)")
        }
        for (index, panel) in size.inputPanels.enumerated() {
          let dx = product.applyTransposed(0..<rows, panel: index, accumulate: accumulate)
          let expected = product.expectedTransposed(panel, accumulate: accumulate)
          #expect(relativeGap(dx, expected) < 1e-5, "\(place), inputs \(panel)")
        }
      }
    }
  }

  /// A user's scores have the same bits alone and among others only if this holds.
  @Test(
    .enabled(if: availableInstructionSets.contains("avx512"), "this CPU has no AVX-512"),
    arguments: sizes)
  func aRowHasTheSameBitsInCallsOfAnyHeight(size: Size) throws {
    let all = 128
    try withCompute {
      for precision in Precision.available {
        let product = Product(size, rows: all, precision: precision, engine: .onednn)
        for accumulate in [false, true] {
          let y = product.apply(0..<all, panel: 1, accumulate: accumulate)
          let dx = product.applyTransposed(0..<all, panel: 1, accumulate: accumulate)
          for rows in 1...70 {
            for range in [0..<rows, all - rows..<all] {
              let place = "\(precision), rows \(range), accumulate \(accumulate)"
              #expect(
                product.apply(range, panel: 1, accumulate: accumulate)
                  == part(range, of: y, rows: all), "\(place)")
              #expect(
                product.applyTransposed(range, panel: 1, accumulate: accumulate)
                  == part(range, of: dx, rows: all), "transposed, \(place)")
            }
          }
        }
      }
    }
  }

  private func part(_ rows: Range<Int>, of matrix: [Float], rows all: Int) -> [Float] {
    let width = matrix.count / all
    return Array(matrix[rows.lowerBound * width..<rows.upperBound * width])
  }
}

/// Random weights and rows, and their products by the engine and by definition.
private struct Product {
  let weights: FixedMatrix
  /// `[rows, in]` and `[rows, out]`.
  private let (x, dy): (Operand, Operand)
  private let (xValues, dyValues, weightValues): ([Double], [Double], [Double])
  private let size: FixedMatrixTests.Size
  private let rows: Int

  init(_ size: FixedMatrixTests.Size, rows: Int, precision: Precision, engine: MatrixEngine) {
    (self.size, self.rows) = (size, rows)
    let matrix = Matrix(randomFloats(size.outputs, size.inputs, seed: 1), columns: size.inputs)
    weights = FixedMatrix(
      matrix, precision: precision, outputPanels: size.outputPanels, inputPanels: size.inputPanels,
      engine: engine)
    weights.prepareTransposed()
    func operand(_ columns: Int, seed: UInt64) -> (Operand, [Double]) {
      let values = randomFloats(rows, columns, seed: seed)
      let operand = Operand(rows: rows, columns: columns, precision: precision)
      operand.store(Matrix(values, columns: columns))
      return (operand, values.map { rounded($0, precision) })
    }
    weightValues = matrix.buffer.values.map { rounded($0, precision) }
    (x, xValues) = operand(size.inputs, seed: 2)
    (dy, dyValues) = operand(size.outputs, seed: 3)
  }

  func apply(_ range: Range<Int>, panel: Int, accumulate: Bool) -> [Float] {
    let y = Self.start(range.count, size.outputPanels[panel].count, accumulate: accumulate)
    weights.apply(x.rows(range), panel: panel, into: y, accumulate: accumulate)
    return y.buffer.values
  }

  func applyTransposed(_ range: Range<Int>, panel: Int, accumulate: Bool) -> [Float] {
    let dx = Self.start(range.count, size.inputPanels[panel].count, accumulate: accumulate)
    weights.applyTransposed(dy.rows(range), panel: panel, into: dx, accumulate: accumulate)
    return dx.buffer.values
  }

  func expected(_ panel: Range<Int>, accumulate: Bool) -> [Double] {
    (0..<rows).flatMap { row in
      panel.map { output in
        (0..<size.inputs).reduce(accumulate ? 2 : 0) { sum, input in
          sum + xValues[row * size.inputs + input] * weightValues[output * size.inputs + input]
        }
      }
    }
  }

  func expectedTransposed(_ panel: Range<Int>, accumulate: Bool) -> [Double] {
    (0..<rows).flatMap { row in
      panel.map { input in
        (0..<size.outputs).reduce(accumulate ? 2 : 0) { sum, output in
          sum + dyValues[row * size.outputs + output] * weightValues[output * size.inputs + input]
        }
      }
    }
  }

  /// What is added to is 2 everywhere; what is replaced is no number.
  private static func start(_ rows: Int, _ columns: Int, accumulate: Bool) -> Matrix {
    Matrix([Float](repeating: accumulate ? 2 : .nan, count: rows * columns), columns: columns)
  }
}

extension Matrix {
  fileprivate init(_ values: [Float], columns: Int) {
    self.init(Buffer(values), rows: values.count / columns, columns: columns)
  }
}

private func randomFloats(_ rows: Int, _ columns: Int, seed: UInt64) -> [Float] {
  var random = SeededGenerator(seed)
  return (0..<rows * columns).map { _ in Float.random(in: -1...1, using: &random) }
}

/// The nearest number of a precision, of two the even one.
private func rounded(_ value: Float, _ precision: Precision) -> Double {
  guard precision == .bf16 else { return Double(value) }
  let bits = value.bitPattern
  return Double(Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000))
}

private func relativeGap(_ actual: [Float], _ expected: [Double]) -> Double {
  largestGap(actual, expected) / (expected.map(abs).max() ?? 0)
}

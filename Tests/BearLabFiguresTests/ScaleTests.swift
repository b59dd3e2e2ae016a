import Testing

@testable import BearLabFigures

/// Ranges and ticks.
@Suite struct ScaleTests {
  private func labels(_ scale: Scale) -> [String] { scale.ticks.map(\.label) }

  @Test func ticksAreRoundNumbersAroundTheValues() {
    let scale = Scale(Figure.Axis("x"), values: [0.0021, 0.0098])
    #expect(scale.range == 0.002...0.01)
    #expect(labels(scale) == ["0.002", "0.004", "0.006", "0.008", "0.010"])
    #expect(abs(scale.place(of: 0.004) - 0.25) < 1e-12)
  }

  @Test func aTightRangeEndsWithTheValues() {
    let scale = Scale(Figure.Axis("x", scale: .linear), values: [1, 187], isTight: true)
    #expect(scale.range == 1...187)
    #expect(labels(scale) == ["50", "100", "150"])
  }

  @Test func countsHaveNoTicksBetweenThem() {
    let scale = Scale(Figure.Axis("x", scale: .counts), values: [1, 2], isTight: true)
    #expect(labels(scale) == ["1", "2"])
    #expect(labels(Scale(Figure.Axis("x"), values: [1, 2], isTight: true)).count > 2)
  }

  @Test func zeroBelongsToTheRangeWhereAsked() {
    #expect(Scale(Figure.Axis("x", includesZero: true), values: [30, 47]).range.lowerBound == 0)
    #expect(Scale(Figure.Axis("x"), values: [30, 47]).range.lowerBound == 30)
  }

  /// One value, or one value many times, has no range of its own.
  @Test(arguments: [[], [0.0], [3, 3], [-2]])
  func oneValueIsInsideOfItsRange(values: [Double]) {
    for zero in [false, true] {
      let scale = Scale(Figure.Axis("x", includesZero: zero), values: values)
      #expect(scale.range.lowerBound < scale.range.upperBound)
      #expect(scale.ticks.count > 1)
      for value in values { #expect((0...1).contains(scale.place(of: value))) }
    }
  }

  @Test func aLogarithmicAxisHasEqualRatios() {
    let scale = Scale(Figure.Axis("x", scale: .logarithmic), values: [0.1, 10])
    #expect(scale.isLogarithmic && labels(scale).contains("1"))
    #expect(abs(scale.place(of: 1) - 0.5) < 1e-9)
    // There is no logarithm of 0.
    #expect(!Scale(Figure.Axis("x", scale: .logarithmic), values: [0, 10]).isLogarithmic)
  }

  @Test func ticksOfOnesOwnAreKept() {
    let scale = Scale(Figure.Axis("x", ticks: [0.25, 1, 5]), values: [0.25, 1, 5])
    #expect(labels(scale) == ["0.25", "1", "5"])
    #expect(scale.range.lowerBound < 0.25 && scale.range.upperBound > 5)
  }
}

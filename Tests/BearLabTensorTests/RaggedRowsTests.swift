import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

/// Rows (1, 2, 0.5), (7) and (−1, 3, 3, 0) with targets 2, 7 and the second 3.
private func example(requiresGradient: Bool = false) -> RaggedRows {
  RaggedRows(
    values: Tensor(
      [1, 2, 0.5, 7, -1, 3, 3, 0], shape: [8], requiresGradient: requiresGradient),
    offsets: [0, 3, 4, 8], targets: [1, 0, 2])
}

private func logSumExp(_ values: [Double]) -> Double { log(values.reduce(0) { $0 + exp($1) }) }

@Test func rowsKnowTheirLengthsAndTargets() {
  let rows = example()
  #expect(rows.rowCount == 3)
  #expect((0..<3).map { rows.length(of: $0) } == [3, 1, 4])
  #expect(rows.targets.scalars == [2, 7, 3])
  #expect(RaggedRows.offsets(ofLengths: [3, 0, 4]) == [0, 3, 3, 7])
  #expect(RaggedRows.offsets(ofLengths: []) == [0])
}

@Test func logSumExpAndLogSoftmaxMatchDoublePrecision() {
  let rows = example()
  let normalisers = [[1, 2, 0.5], [7], [-1, 3, 3, 0]].map(logSumExp)
  #expect(largestGap(rows.logSumExp().scalars, normalisers) < 1e-6)
  let expected = zip([1, 2, 0.5, 7, -1, 3, 3, 0], [0, 0, 0, 1, 2, 2, 2, 2]).map {
    $0 - normalisers[$1]
  }
  let logSoftmax = rows.logSoftmax()
  #expect(largestGap(logSoftmax.values.scalars, expected) < 1e-6)
  #expect(logSoftmax.offsets == rows.offsets)
  #expect(logSoftmax.targetPositions == rows.targetPositions)
  #expect(
    largestGap(
      rows.targetLogProbabilities().scalars, [expected[1], 0, expected[6]]) < 1e-6)
  #expect(rows.targetLogProbabilities().scalars[1] == 0)
}

/// The gradient of a log-probability is one-hot minus soft-max.
@Test func theGradientOfTheTargetsIsOneHotMinusSoftmax() throws {
  for direct in [true, false] {
    let rows = example(requiresGradient: true)
    let logProbabilities = direct ? rows.targetLogProbabilities() : rows.logSoftmax().targets
    (logProbabilities * Tensor([1, 2, 3], shape: [3])).sum().backward()
    var expected = zip(example().logSoftmax().values.scalars, [1, 1, 1, 2, 3, 3, 3, 3]).map {
      -exp($0) * $1
    }
    for (place, weight) in [(1, Float(1)), (3, 2), (6, 3)] { expected[place] += weight }
    #expect(largestGap(try #require(rows.values.gradient), expected) < 1e-6)
  }
}

@Test func gradientsMatchFiniteDifferences() {
  let factors = Tensor([1, -2, 0.5, 3, 1, 2, -1, 0.7], shape: [8])
  let functions: [(RaggedRows) -> Tensor] = [
    { ($0.logSoftmax().values * factors).sum() },
    { ($0.logSumExp() * Tensor([1, -2, 3], shape: [3])).sum() },
    { ($0.targetLogProbabilities() * Tensor([1, -2, 3], shape: [3])).sum() },
    { (($0 / 0.5).logSoftmax().values * factors).sum() },
    { ($0.rows(at: [2, 0, 2]).logSumExp() * Tensor([1, -2, 3], shape: [3])).sum() },
    { ($0.rowKthLargest(3).exp() * Tensor([1, -2, 3], shape: [3])).sum() },
  ]
  for function in functions {
    let error = GradientCheck.largestError(
      of: { function(RaggedRows(values: $0[0], offsets: [0, 3, 4, 8], targets: [1, 0, 2])) },
      at: [example().values])
    #expect(error < 1e-3)
  }
}

@Test func largeLogitsNeitherOverflowNorVanish() throws {
  let values = Tensor([1e4, 0, -1e4, -1e4], shape: [4], requiresGradient: true)
  let rows = RaggedRows(values: values, offsets: [0, 2, 4], targets: [1, 0])
  #expect(rows.logSumExp().scalars[0] == 1e4)
  let logProbabilities = rows.targetLogProbabilities()
  #expect(largestGap(logProbabilities.scalars, [-1e4, log(0.5)]) < 1e-2)
  logProbabilities.sum().backward()
  // A log-sum-exp near 10⁴ is known to 5e-4 only.
  #expect(largestGap(try #require(values.gradient), [-1, 1, 0.5, -0.5] as [Float]) < 5e-4)
}

@Test func anInvalidColumnOfMinusInfinityChangesNothing() throws {
  let values = Tensor([1, -.infinity, 2], shape: [3], requiresGradient: true)
  let rows = RaggedRows(values: values, offsets: [0, 3], targets: [0])
  let loss = rows.targetLogProbabilities()
  #expect(largestGap(loss.scalars, [-log(1 + exp(1.0))]) < 1e-6)
  loss.sum().backward()
  let gradient = try #require(values.gradient)
  #expect(gradient[1] == 0)
  #expect(gradient.allSatisfy { $0.isFinite })
}

@Test func theKthLargestIsTheSmallestOfAShortRow() {
  #expect(example().rowKthLargest(1).scalars == [2, 7, 3])
  #expect(example().rowKthLargest(2).scalars == [1, 7, 3])
  #expect(example().rowKthLargest(3).scalars == [0.5, 7, 0])
  #expect(example().rowKthLargest(100).scalars == [0.5, 7, -1])
}

@Test func theKthLargestOfEqualValuesIsTheFirst() {
  let rows = example(requiresGradient: true)
  rows.rowKthLargest(1).sum().backward()
  #expect(rows.values.gradient == [0, 1, 0, 1, 0, 1, 0, 0])
}

@Test func rowsOfAMatrix() {
  let matrix = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3], requiresGradient: true)
  let dense = RaggedRows(dense: matrix, targets: [2, 0])
  #expect(dense.offsets == [0, 3, 6])
  #expect(dense.targets.scalars == [3, 4])
  let columns: [ArraySlice<Int32>] = [[2], [0, 2]]
  let chosen = RaggedRows(gathering: columns, from: matrix, targets: [0, 1])
  #expect(chosen.values.scalars == [3, 4, 6])
  #expect(chosen.offsets == [0, 1, 3])
  #expect(chosen.targets.scalars == [3, 6])
  chosen.values.sum().backward()
  #expect(matrix.gradient == [0, 0, 1, 1, 0, 1])
}

@Test func someRowsInAnotherOrder() {
  let rows = example().rows(at: [2, 1])
  #expect(rows.values.scalars == [-1, 3, 3, 0, 7])
  #expect(rows.offsets == [0, 4, 5])
  #expect(rows.targets.scalars == [3, 7])
}

@Test func degenerateRows() throws {
  let none = RaggedRows(values: Tensor([], shape: [0]), offsets: [0], targets: [])
  #expect(none.logSumExp().scalars == [])
  #expect(none.targetLogProbabilities().sum().scalars == [0])
  #expect(none.rowKthLargest(3).scalars == [])
  #expect(example().rows(at: []).rowCount == 0)
  let empty = RaggedRows(values: Tensor([], shape: [0]), offsets: [0, 0], targets: [0])
  #expect(empty.logSumExp().scalars == [-.infinity])
  let single = example(requiresGradient: true).rows(at: [1])
  single.targetLogProbabilities().sum().backward()
  #expect(single.targetLogProbabilities().scalars == [0])
}

@Test func theLargestOfARowComeFirstAndTiesByTheirPlaces() {
  let places = { (count: Int) in example().rowLargest(count).map { $0.map(\.place) } }
  #expect(places(2) == [[1, 0], [0], [1, 2]])
  #expect(places(9) == [[1, 0, 2], [0], [1, 2, 3, 0]])
  #expect(places(0) == [[], [], []])
  #expect(example().rowLargest(1).map { $0.map(\.value) } == [[2], [7], [3]])
  let odd = RaggedRows(
    values: Tensor([.nan, 1, .infinity, .nan, -.infinity], shape: [5]), offsets: [0, 5],
    targets: [0])
  #expect(odd.rowLargest(5).map { $0.map(\.place) } == [[2, 1, 4]])
}

@Test(arguments: [1, 2, 30, 200, 600])
func theLargestOfLongRowsMatchASort(count: Int) {
  var random = SeededGenerator(5)
  // A coarse grid, so that values often tie.
  let values = (0..<700).map { _ in Float(Int.random(in: 0..<90, using: &random)) }
  let tensor = Tensor(values, shape: [700], requiresGradient: true)
  let rows = RaggedRows(values: tensor, offsets: [0, 200, 700], targets: [0, 0])
  let sorted = [values[..<200], values[200...]].map { row in
    row.enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(count)
  }
  #expect(rows.rowLargest(count).map { $0.map(\.place) } == sorted.map { $0.map(\.offset) })
  let kth = rows.rowKthLargest(count)
  #expect(kth.scalars == sorted.map { $0.last?.element })
  kth.sum().backward()
  let places = zip([0, 200], sorted).map { $0 + ($1.last?.offset ?? -1) }
  #expect(tensor.gradient == (0..<700).map { places.contains($0) ? 1 : 0 })
}

@Test func theKthLargestPassesOverWhatIsNoNumber() {
  let rows = RaggedRows(
    values: Tensor([.nan, 1, .nan, 2, .nan], shape: [5]), offsets: [0, 4, 5], targets: [0, 0])
  #expect(rows.rowKthLargest(1).scalars[0] == 2)
  #expect(rows.rowKthLargest(2).scalars[0] == 1)
  #expect(rows.rowKthLargest(9).scalars[0] == 1)
  #expect(rows.rowKthLargest(9).scalars[1].isNaN)
}

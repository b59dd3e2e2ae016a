import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabTensor

/// Log-probabilities of tokens without the vocabulary's logits against those with them.
@Suite struct HeadProductTests {
  private static let (states, width, vocabulary) = (70, 24, 301)

  /// Which hidden state stands before each token: one before none, one before several of which two
  /// are equal, the others before one.
  private let rows = [0, 0, 0] + Array(2..<states)
  private let targets = [5, 300, 5] + (2..<states).map { Int32($0 * 4) }

  private func hidden() -> Tensor {
    Tensor(
      random(Self.states * Self.width, seed: 2), shape: [Self.states, Self.width],
      requiresGradient: true)
  }

  private func head(_ precision: Precision, scale: Float = 1) -> Head {
    let table = random(Self.vocabulary * Self.width, seed: 1).map { $0 * scale }
    return Head(
      Matrix(Buffer(table), rows: Self.vocabulary, columns: Self.width), precision: precision)
  }

  /// The log-probabilities and the gradient of a weighted sum of them.
  private func outcome(
    _ hidden: Tensor, _ logProbabilities: Tensor
  ) throws -> (values: [Float], gradient: [Float]) {
    let weights = Tensor(random(rows.count, seed: 3), shape: [rows.count])
    (logProbabilities * weights).sum().backward()
    return (logProbabilities.scalars, try #require(hidden.gradient))
  }

  /// By way of the logits of all tokens.
  private func expected(_ head: Head) throws -> (values: [Float], gradient: [Float]) {
    let hidden = hidden()
    let logits = head.vocabularyLogits(of: hidden.rows(at: rows))
    return try outcome(
      hidden,
      RaggedRows(dense: logits, targets: targets.map(Int.init)).targetLogProbabilities())
  }

  private func actual(_ head: Head) throws -> (values: [Float], gradient: [Float]) {
    let hidden = hidden()
    return try outcome(
      hidden, head.targetLogProbabilities(of: hidden, rows: rows, targets: targets))
  }

  /// With every instruction set, and on one thread and two.
  private func forEachMachine(_ body: () throws -> Void) throws {
    for instructionSet in availableInstructionSets {
      for threads in [1, 2] {
        try withCompute(threads: threads, instructionSet: instructionSet) { try body() }
      }
    }
  }

  @Test func areThoseOfTheSoftmaxOfAllLogits() throws {
    try forEachMachine {
      let head = head(.f32)
      let (own, other) = (try actual(head), try expected(head))
      #expect(largestGap(own.values, other.values) < 2e-6)
      #expect(relativeGap(own.gradient, other.gradient) < 2e-6)
      #expect(own.gradient[Self.width..<2 * Self.width].allSatisfy { $0 == 0 })
    }
  }

  @Test func agreeInBfloat16() throws {
    try withCompute {
      guard Precision.available.contains(.bf16) else { return }
      let head = head(.bf16)
      let (own, other) = (try actual(head), try expected(head))
      #expect(largestGap(own.values, other.values) < 2e-6)
      #expect(relativeGap(own.gradient, other.gradient) < 1e-2)
    }
  }

  /// A token of probability 1 − ε has a gradient of size ε, far below what bf16 tells from 1.
  @Test func keepWhatIsLeftOfASureToken() throws {
    try withCompute {
      for precision in Precision.available {
        let head = head(precision, scale: 8)
        let state = random(Self.width, seed: 4)
        let leaf = { Tensor(state, shape: [1, Self.width], requiresGradient: true) }
        let logits = head.vocabularyLogits(of: leaf()).scalars
        let best = try #require(logits.indices.max { logits[$0] < logits[$1] })
        let (own, other) = (leaf(), leaf())
        let logProbability = head.targetLogProbabilities(
          of: own, rows: [0], targets: [Int32(best)])
        #expect((-0.1 ..< -1e-6).contains(logProbability.scalars[0]))
        logProbability.sum().backward()
        RaggedRows(dense: head.vocabularyLogits(of: other), targets: [best])
          .targetLogProbabilities().sum().backward()
        #expect(
          relativeGap(own.gradient ?? [], other.gradient ?? []) < (precision == .f32 ? 1e-4 : 2e-2))
      }
    }
  }

  @Test func theGradientIsThatOfFiniteDifferences() throws {
    try withCompute {
      let head = head(.f32)
      let error = GradientCheck.largestError(
        of: { head.targetLogProbabilities(of: $0[0], rows: [0, 1, 0], targets: [3, 7, 9]).sum() },
        at: [Tensor(random(2 * Self.width, seed: 5), shape: [2, Self.width])])
      #expect(error < 1e-3)
    }
  }

  @Test func nothingIsAsked() throws {
    let none = head(.f32).targetLogProbabilities(of: hidden(), rows: [], targets: [])
    #expect(none.scalars.isEmpty)
  }
}

private func random(_ count: Int, seed: UInt64) -> [Float] {
  var random = SeededGenerator(seed)
  return (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
}

import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Testing

/// Masked cross-entropy with one thing wrong.
private struct SpoiltObjective: Objective {
  static let summary = "an objective that breaks its contract"
  let needs = ObjectiveNeeds(columns: .children, constraint: .before)
  var spoil: @Sendable (_ logProbabilities: Tensor, AnswerBatch) throws -> LossTerms

  init(_ spoil: @escaping @Sendable (Tensor, AnswerBatch) throws -> LossTerms) {
    self.spoil = spoil
  }

  init(_ values: ParameterValues) throws {
    self.init { LossTerms(sum: -$0.sum(), weight: Float($1.rowCount)) }
  }

  func loss(_ batch: AnswerBatch) throws -> LossTerms {
    try spoil(batch.childLogits.targetLogProbabilities(), batch)
  }
}

private func problems(
  _ spoil: @escaping @Sendable (Tensor, AnswerBatch) throws -> LossTerms
) throws -> String {
  try withCompute {
    try ObjectiveConformance.problems(of: SpoiltObjective(spoil), batches: 2).joined(
      separator: "\n")
  }
}

@Test func theCheckerFindsABrokenContract() throws {
  #expect(try problems { LossTerms(sum: -$0.sum(), weight: Float($1.rowCount)) } == "")
  #expect(
    try problems { LossTerms(sum: ($0 * $0.detached()).sum(), weight: Float($1.rowCount)) }
      .contains("finite differences"))
  let mean = try problems { LossTerms(sum: -$0.mean(), weight: Float($1.rowCount)) }
  #expect(mean.contains("the sum of samples [0, 1, 2]"))
  #expect(
    try problems { values, _ in LossTerms(sum: -values.sum(), weight: 1) }
      .contains("the weight of samples [2, 0, 1]"))
  let forced = try problems { values, batch in
    LossTerms(
      sum: try (batch.childLogits.targets - values).sum(), weight: Float(batch.rowCount))
  }
  #expect(forced.contains("forced rows"))
  let infinite = try problems { values, batch in
    LossTerms(sum: values.sum().log(), weight: Float(batch.rowCount))
  }
  #expect(infinite.contains("not finite where all rows are forced"))
}

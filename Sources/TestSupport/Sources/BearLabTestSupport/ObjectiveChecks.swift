public import BearLabCore
public import BearLabTensor

/// Checks an objective against the contract of `Objective`, on random answers.
///
/// The gradient is that of the value; sum and weight of two samples together are the sums of
/// theirs, in any order; a forced row has no gradient where `needs.columns` is `.children`; and a
/// batch of forced rows only gives finite numbers.
///
/// - Parameters:
///   - objective: the objective under test, prepared where it needs that.
///   - batches: how many random ones.
///   - tolerance: of the gradient, relative.
///   - frozen: for an objective with parts that are constant to the gradient: takes a batch at the
///     point of comparison, computes the constants there, and returns the function of a batch whose
///     plain derivative the objective's gradient is. Nil where nothing is constant.
/// - Returns: what is wrong, empty where nothing is: `#expect(try checkObjective(…) == [])`.
/// - Throws: what the objective throws.
public func checkObjective(
  _ objective: any Objective, batches: Int = 10, tolerance: Double = 2e-3,
  frozen: ((AnswerBatch) throws -> (AnswerBatch) throws -> Tensor)? = nil
) throws -> [String] {
  var problems: [String] = []
  for seed in 0..<UInt64(batches) {
    var random = SeededGenerator(seed)
    let answers = RandomAnswers(samples: 3, needs: objective.needs, using: &random)
    let check = ObjectiveCheck(
      objective: objective, answers: answers, logits: answers.logits(using: &random))
    let found = try check.gradient(frozen, tolerance) + check.additivity() + check.forcedRows()
    problems += found.map { "batch \(seed): \($0)" }
  }
  var random = SeededGenerator(0)
  let forced = RandomAnswers(samples: 2, needs: objective.needs, forced: true, using: &random)
  let terms = try objective.loss(forced.batch(forced.logits(using: &random)))
  if !terms.mean.scalars[0].isFinite { problems.append("not finite where all rows are forced") }
  return problems
}

/// The checks on one batch.
private struct ObjectiveCheck {
  let objective: any Objective
  let answers: RandomAnswers
  let logits: Tensor

  func gradient(
    _ frozen: ((AnswerBatch) throws -> (AnswerBatch) throws -> Tensor)?, _ tolerance: Double
  ) throws -> [String] {
    // The value comes from the frozen function, the gradient at the point from the objective.
    let constantParts = try frozen?(answers.batch(logits))
    let error = try GradientCheck.largestError(
      of: { inputs in
        let batch = try answers.batch(inputs[0])
        if let constantParts, !inputs[0].requiresGradient { return try constantParts(batch) }
        return try objective.loss(batch).sum
      }, at: [logits])
    return error < tolerance ? [] : ["the gradient is off by \(error) from finite differences"]
  }

  func additivity() throws -> [String] {
    let parts = try (0..<3).map { try objective.loss(answers.batch(logits, samples: [$0])) }
    let single = (sum: parts.map(\.sum), weight: parts.map(\.weight))
    var problems: [String] = []
    for order in [[0, 1, 2], [2, 0, 1]] {
      let together = try objective.loss(answers.batch(logits, samples: order))
      if !isTotal(together.sum, of: single.sum) {
        problems.append("the sum of samples \(order) is not the total of their sums")
      }
      if !isTotal(together.weight, of: single.weight) {
        problems.append("the weight of samples \(order) is not the total of their weights")
      }
    }
    return problems
  }

  func forcedRows() throws -> [String] {
    guard objective.needs.columns == .children else { return [] }
    let leaf = Tensor(logits.scalars, shape: logits.shape, requiresGradient: true)
    try objective.loss(answers.batch(leaf)).sum.backward()
    let gradient = leaf.gradient ?? []
    // Terms that cancel may leave their rounding.
    let rounding = 1e-6 * (gradient.map(abs).max() ?? 0)
    let width = answers.vocabulary
    let touched = answers.forcedRows.filter { row in
      gradient.dropFirst(row * width).prefix(width).contains { !(abs($0) <= rounding) }
    }
    return touched.isEmpty ? [] : ["forced rows \(touched) have a gradient"]
  }

  private func isTotal(_ tensor: Tensor, of parts: [Tensor]) -> Bool {
    let values = parts.map { Double($0.scalars[0]) }
    let scale = values.reduce(1) { $0 + abs($1) }
    return abs(Double(tensor.scalars[0]) - values.reduce(0, +)) <= 1e-5 * scale
  }
}

import BearLabCore
import BearLabTensor

/// The worked example of section 6.3: the answers (a, d, EOS) and (e, EOS) in one batch.
///
/// Tokens: EOS, a, b, c, d, e are 0 to 5, and 6 is never allowed.
enum WorkedExample {
  static let targets: [Int32] = [1, 4, 0, 5, 0]
  static let allowed: [[Int32]] = [[1, 2, 5], [3, 4], [0], [1, 2, 5], [0]]
  static let answers = [
    AnswerBatch.Answer(sample: 0, title: 0, role: .positive, rows: 0..<3),
    AnswerBatch.Answer(sample: 1, title: 1, role: .positive, rows: 3..<5),
  ]

  /// Logits, `[5, 7]`, with the given number for all tokens that are not allowed.
  static func logits(invalid: Float = -1) -> Tensor {
    let valid: [[Int32: Float]] = [
      [1: 2, 2: 1, 5: 0.5], [3: 1, 4: 0], [0: 3], [1: 2, 2: 1, 5: 0.5], [0: -2],
    ]
    let rows = valid.flatMap { row in (Int32(0)..<7).map { row[$0] ?? invalid } }
    return Tensor(rows, shape: [5, 7], requiresGradient: true)
  }

  static func batch(_ logits: Tensor) throws -> AnswerBatch {
    try AnswerBatch(logits: logits, targets: targets, allowed: allowed, answers: answers)
  }

  /// One row of it, as a batch of its own.
  static func row(_ row: Int) throws -> AnswerBatch {
    try AnswerBatch(
      logits: logits().rows(at: [row]), targets: [targets[row]], allowed: [allowed[row]])
  }

  /// The mean loss of the whole batch and its gradient with respect to the logits.
  static func evaluate(
    _ objective: some Objective, logits: Tensor = logits()
  ) throws -> (loss: Double, weight: Double, gradient: [Float]) {
    let terms = try objective.loss(batch(logits))
    terms.mean.backward()
    return (
      Double(terms.mean.scalars[0]), Double(terms.weight.scalars[0]), logits.gradient ?? []
    )
  }
}

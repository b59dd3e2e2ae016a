internal import BearLabCore
internal import BearLabTensor
internal import Foundation

/// A preference loss of given log-probabilities of answers, and its gradient, in `objectives.json`.
struct PreferenceCase: Decodable {
  let name: String
  let beta: GoldenValue?
  /// `[samples][answers]`, the positive first, in nats.
  let policy: [[Double]]
  let reference: [[Double]]
  let loss: Double
  /// `[samples][answers]`, with respect to `policy`.
  let gradient: [[Double]]

  private enum CodingKeys: String, CodingKey {
    case name, beta, loss, gradient
    case policy = "policy_logprob"
    case reference = "reference_logprob"
  }

  /// Checks an entry of the file and reports.
  static func check(
    _ row: GoldenCase<PreferenceCase>, title: String, _ context: GoldenContext
  ) throws {
    var check = title
    let outcome = Verification.Outcome {
      let sample = try row.value
      let objective = GoldenObjective(
        name: sample.name, parameters: sample.beta.map { ["beta": $0] } ?? [:])
      check = "\(title): \(objective.description)"
      guard let type = try objective.type(in: context.registry) else {
        return .skip("there is no objective '\(sample.name)' yet")
      }
      return try sample.judge(try objective.make(type))
    }
    try context.report(Verification(check, outcome))
  }

  private func judge(_ objective: any Objective) throws -> Verification.Outcome {
    guard !policy.isEmpty, policy.map(\.count) == reference.map(\.count),
      policy.allSatisfy({ $0.count > 1 && $0.allSatisfy { $0 < 0 } })
    else {
      throw GoldenError.malformed(
        what: "policy_logprob", seen: "\(policy.map(\.count)) numbers a sample",
        accepted: "two or more below 0 each, as many as in reference_logprob")
    }
    // An answer is one of two tokens; the other has logit 0.
    let scalars = policy.joined().flatMap { value -> [Float] in
      [Float(value - log1p(-exp(value))), 0]
    }
    let logits = Tensor(scalars, shape: [scalars.count / 2, 2], requiresGradient: true)
    let mean = try objective.loss(batch(logits)).mean
    mean.backward()
    let slopes = logits.gradient ?? [Float](repeating: 0, count: logits.count)
    let actual = policy.joined().enumerated().map { Double(slopes[2 * $0]) / (1 - exp($1)) }
    let tolerance = ObjectivesCheck.tolerance
    return Verification.Outcome([
      .relative("loss", mean.scalars.map(Double.init), [loss], tolerance: tolerance),
      .relative("gradient", actual, Array(gradient.joined()), tolerance: tolerance),
    ])
  }

  private func batch(_ logits: Tensor) throws -> AnswerBatch {
    var answers: [AnswerBatch.Answer] = []
    for (sample, references) in reference.enumerated() {
      for (place, value) in references.enumerated() {
        answers.append(
          AnswerBatch.Answer(
            sample: sample, title: nil, role: place == 0 ? .positive : .negative,
            rows: answers.count..<answers.count + 1, referenceLogProbability: Float(value)))
      }
    }
    return try AnswerBatch(
      logits: logits, targets: answers.map { _ in 0 }, allowed: answers.map { _ in [0, 1] },
      answers: answers)
  }
}

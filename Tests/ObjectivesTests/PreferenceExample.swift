import BearLabCore
import BearLabTensor
import Foundation

/// Answers of one token each, with given log-probabilities under the model and its reference.
struct PreferenceExample {
  /// `[samples][answers]`, the positive first, nats.
  let policy: [[Double]]
  var reference: [[Double]]
  /// `[samples][answers]`, of a recommender.
  var scores: [[Float]]?

  /// One sample with rewards that are r(y_w) and r(y_l), …, from a reference of log 0.1.
  init(rewards: [Double], scores: [Float]? = nil) {
    policy = [rewards.map { $0 + log(0.1) }]
    reference = [rewards.map { _ in log(0.1) }]
    self.scores = scores.map { [$0] }
  }

  init(policy: [[Double]], reference: [[Double]]) {
    self.policy = policy
    self.reference = reference
  }

  /// `[answers, 2]`: two tokens a row, of which the first is the answer's.
  var logits: Tensor {
    let scalars = twoTokenLogits(Array(policy.joined()))
    return Tensor(scalars, shape: [scalars.count / 2, 2], requiresGradient: true)
  }

  func batch(_ logits: Tensor) throws -> AnswerBatch {
    var answers: [AnswerBatch.Answer] = []
    for (sample, references) in reference.enumerated() {
      for (place, value) in references.enumerated() {
        answers.append(
          AnswerBatch.Answer(
            sample: sample, title: answers.count, role: place == 0 ? .positive : .negative,
            rows: answers.count..<answers.count + 1, referenceLogProbability: Float(value),
            recommenderScore: scores?[sample][place]))
      }
    }
    return try AnswerBatch(
      logits: logits, targets: answers.map { _ in 0 }, allowed: answers.map { _ in [0, 1] },
      answers: answers)
  }

  /// The mean loss, and its gradient with respect to the log-probabilities.
  func evaluate(
    _ objective: some Objective
  ) throws -> (loss: Double, weight: Double, gradient: [Float]) {
    let logits = logits
    let terms = try objective.loss(batch(logits))
    terms.mean.backward()
    let slopes = logits.gradient ?? []
    let gradient = policy.joined().enumerated().map { row, value in
      slopes.isEmpty ? 0 : Float(Double(slopes[2 * row]) / (1 - exp(value)))
    }
    return (Double(terms.mean.scalars[0]), Double(terms.weight.scalars[0]), gradient)
  }
}

/// Logits of rows of two tokens, of which the first has the given log-probability and the second logit 0.
func twoTokenLogits(_ logProbabilities: [Double]) -> [Float] {
  logProbabilities.flatMap { value -> [Float] in [Float(value - log1p(-exp(value))), 0] }
}

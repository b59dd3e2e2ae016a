public import BearLabTensor

extension AnswerBatch {
  /// A sample's positive answer and its negatives, as places in ``answers``.
  public struct Preference: Sendable, Equatable {
    public let positive: Int
    /// At least one.
    public let negatives: [Int]
  }

  /// The preferences of the samples, in their order; one without negatives has none.
  public var preferences: [Preference] {
    let positives = answers.indices.filter { answers[$0].role == .positive }
    return positives.compactMap { positive in
      let negatives = answers[(positive + 1)...].indices.prefix {
        answers[$0].role == .negative && answers[$0].sample == answers[positive].sample
      }
      return negatives.isEmpty
        ? nil : Preference(positive: positive, negatives: Array(negatives))
    }
  }

  /// How much more probable each answer is than under the reference: r(y) = log P(y) − log P_ref(y).
  ///
  /// - Parameter logProbabilities: `[answers]`, of the model that is trained, in nats.
  /// - Returns: `[answers]`, on the tape.
  /// - Throws: ``PreferenceError/noReference(answer:)``.
  public func rewards(_ logProbabilities: Tensor) throws(PreferenceError) -> Tensor {
    var references: [Float] = []
    for (place, answer) in answers.enumerated() {
      guard let reference = answer.referenceLogProbability else {
        throw .noReference(answer: place)
      }
      references.append(reference)
    }
    return logProbabilities - Tensor(references, shape: [references.count])
  }

  /// The losses of S-DPO, and with one negative each those of DPO; in nats, on the tape.
  ///
  ///     −log σ(−log Σ_j exp(β (r(y_j) − r(y_w)))) = softplus(log Σ_j exp(β (r(y_j) − r(y_w))))
  ///
  /// - Parameters:
  ///   - preferences: those to compute.
  ///   - rewards: `[answers]`, r.
  ///   - beta: β.
  /// - Returns: `[preferences]`.
  public static func preferenceLosses(
    _ preferences: [Preference], rewards: Tensor, beta: Float
  ) -> Tensor {
    let negatives = rewards.gathered(at: preferences.flatMap(\.negatives))
    let positives = rewards.gathered(
      at: preferences.flatMap { preference in preference.negatives.map { _ in preference.positive }
      })
    return RaggedRows(
      values: beta * (negatives - positives),
      offsets: RaggedRows.offsets(ofLengths: preferences.map(\.negatives.count)),
      // A log-sum-exp has no target.
      targets: preferences.map { _ in 0 }
    ).logSumExp().softplus()
  }
}

/// What a preference objective can miss.
public enum PreferenceError: BearLabError, Equatable {
  case noReference(answer: Int)
  case noRecommenderScore(answer: Int)

  public var description: String {
    switch self {
    case .noReference(let answer): "answer \(answer) has no log-probability under the reference"
    case .noRecommenderScore(let answer): "answer \(answer) has no score of a recommender"
    }
  }

  public var remedy: String {
    switch self {
    case .noReference: "let the objective's needs ask for a reference"
    case .noRecommenderScore: "let the objective's needs ask for a recommender"
    }
  }
}

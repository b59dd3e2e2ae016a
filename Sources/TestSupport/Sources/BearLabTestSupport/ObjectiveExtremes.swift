internal import BearLabCore
internal import BearLabTensor

/// Batches at the ends of what a trainer may give an objective.
enum ObjectiveExtremes {
  /// What is wrong with an objective there, empty where nothing is.
  static func problems(of objective: any Objective, masked: Bool) throws -> [String] {
    var random = SeededGenerator(0)
    let answers = RandomAnswers(samples: 2, needs: objective.needs, using: &random)
    let forced = RandomAnswers(samples: 2, needs: objective.needs, forced: true, using: &random)
    let short = RandomAnswers(samples: 2, needs: objective.needs, longest: 1, using: &random)
    var cases: [(name: String, answers: RandomAnswers, logit: (_ place: Int) -> Float)] = [
      ("all rows are forced", forced, { Float($0 % 7) - 3 }),
      ("every answer has one token", short, { Float($0 % 7) - 3 }),
      ("all logits are equal", answers, { _ in 0 }),
      ("logits are huge", answers, { Float($0 % 7 - 3) * 3e3 }),
    ]
    if masked {
      cases.append(("tokens that are not allowed are -infinity", answers, answers.masked))
    }
    return try cases.flatMap { name, answers, logit in
      let count = answers.targets.count * answers.vocabulary
      let logits = Tensor(
        (0..<count).map(logit), shape: [answers.targets.count, answers.vocabulary],
        requiresGradient: true)
      let terms = try objective.loss(answers.batch(logits))
      terms.sum.backward()
      let numbers = [
        ("sum", terms.sum.scalars), ("weight", terms.weight.scalars),
        ("gradient", logits.gradient ?? []),
      ]
      return numbers.filter { !$0.1.allSatisfy(\.isFinite) }
        .map { "the \($0.0) is not finite where \(name)" }
        + (terms.weight.scalars[0] < 0 ? ["the weight is negative where \(name)"] : [])
    }
  }
}

extension RandomAnswers {
  /// The logits of allowed tokens are 0, all others -infinity.
  fileprivate func masked(_ place: Int) -> Float {
    let (row, token) = place.quotientAndRemainder(dividingBy: vocabulary)
    return allowed[row].contains(Int32(token)) ? 0 : -.infinity
  }
}

internal import BearLabCore
internal import BearLabLanguageModel
internal import BearLabTensor

/// `model_logits.json`: sequences, and what the model says at some positions of them.
enum LogitsCheck {
  /// What is compared in a precision, and how closely.
  private struct Tolerance {
    let difference: Double
    /// The first position that is judged: the first ones are attention sinks, far more sensitive.
    let firstPosition: Int

    init(_ precision: Precision) {
      (difference, firstPosition) = precision == .f32 ? (2e-4, 0) : (0.4, 2)
    }
  }

  private struct Sequence: Decodable {
    let ids: [Int32]
    let positions: [Position]
  }

  private struct Position: Decodable {
    let position: Int
    let logsumexp: Double
    /// Pairs of a token and its logit, largest first.
    let top20: [[Double]]
    let first8Logits: [Double]
    let finalHiddenFirst8: [Double]

    private enum CodingKeys: String, CodingKey {
      case position, logsumexp, top20
      case first8Logits = "first8_logits"
      case finalHiddenFirst8 = "final_hidden_first8"
    }
  }

  static func run(_ context: GoldenContext) throws {
    try context.checkingModel("model_logits.json", as: [GoldenCase<Sequence>].self) { rows, model in
      for (index, row) in rows.enumerated() {
        let length = (try? row.value.ids.count).map { " (\($0) tokens)" } ?? ""
        let outcome = Verification.Outcome { try judge(row.value, model: model.model) }
        try context.report(Verification("logits: sequence \(index)\(length)", outcome))
      }
    }
  }

  private static func judge(
    _ sequence: Sequence, model: LanguageModel
  ) throws -> Verification.Outcome {
    guard !sequence.positions.isEmpty else {
      throw GoldenError.malformed(what: "positions", seen: "empty", accepted: "at least one")
    }
    for golden in sequence.positions where !sequence.ids.indices.contains(golden.position) {
      throw GoldenError.malformed(
        what: "a position", seen: "\(golden.position)",
        accepted: "one of a sequence of \(sequence.ids.count) tokens")
    }
    let tolerance = Tolerance(model.precision)
    let positions = sequence.positions.filter { $0.position >= tolerance.firstPosition }
    guard !positions.isEmpty else {
      return .skip("no position from \(tolerance.firstPosition) on")
    }
    var forest = TokenForest()
    let nodes = forest.insert(tokens: sequence.ids)
    let hidden = try model.hiddenStates(of: positions.map { nodes[$0.position] }, in: forest)
    let logits = model.vocabularyLogits(of: hidden)
    let noTargets = positions.map { _ in 0 }
    let rows = RaggedRows(dense: logits, targets: noTargets)
    let normalisers = rows.logSumExp().scalars
    let logitRows = rows.rowValues
    let hiddenRows = RaggedRows(dense: hidden, targets: noTargets).rowValues
    let gaps = try positions.enumerated().flatMap { row, golden in
      try self.gaps(
        golden, logits: logitRows[row], hidden: hiddenRows[row],
        logSumExp: Double(normalisers[row]), tolerance: tolerance.difference)
    }
    return Verification.Outcome(worst(of: gaps))
  }

  private static func gaps(
    _ golden: Position, logits: [Float], hidden: [Float], logSumExp: Double,
    tolerance: Double
  ) throws -> [Gap] {
    let tokens = try golden.top20.map { try token(of: $0, vocabularySize: logits.count) }
    let listed = Set(tokens)
    let lowest = golden.top20.map { $0[1] }.min() ?? .infinity
    // How far a token that is not among the largest is above the last of them.
    let intruder =
      logits.indices.lazy.filter { !listed.contains($0) }
      .map { Double(logits[$0]) - lowest }.max() ?? 0
    func absolute(_ quantity: String, _ actual: [Float], _ expected: [Double]) -> Gap {
      Gap.absolute(
        "\(quantity) at \(golden.position)", actual.map(Double.init), expected,
        tolerance: tolerance)
    }
    return [
      Gap(
        "log-sum-exp at \(golden.position)", abs(logSumExp - golden.logsumexp),
        tolerance: tolerance),
      absolute("logits", tokens.map { logits[$0] }, golden.top20.map { $0[1] }),
      absolute(
        "first logits", Array(logits.prefix(golden.first8Logits.count)), golden.first8Logits),
      absolute(
        "hidden state", Array(hidden.prefix(golden.finalHiddenFirst8.count)),
        golden.finalHiddenFirst8),
      Gap("rank of a logit at \(golden.position)", max(intruder, 0), tolerance: tolerance),
    ]
  }

  private static func token(of pair: [Double], vocabularySize: Int) throws -> Int {
    guard pair.count == 2, let token = Int(exactly: pair[0]), token >= 0, token < vocabularySize
    else {
      throw GoldenError.malformed(
        what: "an entry of top20", seen: "\(pair)",
        accepted: "a token below \(vocabularySize) and its logit")
    }
    return token
  }

  /// The excessive gaps, or the largest one where there is none.
  private static func worst(of gaps: [Gap]) -> [Gap] {
    let excessive = gaps.filter { !$0.isAccepted }
    return excessive.isEmpty ? Gap.worst(gaps).map { [$0] } ?? [] : excessive
  }
}

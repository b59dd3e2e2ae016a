internal import BearLabCore
internal import BearLabTensor

/// `objectives.json`: losses of given logits, and their gradients; no model is needed.
enum ObjectivesCheck {
  static let tolerance = 2e-6

  private struct File: Decodable {
    let tokenCases: [GoldenCase<TokenCase>]?
    let preferenceCases: [GoldenCase<PreferenceCase>]?

    private enum CodingKeys: String, CodingKey {
      case tokenCases = "token_cases"
      case preferenceCases = "preference_cases"
    }
  }

  fileprivate struct TokenCase: Decodable {
    /// T and V.
    let shape: [Int]
    let logits: [Float]
    let targets: [Int32]
    let allowed: [[Int32]]
    let objectives: [GoldenCase<Expected>]
  }

  fileprivate struct Expected: Decodable {
    let name: String
    let parameters: [String: GoldenValue]?
    let loss: Double
    let gradient: [Double]

    var objective: GoldenObjective { GoldenObjective(name: name, parameters: parameters ?? [:]) }
  }

  static func run(_ context: GoldenContext) throws {
    try context.checking("objectives.json", as: File.self) { file in
      for (index, row) in (file.tokenCases ?? []).enumerated() {
        try check(row, title: "objectives: token case \(index)", context)
      }
      for (index, row) in (file.preferenceCases ?? []).enumerated() {
        try PreferenceCase.check(row, title: "objectives: preference case \(index)", context)
      }
    }
  }

  // MARK: Token cases

  private static func check(
    _ row: GoldenCase<TokenCase>, title: String, _ context: GoldenContext
  ) throws {
    let sample: TokenCase
    do {
      sample = try row.value
      try sample.checkShape()
    } catch {
      return try context.report(Verification(title, .fail(GoldenError.reason(of: error))))
    }
    for (index, entry) in sample.objectives.enumerated() {
      let name = (try? entry.value.objective.description) ?? "objective \(index)"
      let outcome = Verification.Outcome {
        try judge(entry.value, sample: sample, registry: context.registry)
      }
      try context.report(Verification("objectives: \(name) \(sample.shape)", outcome))
    }
  }

  private static func judge(
    _ expected: Expected, sample: TokenCase, registry: PluginRegistry
  ) throws -> Verification.Outcome {
    guard let type = try expected.objective.type(in: registry) else {
      return .skip("there is no objective '\(expected.name)' yet")
    }
    let objective = try expected.objective.make(type)
    let logits = Tensor(sample.logits, shape: sample.shape, requiresGradient: true)
    let batch = try AnswerBatch(logits: logits, targets: sample.targets, allowed: sample.allowed)
    let loss = try objective.loss(batch).mean
    loss.backward()
    let gradient = logits.gradient ?? [Float](repeating: 0, count: logits.count)
    return Verification.Outcome([
      .relative("loss", loss.scalars.map(Double.init), [expected.loss], tolerance: tolerance),
      .relative(
        "gradient", gradient.map(Double.init), expected.gradient, tolerance: tolerance),
    ])
  }
}

extension ObjectivesCheck.TokenCase {
  /// Checks that the lists fit each other, as an ``AnswerBatch`` presumes.
  ///
  /// - Throws: ``GoldenError/malformed(what:seen:accepted:)``.
  fileprivate func checkShape() throws(GoldenError) {
    guard shape.count == 2, shape.allSatisfy({ $0 > 0 }),
      logits.count.isMultiple(of: shape[0]), logits.count / shape[0] == shape[1]
    else {
      throw .malformed(
        what: "shape", seen: "\(shape)", accepted: "that of the \(logits.count) logits")
    }
    guard targets.count == shape[0], allowed.count == shape[0] else {
      throw .malformed(
        what: "the number of targets and allowed sets",
        seen: "\(targets.count) and \(allowed.count)", accepted: "\(shape[0]) of each")
    }
    for (row, tokens) in allowed.enumerated() {
      let isInside = tokens.allSatisfy { $0 >= 0 && Int($0) < shape[1] }
      guard isInside, !tokens.isEmpty, Set(tokens).count == tokens.count else {
        throw .malformed(
          what: "row \(row) of allowed", seen: "\(tokens)",
          accepted: "distinct tokens from 0 to \(shape[1] - 1)")
      }
    }
  }
}

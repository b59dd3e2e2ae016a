public import BearLabCore

/// The two presets of a run: section 0.0 of the method specification.
///
/// A protocol is a set of defaults; each switch can still be set alone after it.
public enum EvaluationProtocol: String, Sendable, CaseIterable, ParameterReadable {
  /// Prompts, scores, selection and matching without quirks: every parameter's own default.
  case consistent
  /// What the published numbers were made with.
  case official

  /// A setting that the protocols give different values.
  struct Switch {
    let section: String
    let name: String
    /// The value under ``official``; under ``consistent`` it is the parameter's default.
    let official: String
    /// Whether it is about how long one trains and measures, and not about how.
    var isBudget = false
  }

  /// Plug-ins that were no part of the published runs, and whose defaults are part of their method: D³
  /// takes no length into account, and the exact search is that of the total probability.
  static let ownDefaults: Set<String> = ["decoder 'd3'", "decoder 'exact'"]

  static let switches: [Switch] = [
    Switch(section: "backbone", name: "preamble-spaces", official: "1"),
    Switch(section: "backbone", name: "inference-preamble-spaces", official: "2"),
    Switch(section: "decoder", name: "length-penalty", official: "1"),
    Switch(section: "decoder", name: "max-tokens", official: "128"),
    Switch(section: "training", name: "normalise-group", official: "16"),
    Switch(section: "evaluation", name: "selection", official: "test-max"),
    Switch(section: "evaluation", name: "match", official: "text"),
    Switch(section: "lora", name: "targets", official: "q_proj,v_proj", isBudget: true),
    Switch(section: "training", name: "learning-rate", official: "1e-4", isBudget: true),
    Switch(section: "training", name: "batch-size", official: "128", isBudget: true),
    Switch(section: "training", name: "epochs", official: "10", isBudget: true),
    Switch(section: "training", name: "warmup-steps", official: "20", isBudget: true),
    Switch(section: "training", name: "samples", official: "10000", isBudget: true),
    Switch(section: "evaluation", name: "users", official: "5000", isBudget: true),
  ]
}

/// Which epoch's weights are reported: section 8.5 of the method specification.
public enum CheckpointSelection: String, Sendable, CaseIterable, ParameterReadable {
  /// The best NDCG@10 on validation, the earliest of equals.
  case valid
  /// The best NDCG@10 on test: optimistic.
  case testBest = "test-best"
  /// As ``testBest``, and besides the best of each column over the epochs, as in the official
  /// collector: more optimistic still.
  case testMax = "test-max"
  /// The last epoch; the others are not measured.
  case last

  /// The rows that every epoch is measured on; nil for none.
  var split: String? {
    switch self {
    case .valid: "validation"
    case .testBest, .testMax: "test"
    case .last: nil
    }
  }
}

/// Which models a run measures, and on which rows.
public enum MeasuredModels: String, Sendable, CaseIterable, ParameterReadable {
  /// The model as it was, its competitors and the fine-tuned one, on test.
  case all
  /// The fine-tuned one alone, on test.
  case fineTuned = "fine-tuned"
  /// The fine-tuned one alone, on validation: test is never looked at, as in a search for settings.
  case validation
}

extension CheckpointSelection {
  /// How a table names the weights that were chosen; `testMax` gets a row of its own besides.
  func title(of objective: String) -> String {
    switch self {
    case .valid: objective
    case .testBest, .testMax: "\(objective), test-best"
    case .last: "\(objective), last"
    }
  }
}

extension RunDescription {
  /// Puts a protocol's values where it is chosen: what comes later wins over them.
  ///
  /// Choosing the protocol that is already in force changes nothing.
  static func applyingProtocols(_ assignments: [Assignment]) throws -> [Assignment] {
    var inForce = EvaluationProtocol.consistent.rawValue
    var applied: [Assignment] = []
    for assignment in assignments {
      applied.append(assignment)
      guard assignment.section.isEmpty, assignment.name == "protocol", assignment.text != inForce
      else { continue }
      inForce = assignment.text
      for entry in EvaluationProtocol.switches {
        applied.removeAll { $0.section == entry.section && $0.name == entry.name }
        // An unknown protocol is refused where its own value is read.
        guard inForce == EvaluationProtocol.official.rawValue else { continue }
        var value = Assignment(section: entry.section, name: entry.name, text: entry.official)
        value.isOfProtocol = true
        applied.append(value)
      }
    }
    return applied
  }

  /// The protocol as reports name it, with the switches that were set otherwise.
  static func summary(
    of name: EvaluationProtocol, values: [String: ParameterValues], declared: [String: [Parameter]],
    otherConstraint: ConstraintMode?
  ) -> String {
    var deviations = EvaluationProtocol.switches.compactMap { entry -> String? in
      guard !entry.isBudget, let value = values[entry.section]?.values[entry.name],
        let parameter = declared[entry.section]?.first(where: { $0.name == entry.name })
      else { return nil }
      let expected =
        name == .official ? try? parameter.parse(entry.official) : parameter.defaultValue
      return value == expected ? nil : "\(entry.section).\(entry.name)=\(value)"
    }
    if let otherConstraint { deviations.append("constraint \(otherConstraint.rawValue)") }
    return name.rawValue
      + (deviations.isEmpty ? "" : ", but " + deviations.joined(separator: ", "))
  }
}

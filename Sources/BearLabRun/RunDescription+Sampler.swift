internal import BearLabCore

extension RunDescription {
  /// The sampler of the run.
  ///
  /// - Parameters:
  ///   - name: the one that was set, or empty.
  ///   - objective: its name, and the objective.
  ///   - assignments: all that was set.
  /// - Returns: the one that was set, else the objective's; nil for an objective without negatives.
  /// - Throws: ``RunDescriptionError/noNegatives(objective:setting:)``.
  static func sampler(
    set name: String, objective: (name: String, made: any Objective), _ assignments: [Assignment]
  ) throws(RunDescriptionError) -> String? {
    if let negatives = objective.made.needs.negatives {
      return name.isEmpty ? negatives.sampler : name
    }
    let stray = assignments.first { $0.section == "sampler" && !$0.isOfProtocol }
    guard name.isEmpty, stray == nil else {
      throw .noNegatives(
        objective: objective.name, setting: stray.map { "sampler.\($0.name)" } ?? "sampler")
    }
    return nil
  }

  /// The folder of PEFT's LoRA weights that the model has; nil for the base model.
  var adapterFolder: String? {
    guard case .text(let path) = general.values["adapter"], !path.isEmpty else { return nil }
    return path
  }

  /// The folder of the run whose weights training begins with; nil for fresh ones.
  var initialRun: String? {
    guard case .text(let path) = general.values["init-from"], !path.isEmpty else { return nil }
    return path
  }
}

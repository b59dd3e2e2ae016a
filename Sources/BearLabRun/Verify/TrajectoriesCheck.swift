internal import BearLabCore
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTraining

/// `lora_trajectory.json`: some optimiser steps from a start that is a formula.
enum TrajectoriesCheck {
  private static let lossTolerance = 1e-3
  private static let normTolerance = 1e-2
  /// Absolute: where a gradient nearly vanishes, Adam divides rounding errors by rounding errors.
  private static let weightTolerance = 1e-3

  static func run(_ context: GoldenContext) throws {
    let file = "lora_trajectory.json"
    try context.checkingModel(file, as: TrajectoryFile.self) { golden, model in
      guard model.model.precision == .f32 else {
        let reason = "not judged in \(model.model.precision.rawValue)"
        return try context.report(Verification(file, .skip(reason)))
      }
      let dataset: GoldenDataset
      do {
        dataset = try GoldenDataset(context, model: model)
      } catch {
        return try context.report(Verification(file, .fail(GoldenError.reason(of: error))))
      }
      for (index, row) in golden.runs.enumerated() {
        let name = (try? row.value.objective) ?? "run \(index)"
        let outcome = Verification.Outcome {
          try judge(
            row.value, of: golden, dataset: dataset, model: model.model,
            registry: context.registry)
        }
        try context.report(Verification("trajectory: \(name)", outcome))
      }
    }
  }

  private static func judge(
    _ run: TrajectoryFile.Run, of file: TrajectoryFile, dataset: GoldenDataset,
    model: LanguageModel, registry: PluginRegistry
  ) throws -> Verification.Outcome {
    let golden = GoldenObjective(name: run.objective, parameters: run.parameters ?? [:])
    guard let type = try golden.type(in: registry) else {
      return .skip("there is no objective '\(run.objective)' yet")
    }
    let objective = try golden.adding(file.objectiveDefaults, declaredBy: type).make(type)
    let adapter = try file.lora.adapter(for: model)
    let trainer = Trainer(
      model: model, adapter: adapter, objective: objective, trie: dataset.trie,
      settings: try file.optimizer.settings, totalSteps: run.steps.count)
    var gaps: [Gap] = []
    for (index, step) in run.steps.enumerated() {
      let report = try trainer.step(try step.rows.map { try sample($0, dataset: dataset) })
      gaps += [
        .relative(
          "loss of step \(index)", [report.loss], [step.loss], tolerance: lossTolerance),
        .relative(
          "gradient norm of step \(index)", [report.gradientNorm], [step.gradientNorm],
          tolerance: normTolerance),
      ]
    }
    let weights = try run.final.sorted { $0.key < $1.key }.flatMap { name, weight in
      try self.gaps(of: name, weight, in: adapter)
    }
    return Verification.Outcome(summary(of: gaps) + summary(of: weights))
  }

  /// A row of item ids as the trainer takes it: the history, then the target.
  private static func sample(
    _ row: [Int], dataset: GoldenDataset
  ) throws -> AnswerForest.Sample {
    guard let target = row.last, row.count > 1 else {
      throw GoldenError.malformed(
        what: "a row", seen: "\(row)", accepted: "a history and a target")
    }
    try dataset.checkItems(row)
    return AnswerForest.Sample(
      prompt: try dataset.prompt(history: row.dropLast(), stage: .training),
      answers: [(dataset.catalogue.titleNumber(of: target), .positive)])
  }

  private static func gaps(
    of name: String, _ weight: TrajectoryFile.Weight, in adapter: LoRAAdapter
  ) throws -> [Gap] {
    let numbers = try adapter.weight(named: name).map(Double.init)
    let norm = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return [
      .absolute("norm of \(name)", [norm], [weight.norm], tolerance: weightTolerance),
      .absolute(
        "weights of \(name)", Array(numbers.prefix(weight.first4.count)), weight.first4,
        tolerance: weightTolerance),
    ]
  }

  /// The excessive gaps, or the largest of each tolerance where there is none.
  private static func summary(of gaps: [Gap]) -> [Gap] {
    let excessive = gaps.filter { !$0.isAccepted }
    guard excessive.isEmpty else { return excessive }
    return Set(gaps.map(\.tolerance)).sorted().compactMap { tolerance in
      Gap.worst(gaps.filter { $0.tolerance == tolerance })
    }
  }
}

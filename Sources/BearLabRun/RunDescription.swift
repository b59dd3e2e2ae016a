public import BearLabCore
public import BearLabEvaluation
public import BearLabNN
public import BearLabTraining
internal import Foundation

/// Everything that decides what a run computes, with every default filled in.
public struct RunDescription: Sendable {
  public let dataset: String
  public let model: String
  /// A plug-in by name, with the effective value of each of its parameters.
  public struct Choice: Sendable, Hashable {
    public let name: String
    public let values: ParameterValues
  }
  /// `none` for a run without a language model.
  public let backbone: Choice
  public let objective: Choice
  public let decoder: Choice
  /// What draws the objective's negatives; nil where it has none.
  public let sampler: Choice?
  /// What backbone or decoder build on, or what a run without a language model measures; nil for none.
  public let recommender: Choice?
  /// Whether what the run trains depends on the recommender, and not the decoder alone.
  public let trainsOnRecommender: Bool
  public private(set) var general: ParameterValues
  public let training: ParameterValues
  public let lora: ParameterValues
  public let evaluation: ParameterValues
  /// What the table shows besides NDCG and HR.
  public let metrics: [NamedMetric]
  /// Where the decoder's constraint comes: as the objective was trained, or as set.
  public let constraint: ConstraintMode
  /// The protocol as reports name it, with the switches that were set otherwise.
  public let protocolSummary: String

  /// Resolves settings given as text, later ones winning over earlier ones.
  ///
  /// - Parameters:
  ///   - assignments: from YAML, then from the command line; see ``Assignment``.
  ///   - registry: the plug-ins that may be chosen.
  /// - Throws: ``RunDescriptionError`` for an unknown section, `RegistryError` for an unknown
  ///   plug-in, `ParameterError` for an unknown parameter or a value that is not accepted.
  public init(_ assignments: [Assignment], registry: PluginRegistry) throws {
    let known = [""] + Self.pluginKinds + RunSections.all.map(\.name)
    for assignment in assignments where !known.contains(assignment.section) {
      throw RunDescriptionError.unknownSection(
        assignment.section, known: known.filter { !$0.isEmpty })
    }
    for assignment in assignments where assignment.section.isEmpty {
      try Self.requireGeneral(assignment.name)
    }
    let effective = try Self.droppingModelSettings(
      Self.droppingOtherPlugins(
        Self.applyingProtocols(Self.implyingNoBackbone(assignments))))
    var declared: [String: [Parameter]] = [:]
    func values(
      _ section: String, _ parameters: [Parameter], owner: String
    ) throws -> ParameterValues {
      declared[section] = parameters
      return try ParameterValues(
        try parse(
          // A plug-in that lacks a switch of the protocol has no such quirk.
          effective.filter { assignment in
            assignment.section == section
              && (!assignment.isOfProtocol
                || parameters.contains { $0.name == assignment.name }
                  && !EvaluationProtocol.ownDefaults.contains(owner))
          }, parameters, owner: owner),
        for: parameters, owner: owner)
    }
    // Made at once: what contradicts itself is refused before anything is loaded.
    func choice<Made>(
      _ kind: String, _ name: String, _ parameters: [Parameter],
      _ make: (ParameterValues) throws -> Made
    ) throws -> (Choice, Made) {
      let values = try values(kind, parameters, owner: "\(kind) '\(name)'")
      return (Choice(name: name, values: values), try make(values))
    }
    let general = try values("", RunSections.general, owner: "a run")
    dataset = try general["dataset"]
    model = try general["model"]
    let names: (String, String, String) = try (
      general["backbone"], general["objective"], general["decoder"]
    )
    let backboneType =
      names.0 == Self.noBackbone ? nil : try registry.backbones.find(names.0)
    let types = try (registry.objective(named: names.1), registry.decoders.find(names.2))
    let madeBackbone: (any Backbone)?
    (backbone, madeBackbone) = try choice(
      "backbone", names.0, backboneType?.parameters ?? []
    ) { try backboneType?.init($0) }
    let (objective, madeObjective) = try choice("objective", names.1, types.0.parameters) {
      try types.0.init($0)
    }
    let (decoder, madeDecoder) = try choice("decoder", names.2, types.1.parameters) {
      try types.1.init($0)
    }
    let recommenderName = try Self.recommender(
      set: general["recommender"], backbone: (names.0, madeBackbone), objective: madeObjective,
      decoder: madeDecoder, effective, registry: registry)
    trainsOnRecommender =
      madeBackbone.map { $0.needs.recommender || madeObjective.needs.recommender } ?? true
    let samplerName = try Self.sampler(
      set: general["sampler"], objective: (names.1, madeObjective), effective)
    sampler = try samplerName.map { name in
      let type = try registry.samplers.find(name)
      let (sampler, made) = try choice("sampler", name, type.parameters) { try type.init($0) }
      if made.needs.leavesCatalogue, madeObjective.needs.columns == .children {
        throw RunDescriptionError.freeNegatives(objective: names.1, sampler: name)
      }
      return sampler
    }
    recommender = try recommenderName.map { name in
      let type = try registry.recommenders.find(name)
      return try choice("recommender", name, type.parameters) { try type.init($0) }.0
    }
    self.general = try ParameterValues(
      general.values.merging([
        "recommender": .text(recommenderName ?? ""), "sampler": .text(samplerName ?? ""),
      ]) { $1 },
      for: RunSections.general, owner: "a run")
    self.objective = objective
    self.decoder = decoder
    training = try values("training", RunSections.training, owner: "section training")
    lora = try values("lora", RunSections.lora, owner: "section lora")
    evaluation = try values("evaluation", RunSections.evaluation, owner: "section evaluation")
    metrics = try Self.metrics(evaluation[RunSections.metricsName], registry: registry)
    let trained = madeObjective.needs.constraint
    constraint = try Self.constraint(
      evaluation, objective: objective.name, trained: trained,
      decoder: madeDecoder.constraint)
    protocolSummary = Self.summary(
      of: try general["protocol"],
      // A run without a language model has none of the quirks.
      values: backbone.name == Self.noBackbone
        ? [:]
        : [
          "backbone": backbone.values, "decoder": decoder.values, "training": training,
          "evaluation": evaluation,
        ], declared: declared, otherConstraint: constraint == trained ? nil : constraint)
    _ = try loraSettings
    _ = try seeds
  }

  /// Refuses a section's setting without its section, such as `epochs=2`.
  private static func requireGeneral(_ name: String) throws(RunDescriptionError) {
    guard !RunSections.general.contains(where: { $0.name == name }) else { return }
    let sections = RunSections.all.filter { $0.parameters.contains { $0.name == name } }.map(\.name)
    if !sections.isEmpty { throw .settingWithoutSection(name, sections: sections) }
  }

  /// Where the decoder's constraint comes, relative to the soft-max.
  ///
  /// - Parameters:
  ///   - evaluation: the section, with what was set and whether a mismatch is allowed.
  ///   - objective: its name.
  ///   - trained: the constraint that the objective is trained for.
  ///   - decoder: the constraint that the decoder can work with; nil for either.
  /// - Returns: what the decoder needs, else what was set, else what was trained.
  /// - Throws: ``RunDescriptionError/constraintMismatch(objective:trained:decoded:)`` or
  ///   ``RunDescriptionError/unsupportedConstraint(set:decoder:)``.
  private static func constraint(
    _ evaluation: ParameterValues, objective: String, trained: ConstraintMode,
    decoder: ConstraintMode?
  ) throws -> ConstraintMode {
    let setting: String = try evaluation["constraint"]
    let mismatch: String = try evaluation["constraint-mismatch"]
    let set = ConstraintMode(rawValue: setting)
    if let decoder, let set, set != decoder {
      throw RunDescriptionError.unsupportedConstraint(set: setting, decoder: decoder.rawValue)
    }
    let decoded = decoder ?? set ?? trained
    guard decoded == trained || mismatch == "allow" else {
      throw RunDescriptionError.constraintMismatch(
        objective: objective, trained: trained.rawValue, decoded: decoded.rawValue)
    }
    return decoded
  }

  /// The same settings but for some general ones.
  func replacing(general changes: [String: ParameterValue]) throws -> RunDescription {
    var copy = self
    copy.general = try ParameterValues(
      general.values.merging(changes) { $1 }, for: RunSections.general, owner: "a run")
    return copy
  }

  package static let pluginKinds = ["backbone", "recommender", "objective", "sampler", "decoder"]

  /// Leaves out the parameters of a plug-in that a later assignment replaces by another one.
  private static func droppingOtherPlugins(_ assignments: [Assignment]) -> [Assignment] {
    var names: [String: String] = [:]
    for parameter in RunSections.general where pluginKinds.contains(parameter.name) {
      names[parameter.name] = parameter.defaultValue.description
    }
    var kept: [Assignment] = []
    for assignment in assignments {
      let kind = assignment.name
      if assignment.section.isEmpty, let name = names[kind], name != assignment.text {
        kept.removeAll { $0.section == kind && !$0.isOfProtocol }
        names[kind] = assignment.text
      }
      kept.append(assignment)
    }
    return kept
  }

  /// One setting as text: `objective.lambda=0.5`; an empty section is the general one.
  public struct Assignment: Sendable, Equatable {
    public let section: String
    public let name: String
    public let text: String
    /// Whether a protocol says so, and not the user.
    var isOfProtocol = false

    /// Creates an assignment.
    public init(section: String, name: String, text: String) {
      self.section = section
      self.name = name
      self.text = text
    }

    /// The name as `--set` has it: `objective.lambda`, or that of a general setting.
    public var path: String { Self.path(section, name) }

    /// The name of a setting as `--set` has it; an empty section is the general one.
    public static func path(_ section: String, _ name: String) -> String {
      section.isEmpty ? name : "\(section).\(name)"
    }

    /// Reads `kind.parameter=value`, or `setting=value` for a general setting.
    ///
    /// - Throws: ``RunDescriptionError/malformedAssignment(_:)``.
    public init(parsing text: String) throws(RunDescriptionError) {
      guard let equals = text.firstIndex(of: "=") else { throw .malformedAssignment(text) }
      let path = text[..<equals]
      guard !path.isEmpty, path.first != "." else { throw .malformedAssignment(text) }
      guard let dot = path.firstIndex(of: ".") else {
        self.init(
          section: "", name: String(path), text: String(text[text.index(after: equals)...]))
        return
      }
      self.init(
        section: String(path[..<dot]), name: String(path[path.index(after: dot)...]),
        text: String(text[text.index(after: equals)...]))
    }
  }

  // MARK: Typed views

  /// LoRA's settings.
  ///
  /// - Throws: ``RunDescriptionError/unknownTarget(_:)``.
  public var loraSettings: LoRASettings {
    get throws {
      let text: String = try lora["targets"]
      var targets: Set<Projection> = []
      for word in text.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) {
        if word == "all" {
          targets.formUnion(Projection.allCases)
        } else if let projection = Projection(rawValue: word) {
          targets.insert(projection)
        } else {
          throw RunDescriptionError.unknownTarget(word)
        }
      }
      guard !targets.isEmpty else { throw RunDescriptionError.unknownTarget(text) }
      return LoRASettings(
        rank: try lora["rank"], alpha: try lora["alpha"], dropout: try lora["dropout"],
        targets: targets)
    }
  }

  /// The trainer's settings.
  public var trainingSettings: TrainingSettings {
    get throws {
      let schedule: String = try training["schedule"]
      let warmup: Int = try training["warmup-steps"]
      let clip: Double = try training["clip-norm"]
      let group: Int = try training["normalise-group"]
      let microBatch: Int = try training["micro-batch"]
      return TrainingSettings(
        epochs: try training["epochs"], batchSize: try training["batch-size"],
        learningRate: try training["learning-rate"],
        schedule: LearningRateSchedule.Shape(rawValue: schedule) ?? .linear,
        warmupSteps: warmup < 0 ? nil : warmup, clipNorm: clip == 0 ? nil : clip,
        normaliseGroup: group == 0 ? nil : group,
        microBatch: microBatch == 0 ? nil : microBatch,
        optimizer: AdamWSettings(weightDecay: try training["weight-decay"]), seed: try seed)
    }
  }

  /// The most memory to take, in bytes; 0 for all that there is.
  public var memoryLimit: Int {
    get throws { try general["memory-limit"] }
  }

  /// Which epoch is reported.
  var selection: CheckpointSelection {
    get throws { try evaluation["selection"] }
  }

  /// Which models are measured, and on which rows.
  var measured: MeasuredModels {
    get throws { try evaluation["measure"] }
  }

  /// The seeds of a series of runs; empty for a single run.
  ///
  /// - Throws: ``RunDescriptionError/malformedSeeds(_:)``.
  public var seeds: [Int] {
    get throws {
      let text: String = try general["seeds"]
      return text.isEmpty ? [] : try Self.seeds(of: text)
    }
  }

  /// Reads different whole numbers, such as `1,2,3`.
  ///
  /// - Throws: ``RunDescriptionError/malformedSeeds(_:)``.
  public static func seeds(of text: String) throws(RunDescriptionError) -> [Int] {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let seeds = words.compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    guard seeds.count == words.count, seeds.allSatisfy({ $0 >= 0 }),
      Set(seeds).count == seeds.count
    else { throw .malformedSeeds(text) }
    return seeds
  }

  /// The seed of everything random.
  public var seed: UInt64 {
    get throws {
      let seed: Int = try general["seed"]
      return UInt64(seed)
    }
  }
}

/// Reads texts in the types of the parameters that they name.
private func parse(
  _ assignments: [RunDescription.Assignment], _ parameters: [Parameter], owner: String
) throws(ParameterError) -> [String: ParameterValue] {
  var values: [String: ParameterValue] = [:]
  for assignment in assignments {
    guard let parameter = parameters.first(where: { $0.name == assignment.name }) else {
      throw .unknown(parameter: assignment.name, owner: owner, known: parameters.map(\.name))
    }
    do {
      values[assignment.name] = try parameter.parse(assignment.text)
    } catch .invalid(let name, let value, let accepted) where !assignment.section.isEmpty {
      // `batch-size` alone would be training's or evaluation's.
      throw .invalid(
        parameter: "\(assignment.section).\(name)", value: value, accepted: accepted)
    }
  }
  return values
}

extension RunDescription {
  /// The decoder's parameter that says how long its lists are; nil where none does.
  public var listParameter: String? {
    ["list", "width"].first { decoder.values.values[$0] != nil }
  }
}

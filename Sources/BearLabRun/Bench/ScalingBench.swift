public import BearLabCore
internal import BearLabTensor

/// Times how work grows: with the catalogue, the histories, the users and LoRA's rank.
///
/// Data are synthetic, see `SyntheticDataset`. One size grows at a time while the others stay; of
/// the repetitions of a work the fastest counts, since a busy machine only makes it slower.
public struct ScalingBench {
  /// What grows.
  enum Size: String, CaseIterable {
    case titles
    case history
    case users
    case rank

    /// Whether an untrained search depends on it.
    var changesSearch: Bool { self != .rank }
  }

  /// The sizes to time, and those that stay while another one grows.
  struct Plan {
    var sizes: [Size: [Int]] = [
      .titles: [2000, 6000, 20_000, 60_000, 200_000], .history: [4, 8, 16, 32, 64],
      .users: [4, 8, 16, 32, 64], .rank: [4, 8, 16, 32, 64],
    ]
    var usual: [Size: Int] = [.titles: 6000, .history: 4, .users: 4, .rank: 8]
    var repetitions = 2
  }

  private let assignments: [RunDescription.Assignment]
  private let registry: PluginRegistry
  private let loaded: LoadedModel
  private let data: SyntheticDataset
  private let plan: Plan
  private let now: () -> Duration

  /// Prepares a bench.
  ///
  /// - Parameters:
  ///   - assignments: the settings of the run whose work is timed; data set and sizes are the bench's.
  ///   - registry: the plug-ins.
  ///   - loaded: the model.
  /// - Throws: ``BenchError/tooFewWords(_:needed:)``, and what is wrong with the settings.
  public init(
    _ assignments: [RunDescription.Assignment], registry: PluginRegistry, loaded: LoadedModel
  ) throws {
    let start = ContinuousClock.now
    try self.init(assignments, registry: registry, loaded: loaded, plan: Plan()) {
      ContinuousClock.now - start
    }
  }

  /// `now` is called right before and right after each work that is timed, and nowhere else.
  init(
    _ assignments: [RunDescription.Assignment], registry: PluginRegistry, loaded: LoadedModel,
    plan: Plan, now: @escaping () -> Duration
  ) throws {
    self.assignments = assignments
    self.registry = registry
    self.loaded = loaded
    self.plan = plan
    self.now = now
    let description = try RunDescription(assignments, registry: registry)
    data = try SyntheticDataset(encoder: loaded.encoder, seed: try description.seed)
  }

  /// Times everything, which takes minutes.
  ///
  /// - Parameter observer: told of each size before it is timed.
  /// - Returns: a curve for each size and work.
  /// - Throws: what trainer, model and decoder throw.
  public func run(observer: (String) -> Void) throws -> ScalingReport {
    var curves: [ScalingReport.Curve] = []
    for size in Size.allCases {
      var points: [ScalingReport.Work: [ScalingReport.Point]] = [:]
      for value in plan.sizes[size] ?? [] {
        observer("\(size.rawValue) \(value)")
        for (work, seconds) in try time(size, value) {
          points[work, default: []].append(.init(size: value, seconds: seconds))
        }
      }
      curves += ScalingReport.Work.allCases.compactMap { work in
        points[work].map { ScalingReport.Curve(over: size.rawValue, work: work, points: $0) }
      }
    }
    return ScalingReport(facts: try facts, curves: curves)
  }

  /// The seconds of each work at one size.
  private func time(_ size: Size, _ value: Int) throws -> [(ScalingReport.Work, Double)] {
    let sizes = plan.usual.merging([size: value]) { $1 }
    let experiment = try experiment(sizes)
    let bench = Bench(
      experiment,
      settings: try ParameterValues(
        [
          "steps": .integer(plan.repetitions),
          "users": .integer(plan.repetitions * (sizes[.users] ?? 1)),
        ], for: Bench.parameters, owner: "bench"),
      now: now)
    var seconds: [(ScalingReport.Work, Double)] = []
    if size == .titles { seconds.append((.trie, try trieSeconds(of: experiment))) }
    seconds.append((.step, try bench.train().fastestSeconds))
    if size.changesSearch { seconds.append((.search, try bench.decode().fastestSeconds)) }
    return seconds
  }

  private func experiment(_ sizes: [Size: Int]) throws -> Experiment {
    func size(_ size: Size) -> Int { sizes[size] ?? 1 }
    let own = [
      ("training", "batch-size", size(.users)), ("evaluation", "batch-size", size(.users)),
      ("lora", "rank", size(.rank)),
    ].map { RunDescription.Assignment(section: $0, name: $1, text: "\($2)") }
    return try Experiment(
      try RunDescription(assignments + own, registry: registry), registry: registry,
      dataset: data.make(
        titles: size(.titles), historyLength: size(.history),
        // One batch more than is timed, for the warm-up.
        windows: (plan.repetitions + 1) * size(.users)),
      loaded: loaded)
  }

  /// From the titles' text to the trie.
  private func trieSeconds(of experiment: Experiment) throws -> Double {
    let began = now()
    _ = try makeTrie(
      experiment.dataset.catalogue, backbone: experiment.backbone, encoder: loaded.encoder)
    return (now() - began).seconds
  }

  private var facts: [String: JSONScalar] {
    get throws {
      let description = try RunDescription(assignments, registry: registry)
      let seed: Int = try description.general["seed"]
      return [
        "bear_lab": .text(BearLab.version), "engine": .text(MatrixEngine.name),
        "instruction_set": .text(Compute.instructionSet), "threads": .integer(Compute.threads),
        "precision": .text(loaded.model.precision.rawValue),
        "model": .text(description.model), "backbone": .text(description.backbone.name),
        "objective": .text(description.objective.name),
        "decoder": .text(description.decoder.name), "seed": .integer(seed),
      ]
    }
  }
}

public import BearLabCore
internal import BearLabStatistics
internal import Foundation

/// The points of a sweep, and the runs that measure them.
public struct SweepPlan: Sendable {
  let request: SweepRequest
  /// The run without the values of any point.
  let base: RunDescription
  /// A value for each axis, in their order.
  let points: [[String]]
  /// Training samples of each round; one round without halving.
  let rounds: [Int]
  /// The runs of the first round, which every point takes part in.
  public private(set) var firstRuns: [Run] = []

  /// How many rounds there are at most.
  public var roundCount: Int { rounds.count }

  /// A run of a point with one of the seeds.
  public struct Run: PlannedRun {
    /// The name of its folder.
    public let name: String
    public let path: String
    public let settings: [RunDescription.Assignment]
    public let description: RunDescription
    /// The place of its point.
    let point: Int
  }

  /// Finds and describes every point; nothing is read but the names of plug-ins.
  ///
  /// - Throws: ``SweepError``, such as for a value that its setting does not accept.
  public init(_ request: SweepRequest, registry: PluginRegistry) throws {
    try request.check()
    self.request = request
    base = try RunDescription(request.settings, registry: registry)
    guard base.hasModel else { throw SweepError.needsModel }
    try request.checkSelection(base)
    for axis in request.axes where base.isWhole(axis.section, axis.name) {
      if case .range = axis.values, axis.wholeNumbers == nil {
        throw SweepError.malformedRange("\(axis.title)=\(axis.valuesText)")
      }
    }
    points =
      request.randomPoints.map { [base] in Self.drawn($0, request, base) }
      ?? Self.grid(request.axes)
    rounds = try Self.rounds(request, samples: base.training["samples"])
    firstRuns = try points.indices.flatMap { try runs(of: $0, round: 0, registry: registry) }
    let names = Dictionary(grouping: firstRuns, by: \.name)
    if let twice = firstRuns.first(where: { (names[$0.name]?.count ?? 0) > 1 }) {
      throw SweepError.sameName(twice.name)
    }
  }

  /// Every combination of values, the last axis changing fastest.
  private static func grid(_ axes: [SweepAxis]) -> [[String]] {
    axes.reduce([[]]) { points, axis in
      guard case .list(let words) = axis.values else { return points }
      return points.flatMap { point in words.map { point + [$0] } }
    }
  }

  /// Different points, drawn one after another; fewer where so many cannot be found.
  private static func drawn(
    _ count: Int, _ request: SweepRequest, _ base: RunDescription
  ) -> [[String]] {
    var random = SplitMix64(request.searchSeed)
    var points: [[String]] = []
    // Of a short list of combinations, most draws repeat one that is there.
    for _ in 0..<100 * count where points.count < count {
      let point = request.axes.map {
        $0.drawn(isWhole: base.isWhole($0.section, $0.name), using: &random)
      }
      if !points.contains(point) { points.append(point) }
    }
    return points
  }

  private static func rounds(_ request: SweepRequest, samples: Int) throws(SweepError) -> [Int] {
    guard let halving = request.halving else { return [samples] }
    var next = halving.start ?? max(1, samples / halving.factor / halving.factor)
    guard (1..<max(samples, 1)).contains(next) else {
      throw .badStart(next, samples: samples)
    }
    var rounds: [Int] = []
    while next < samples {
      rounds.append(next)
      next = next > samples / halving.factor ? samples : next * halving.factor
    }
    return rounds + [samples]
  }

  /// The runs of a point in a round, one a seed.
  ///
  /// - Throws: ``SweepError/impossiblePoint(name:reason:remedy:)``.
  func runs(of point: Int, round: Int, registry: PluginRegistry) throws -> [Run] {
    let setting = RunDescription.Assignment.init(section:name:text:)
    let seeds = try base.seeds
    return try (seeds.isEmpty ? [Int(base.seed)] : seeds).map { seed in
      let name = [
        request.halving == nil ? "" : "samples-\(rounds[round])", self.name(of: point),
        seeds.isEmpty ? "" : "seed-\(seed)",
      ].filter { !$0.isEmpty }.joined(separator: "-")
      let settings =
        finalSettings(of: point) + [
          setting("training", "samples", "\(rounds[round])"),
          setting("evaluation", "measure", MeasuredModels.validation.rawValue),
          setting("", "seed", "\(seed)"), setting("", "seeds", ""),
        ]
      do {
        return Run(
          name: name, path: "\(request.output)/\(name)", settings: settings,
          description: try RunDescription(settings, registry: registry), point: point)
      } catch let error as any BearLabError {
        throw SweepError.impossiblePoint(
          name: self.name(of: point), reason: error.description, remedy: error.remedy)
      }
    }
  }

  /// What describes the run of a point that is measured on test.
  func finalSettings(of point: Int) -> [RunDescription.Assignment] {
    let own = zip(request.axes, points[point]).map { $0.assignment($1) }
    // A plug-in comes before its parameters.
    return request.settings + own.filter(\.section.isEmpty) + own.filter { !$0.section.isEmpty }
  }

  /// Its settings for the name of a folder: `lambda-0.5-xi-2.75`.
  func name(of point: Int) -> String {
    let words = zip(request.axes, points[point]).map { axis, value in
      "\(axis.name)-\(value.split(separator: "/").last ?? "")"
    }
    return String(
      words.joined(separator: "-").map {
        $0.isLetter || $0.isNumber || "._-".contains($0) ? $0 : "-"
      })
  }

  /// Its settings as one would give them: `objective.lambda=0.5, objective.xi=2.75`.
  func title(of point: Int) -> String {
    zip(request.axes, points[point]).map { "\($0.title)=\($1)" }.joined(separator: ", ")
  }
}

extension RunDescription {
  /// Whether a setting is a whole number.
  fileprivate func isWhole(_ section: String, _ name: String) -> Bool {
    let sections: [String: ParameterValues?] = [
      "": general, "backbone": backbone.values, "recommender": recommender?.values,
      "objective": objective.values, "sampler": sampler?.values, "decoder": decoder.values,
      "training": training, "lora": lora, "evaluation": evaluation,
    ]
    if case .integer = sections[section]??.values[name] { return true }
    return false
  }
}

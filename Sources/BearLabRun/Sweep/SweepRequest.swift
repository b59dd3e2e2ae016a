internal import BearLabCore
internal import BearLabEvaluation
internal import Foundation
internal import Yams

/// What a sweep tries, and how it chooses.
public struct SweepRequest: Sendable {
  /// What is varied.
  public var axes: [SweepAxis]
  /// What holds for all runs, later ones winning over earlier ones.
  public var settings: [RunDescription.Assignment]
  /// How many points are drawn; nil for the whole grid.
  public var randomPoints: Int?
  /// Of what is drawn.
  public var searchSeed: UInt64 = 42
  /// Nil for one measurement of every point.
  public var halving: Halving?
  /// By what the best one is chosen, on validation.
  public var select = ComparisonMetric.ndcg(10)
  /// The folder that the runs' folders are in.
  public var output: String

  /// Successive halving over `training.samples`: only the best go on to more samples.
  ///
  /// - Source: K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter
  ///   optimization", 2016.
  public struct Halving: Sendable {
    /// One in so many points goes on, to so many times the samples.
    public var factor: Int
    /// Samples of the first round; nil for those of the run, divided by the factor twice.
    public var start: Int?

    /// Sets both.
    public init(factor: Int = 3, start: Int? = nil) { (self.factor, self.start) = (factor, start) }
  }

  /// Asks for a grid.
  public init(
    axes: [SweepAxis], settings: [RunDescription.Assignment] = [], output: String
  ) {
    self.axes = axes
    self.settings = settings
    self.output = output
  }

  /// What would make the figures of two points those of different things, or is no part of a point.
  private static let reserved = [
    "dataset", "seed", "seeds", "threads", "memory-limit", "evaluation.measure",
    "evaluation.users", "evaluation.match", "evaluation.selection",
  ]

  /// Checks everything that does not need the plug-ins.
  ///
  /// - Throws: ``SweepError``.
  func check() throws(SweepError) {
    guard !axes.isEmpty else { throw .noAxes }
    for (place, axis) in axes.enumerated() {
      if axes[..<place].contains(where: { $0.title == axis.title }) {
        throw .repeatedAxis(axis.title)
      }
      let isReserved =
        Self.reserved.contains(axis.title) || halving != nil && axis.title == "training.samples"
      if isReserved { throw .reservedAxis(axis.title) }
      if case .range = axis.values, randomPoints == nil { throw .rangeInGrid(axis.title) }
    }
    if let randomPoints, !(1...Self.mostPoints).contains(randomPoints) {
      throw .badPointCount(randomPoints)
    }
    if let halving, halving.factor < 2 { throw .badFactor(halving.factor) }
  }

  /// More than anybody can train.
  static let mostPoints = 100_000

  /// Whether a run measures on validation what chooses.
  func checkSelection(_ base: RunDescription) throws(SweepError) {
    let isUsual = select.cutoff.map(RankingMetrics.cutoffs.contains) ?? (select == .itemNLL)
    guard isUsual || base.metrics.contains(where: { $0.name == select.name }) else {
      throw .unknownSelection(select.name)
    }
  }

  /// The sweep as `sweep.yaml` holds it, given the description of a run without the values of any
  /// point.
  func yaml(_ base: RunDescription) throws -> String {
    var rows = [("select", select.name)]
    rows.append(("search", randomPoints.map { "random, \($0) points" } ?? "grid"))
    if randomPoints != nil { rows.append(("random-seed", "\(searchSeed)")) }
    if let halving {
      rows.append(("halving-factor", "\(halving.factor)"))
      rows.append(("halving-start", halving.start.map { "\($0)" } ?? "default"))
    }
    rows += axes.map { ($0.title, $0.valuesText) }
    let own = Node.mapping(
      Node.Mapping(rows.map { (Node($0.0), Node.scalar(Node.Scalar($0.1, Tag(.str)))) }))
    return try Yams.serialize(node: Node.mapping(Node.Mapping([(Node("sweep"), own)])))
      + base.yaml()
  }
}

internal import BearLabEvaluation
public import BearLabRun

/// The figures that are made of what runs have written.
public enum RunFigure: String, CaseIterable, Sendable {
  case training, pruning, margins, steps, time, sensitivity

  /// What it shows, in a few words.
  public var summary: String {
    switch self {
    case .training: "loss against step, and the figures of each epoch"
    case .pruning: "PR@5 and PR@10, with intervals (diagnose)"
    case .margins: "how far below the beam lost targets are (diagnose)"
    case .steps: "at which step targets are lost (diagnose)"
    case .time: "seconds an epoch against a metric, the paper's Figure 9"
    case .sensitivity: "a metric against a setting, the paper's Figure 8"
    }
  }

  /// Draws runs.
  ///
  /// - Parameters:
  ///   - runs: in the order of their colours.
  ///   - metric: a key of `metrics.jsonl`, for the kinds that show one.
  ///   - parameter: of `sensitivity`: the setting along the axis; nil for the one that has most
  ///     values, and others in panels of their own where they were varied one at a time.
  /// - Returns: the figure.
  /// - Throws: ``FigureError``, and `RunLogError` where a run lacks what is shown.
  public func figure(
    of runs: [RunLog], metric: String = "ndcg@10", parameter: String? = nil
  ) throws -> Figure {
    let named = RunLog.labelled(runs)
    return switch self {
    case .training: try TrainingFigure(named, metric: metric).figure()
    case .pruning: try PruningFigure(named).figure
    case .margins: try LossFigures(named).margins()
    case .steps: try LossFigures(named).steps()
    case .time: try TimeFigure(named, metric: metric).figure
    case .sensitivity:
      try SensitivityFigure(
        SweepTable(of: runs, metric: metric), metric: metric, parameter: parameter
      ).figure
    }
  }

  /// The name of the run where there is only one, which no legend tells.
  static func note(ofOnly names: [String]) -> String {
    names.count == 1 ? "Run \(names[0]). " : ""
  }

  /// A metric's key as people write it: `ndcg@10` is NDCG@10.
  static func title(of metric: String) -> String {
    let words = metric.replacing("_", with: " ").split(separator: " ")
    return words.map { word in
      word.contains("@") || word == "nll" ? word.uppercased() : String(word)
    }.joined(separator: " ")
  }

  /// The axis of a metric.
  static func axis(_ metric: String, of split: String = "") -> Figure.Axis {
    Figure.Axis(
      [split, title(of: metric)].filter { !$0.isEmpty }.joined(separator: " "),
      unit: metric == "item_nll" ? "nats" : "")
  }
}

extension String {
  /// With a capital in front.
  var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension Figure.Point {
  /// A metric at a place, with its interval.
  init(_ x: Double, _ metric: EvaluationFigures.Metric) {
    self.init(x, metric.value, interval: metric.interval.map { $0.lower...$0.upper })
  }
}

extension EvaluationFigures {
  /// A figure by its key.
  ///
  /// - Throws: ``FigureError/unknownMetric(name:known:)``.
  func required(_ name: String) throws(FigureError) -> Metric {
    guard let metric = metric(name) else {
      throw .unknownMetric(name: name, known: metrics.map(\.name))
    }
    return metric
  }
}

public import BearLabCore

/// What can be wrong with a sweep.
public enum SweepError: BearLabError, Equatable {
  case noAxes
  case malformedList(String)
  case malformedRange(String)
  case repeatedAxis(String)
  case reservedAxis(String)
  case rangeInGrid(String)
  case badPointCount(Int)
  case badFactor(Int)
  case badStart(Int, samples: Int)
  case unknownSelection(String)
  case needsModel
  case impossiblePoint(name: String, reason: String, remedy: String)
  case sameName(String)
  case otherSettings(path: String, differing: [String])

  public var description: String {
    switch self {
    case .noAxes: "the sweep varies nothing"
    case .malformedList(let text): "'\(excerpt(of: text))' is no list of different values"
    case .malformedRange(let text):
      "'\(excerpt(of: text))' is no range of numbers that the setting takes"
    case .repeatedAxis(let name): "'\(excerpt(of: name))' is varied twice"
    case .reservedAxis(let name): "a sweep cannot vary '\(excerpt(of: name))'"
    case .rangeInGrid(let name): "'\(excerpt(of: name))' has a range, and a grid has values only"
    case .badPointCount(let count): "\(count) points cannot be drawn"
    case .badFactor(let factor): "halving by \(factor) leaves nothing out"
    case .badStart(let start, let samples):
      "halving cannot start with \(start) samples: the run has \(samples)"
    case .unknownSelection(let name): "'\(name)' is not measured on validation"
    case .needsModel: "a run without a language model is measured on test alone"
    case .impossiblePoint(let name, let reason, _): "point \(name): \(reason)"
    case .sameName(let name): "two points would have the folder \(excerpt(of: name))"
    case .otherSettings(let path, let differing):
      "the sweep in \(path) has other settings: "
        + excerpt(of: differing.joined(separator: ", "), limit: 300)
    }
  }

  public var remedy: String {
    switch self {
    case .noAxes: "give --grid objective.lambda=0.1,0.25,0.5, or --range with --random"
    case .malformedList: "write for example objective.lambda=0.1,0.25,0.5"
    case .malformedRange:
      "write for example objective.lambda=0.1..5, or objective.lambda=0.1..5:log for positive ones"
    case .repeatedAxis: "give all its values at once"
    case .reservedAxis:
      "give it once for all runs; several seeds are --seeds 1,2,3, whose mean is taken"
    case .rangeInGrid: "give --random and the number of points, or --grid with its values"
    case .badPointCount: "give --random 1 to \(SweepRequest.mostPoints)"
    case .badFactor: "give --halving-factor 2 or more"
    case .badStart(_, let samples):
      "give --halving-start from 1 to \(max(samples - 1, 1)), or more --train-samples"
    case .unknownSelection:
      "give ndcg@K or hr@K with K of 1, 5 or 10, item_nll, or one that evaluation.metrics names"
    case .needsModel: "give --backbone, or vary the recommender by hand"
    case .impossiblePoint(_, _, let remedy): remedy
    case .sameName: "give values that differ in letters or digits"
    case .otherSettings: "give another --output, or the settings that it was begun with"
    }
  }
}

/// Thrown where a sweep stops because it was asked to; its runs are kept as far as they are.
public struct SweepInterrupted: BearLabError, Equatable {
  /// The folder of the runs.
  public let output: String

  public var description: String { "the sweep was stopped, and can go on" }
  public var remedy: String { "call the same command again; its runs are in \(output)" }
}

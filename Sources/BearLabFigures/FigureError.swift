public import BearLabErrors

/// What can keep a figure from being made.
public enum FigureError: BearLabError, Equatable {
  case unknownFormat(path: String)
  case noGnuplot(program: String)
  case gnuplotFailed(status: Int, message: String)
  case notWritable(path: String, reason: String)
  case nothingToDraw(kind: String, reason: String, remedy: String)
  case tooFewRuns(kind: String, given: Int, needed: Int)
  case unknownMetric(name: String, known: [String])
  case notVaried(path: String)
  case malformedTable(path: String, reason: String)

  public var description: String {
    switch self {
    case .unknownFormat(let path): "a figure cannot be written as '\(excerpt(of: path))'"
    case .noGnuplot(let program): "there is no program \(program), which draws pictures"
    case .gnuplotFailed(let status, let message):
      "gnuplot ended with status \(status): \(excerpt(of: message, limit: 300))"
    case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .nothingToDraw(let kind, let reason, _): "nothing to draw for '\(kind)': \(reason)"
    case .tooFewRuns(let kind, let given, _): "'\(kind)' compares runs, and was given \(given)"
    case .unknownMetric(let name, _): "no run has a metric '\(excerpt(of: name))'"
    case .notVaried(let path): "the runs differ in no setting of numbers: \(path)"
    case .malformedTable(let path, let reason): "\(path) is no table of a sweep: \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .unknownFormat: "give a file whose name ends in .svg or .png"
    case .noGnuplot:
      "install it, on Debian apt-get install gnuplot-nox; bear-lab plot without --output draws in "
        + "the terminal and needs none"
    case .gnuplotFailed: "try gnuplot 5.4 or later: gnuplot --version"
    case .notWritable: "check the path, its permissions and the space on the disk"
    case .nothingToDraw(_, _, let remedy): remedy
    case .tooFewRuns(_, _, let needed): "give the folders of \(needed) runs at least"
    case .unknownMetric(_, let known): "give one of " + known.joined(separator: ", ")
    case .notVaried: "give runs that differ in a number, or name it with --parameter"
    case .malformedTable:
      "give a CSV file with a column for each parameter, such as objective.lambda, and for the metric"
    }
  }
}

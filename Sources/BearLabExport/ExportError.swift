public import BearLabCore

/// What can be wrong with an export.
public enum ExportError: BearLabError, Equatable {
  case notWritable(path: String, reason: String)
  case noReport(path: String)
  case severalReports(paths: [String])
  case noRuns(path: String)

  public var description: String {
    switch self {
    case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .noReport(let path): "\(path) is no report of bear-lab reproduce: there is no table in it"
    case .severalReports(let paths): "there are several reports: \(paths.joined(separator: ", "))"
    case .noRuns(let path): "there is no run to export" + (path.isEmpty ? "" : " beside \(path)")
    }
  }

  public var remedy: String {
    switch self {
    case .notWritable: "check the path, its permissions and the space on the disk"
    case .noReport: "give the file that bear-lab reproduce wrote, such as runs/reproduce/table2.md"
    case .severalReports: "make a notebook of each"
    case .noRuns: "give the folders of runs, or a report that stands beside its runs"
    }
  }
}

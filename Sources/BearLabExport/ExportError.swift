public import BearLabCore

/// What can be wrong with an export.
public enum ExportError: BearLabError, Equatable {
  case notWritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .notWritable: "check the path, its permissions and the space on the disk"
    }
  }
}

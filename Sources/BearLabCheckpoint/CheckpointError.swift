public import BearLabErrors

/// Why a checkpoint cannot be read or written.
public enum CheckpointError: BearLabError, Equatable {
  case notRead(path: String, reason: String)
  case notACheckpoint(path: String)
  case damaged(path: String)
  case malformed(path: String, reason: String)
  case notWritten(path: String, reason: String)
  case invalidName(String, reason: String)
  case invalidText(String)

  public var description: String {
    switch self {
    case .notRead(let path, let reason): "checkpoint \(path) cannot be read: \(reason)"
    case .notACheckpoint(let path): "\(path) is not a checkpoint of bear-lab"
    case .damaged(let path):
      "checkpoint \(path) is damaged: its content does not have the SHA-256 written in it"
    case .malformed(let path, let reason):
      "checkpoint \(path) makes no sense: \(excerpt(of: reason, limit: 300))"
    case .notWritten(let path, let reason): "checkpoint \(path) cannot be written: \(reason)"
    case .invalidName(let name, let reason):
      "a checkpoint cannot hold the name '\(excerpt(of: name))': \(reason)"
    case .invalidText(let name):
      "the text of attribute '\(excerpt(of: name))' contains the character NUL"
    }
  }

  public var remedy: String {
    switch self {
    case .notRead: "check the path and the right to read it"
    case .notACheckpoint: "give a file that this version of bear-lab wrote"
    case .damaged: "copy the file again from where it was written, or use an older checkpoint"
    case .malformed: "give a file that bear-lab wrote and no other program changed"
    case .notWritten: "give a path in an existing folder that can be written and has space left"
    case .invalidName:
      "use letters, digits, '.', '_' and '-', at most \(CheckpointFile.maximumDepth) parts with "
        + "'/' between them, and '/' in front of a tensor's name"
    case .invalidText: "take it out; a checkpoint holds plain text"
    }
  }
}

public import BearLabCore

/// What can be wrong with a folder of golden files.
public enum GoldenError: BearLabError, Equatable {
  case noGoldenFiles(folder: String, known: [String])
  case unreadable(file: String, reason: String)
  case malformed(what: String, seen: String, accepted: String)

  public var description: String {
    switch self {
    case .noGoldenFiles(let folder, _): "\(folder) holds no golden file"
    case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
    case .malformed(let what, let seen, let accepted):
      "malformed: \(what) is \(seen), where \(accepted) is needed"
    }
  }

  public var remedy: String {
    switch self {
    case .noGoldenFiles(_, let known):
      "give a folder with any of \(known.joined(separator: ", "))"
    case .unreadable: "check that the file exists, may be read and is JSON of the golden layout"
    case .malformed: "compare the file with the layouts that the golden files' README describes"
    }
  }

  /// An error in words; JSON's say where in the file they are.
  static func reason(of error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let own), .valueNotFound(_, let own), .dataCorrupted(let own):
      context = own
    case .keyNotFound(let key, let own):
      return "malformed: \(place(own.codingPath)) has no \"\(key.stringValue)\""
    @unknown default: return "malformed: \(error)"
    }
    return "malformed: \(place(context.codingPath)): \(context.debugDescription)"
  }

  private static func place(_ path: [any CodingKey]) -> String {
    let words = path.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }
    return path.isEmpty ? "the file" : String(words.joined().trimmingPrefix("."))
  }
}

public import BearLabCore
internal import BearLabRun

/// What can be wrong with what is asked of the store of runs.
public enum RunStoreError: BearLabError, Equatable {
  case noFolder(path: String)
  case unknownRun(String, folder: String, known: [String])
  case ambiguous(String, runs: [String])
  case unknownKey(String, known: [String])
  case malformedCondition(String)
  case twoComparisons(String, value: String)
  case noNumber(String, key: String, value: String)
  case unknownState(String, known: [String])
  case unusableTag(String)
  case unreadableFile(path: String, reason: String)
  case givenTwice(String)
  case unusable(String)

  public var description: String {
    switch self {
    case .noFolder(let path): "there is no folder \(path)"
    case .unknownRun(let text, let folder, _):
      "there is no run '\(excerpt(of: text))' in \(folder)"
    case .ambiguous(let text, let runs):
      "'\(excerpt(of: text))' names \(runs.count) runs: \(runs.joined(separator: ", "))"
    case .unknownKey(let key, _):
      "'\(excerpt(of: key))' is no column, setting or metric of these runs"
    case .malformedCondition(let text): "'\(excerpt(of: text))' is no condition"
    case .twoComparisons(let text, let value):
      "the value '\(excerpt(of: value))' of the condition '\(excerpt(of: text))' begins with another "
        + "comparison"
    case .noNumber(let text, let key, let value):
      "the condition '\(excerpt(of: text))' compares \(key), which is a number, with "
        + "'\(excerpt(of: value))', which is none"
    case .unknownState(let text, _): "there is no state '\(excerpt(of: text))'"
    case .unusableTag(let tag): "'\(excerpt(of: tag))' cannot be a tag"
    case .unreadableFile(let path, let reason): "\(path) cannot be read: \(reason)"
    case .givenTwice(let text): "the run '\(excerpt(of: text))' is given twice"
    case .unusable(let problem): problem
    }
  }

  public var remedy: String {
    switch self {
    case .noFolder: "give the folder that holds the folders of runs"
    case .unknownRun(let text, _, let known):
      Self.hint(text, known)
        + "give a run's folder, its number, its name or the beginning of it, or a tag that it alone "
        + "has; `bear-lab runs` lists them"
    case .ambiguous: "give more of the name, or a number"
    case .unknownKey(let key, let known):
      Self.hint(key, known)
        + "`bear-lab runs show RUN` prints a run's settings and metrics by these names"
    case .malformedCondition:
      "write a name, one of \(Self.comparisons), and a value, such as objective.lambda=0.5 or "
        + "'ndcg@10>0.01'"
    case .twoComparisons:
      "write one of \(Self.comparisons) between name and value, such as 'ndcg@10>=0.01'"
    case .noNumber(_, let key, _):
      key == "time" || key.hasSuffix("-seconds")
        ? "give seconds, such as '\(key)>3600'" : "give a number, such as '\(key)>0.5'"
    case .unknownState(let text, let known):
      Suggestion.remedy(for: text, among: known, noun: "state")
    case .unusableTag: "give a word without spaces, commas and slashes that is no number"
    case .unreadableFile:
      "mend it, it stays as it is until then: one JSON object with number (an integer), tags (a list "
        + "of texts), note, reason, created, started and ended (texts) and state (one of "
        + RunState.allCases.map(\.rawValue).joined(separator: ", ") + ")"
    case .givenTwice: "give each run once"
    case .unusable:
      "check the file, its permissions and the space on the disk; the folders hold all that was in it"
    }
  }

  private static let comparisons = "= or ==, !=, <, <=, > and >="

  private static func hint(_ name: String, _ known: [String]) -> String {
    let near = Suggestion.near(name, among: known)
    return near.isEmpty ? "" : "did you mean \(near.joined(separator: " or "))? "
  }
}

public import BearLabCore
internal import Foundation

/// A file `events.tsv`: user, title and Unix seconds, separated by tabs, a line an interaction.
///
/// Each user's last interaction is a test target, the one before it a validation target.
public struct TemplateDataset: DatasetSource {
  public static let summary = "events.tsv: user, title and time, separated by tabs"
  public static let fileNames = ["events.tsv"]
  /// Items of a history, the latest ones.
  private static let longestHistory = 10

  public init(_ values: ParameterValues) throws {}

  public static func recognises(folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/events.tsv")
  }

  public func load(folder: String) throws -> Dataset {
    let events = try Self.events("\(folder)/events.tsv")
    var ids: [String: Int] = [:]
    var titles: [String] = []
    for event in events where ids[event.title] == nil {
      titles.append(event.title)
      ids[event.title] = titles.count
    }
    var parts: (train: [Window], validation: [Window], test: [Window]) = ([], [], [])
    for (user, own) in Dictionary(grouping: events, by: \.user) {
      let items = own.map { ids[$0.title, default: 0] }
      for place in items.indices.dropFirst() {
        let window = Window(
          user: user, history: Array(items[..<place].suffix(Self.longestHistory)),
          target: items[place], timestamp: own[place].time)
        switch items.count - place {
        case 1: parts.test.append(window)
        case 2: parts.validation.append(window)
        default: parts.train.append(window)
        }
      }
    }
    func inOrder(_ windows: [Window]) -> [Window] {
      windows.sorted { ($0.timestamp, $0.user) < ($1.timestamp, $1.user) }
    }
    return Dataset(
      name: URL(filePath: folder).lastPathComponent, catalogue: Catalogue(itemTitles: titles),
      phrases: PromptPhrases(
        instruction: "Given what the user has seen, recommend what they will like next.",
        historyPhrase: "The user has seen the following before: "),
      train: inOrder(parts.train), trainSample: inOrder(parts.train),
      validation: inOrder(parts.validation), test: inOrder(parts.test))
  }

  /// The interactions in order of time; those of one second in the order of the file.
  private static func events(
    _ path: String
  ) throws -> [(user: Int, title: String, time: Int)] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let events = try lines.enumerated().filter { !$0.element.isEmpty }.map { index, line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard cells.count == 3, let user = Int(cells[0]), let time = Int(cells[2]) else {
        throw TemplateDatasetError.malformed(path: path, line: index + 1, text: String(line))
      }
      return (user: user, title: String(cells[1]), time: time)
    }
    return events.sorted { $0.time < $1.time }
  }
}

/// What can be wrong with the file.
public enum TemplateDatasetError: BearLabError, Equatable {
  case malformed(path: String, line: Int, text: String)

  public var description: String {
    switch self {
    case .malformed(let path, let line, let text): "\(path), line \(line): '\(excerpt(of: text))'"
    }
  }
  public var remedy: String { "write a user, a title and Unix seconds, with tabs between them" }
}

/// Registers the layout `template`.
public enum TemplateDatasetModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(dataset: "template", TemplateDataset.self)
  }
}

internal import BearLabCheckpoint
internal import BearLabFormats
internal import BearLabRun
internal import Foundation

/// What the store knows of a run and its other files do not tell: `store.json` in its folder.
///
/// It is in the folder so that the database can be made again from the folders alone.
struct StoreFile: Codable, Equatable, Sendable {
  static let name = "store.json"

  /// The run's number, which no other run of the store has or had.
  var number: Int?
  /// When the run began for the first time, ISO 8601 in UTC, as are the other times.
  var created: String?
  /// When it began or continued last.
  var started: String?
  var ended: String?
  /// The state as it was told last; a process that was killed tells none.
  var state: RunState?
  /// What the run failed of.
  var reason: String?
  var tags: [String] = []
  var note = ""

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    number = try container.decodeIfPresent(Int.self, forKey: .number)
    created = try container.decodeIfPresent(String.self, forKey: .created)
    started = try container.decodeIfPresent(String.self, forKey: .started)
    ended = try container.decodeIfPresent(String.self, forKey: .ended)
    state = try container.decodeIfPresent(RunState.self, forKey: .state)
    reason = try container.decodeIfPresent(String.self, forKey: .reason)
    tags = try container.decodeIfPresent([String].self, forKey: .tags) ?? []
    note = try container.decodeIfPresent(String.self, forKey: .note) ?? ""
  }

  /// Reads a run's file; one that is not there is empty.
  ///
  /// One that cannot be read is not: it may hold what its run's other files do not.
  ///
  /// - Throws: ``RunStoreError/unreadableFile(path:reason:)``.
  init(of folder: String) throws(RunStoreError) {
    let path = "\(folder)/\(Self.name)"
    guard FileManager.default.fileExists(atPath: path) else {
      self.init()
      return
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadableFile(path: path, reason: "it cannot be opened")
    }
    do {
      self = try JSONDecoder().decode(StoreFile.self, from: data)
    } catch {
      throw .unreadableFile(path: path, reason: jsonProblem(error))
    }
  }

  /// Replaces a run's file at once.
  ///
  /// - Throws: `CheckpointError/notWritten(path:reason:)`.
  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try DurableFile.replace("\(folder)/\(Self.name)", with: Array(encoder.encode(self)) + [0x0A])
  }

  /// Notes that the run is in another state now.
  mutating func enter(_ state: RunState, reason: String?, at time: String) {
    self.state = state
    self.reason = reason
    if state == .running {
      created = created ?? time
      started = time
      ended = nil
    } else {
      ended = time
    }
  }

  static var now: String { text(of: Date()) }

  static func text(of time: Date) -> String { time.formatted(.iso8601) }
}

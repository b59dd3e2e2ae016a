import BearLabCore
import Foundation
import Testing

@testable import BearLabData

/// Dumps in every layout, and what `make_dumps.py`, a plain reference, makes of them.
@Suite struct DumpGoldenTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Settings: Decodable {
      let core: Int?
      let window: Int?
      let split: [Int]?
      let repeats: Repeats?
      let decodes: Bool?
      let collapses: Bool?
      let shortest: Int?
      let longest: Int?
    }

    let name: String
    let layout: String
    let files: [String: Data]
    let settings: Settings
    let expected: [String: String]
    let counts: [String: Int]
    var testDescription: String { name }

    var preparationSettings: PreparationSettings {
      var result = PreparationSettings()
      result.core = settings.core ?? result.core
      result.window = settings.window ?? result.window
      result.split = settings.split ?? result.split
      result.repeats = settings.repeats
      result.titles.decodesEntities = settings.decodes ?? false
      result.titles.collapsesSpaces = settings.collapses ?? false
      result.titles.shortest = settings.shortest ?? 1
      result.titles.longest = settings.longest
      // Some lines are malformed on purpose.
      result.malformed = 0.1
      if name == "csv" {
        result.columns = [.user: "who", .item: "what", .time: "when", .title: "name"]
      }
      return result
    }
  }

  static func cases() throws -> [Case] {
    let folder = try #require(Bundle.module.resourceURL)
    let data = try Data(contentsOf: folder.appending(path: "Golden/dumps.json"))
    return try JSONDecoder().decode([Case].self, from: data)
  }

  @Test(arguments: try cases())
  func theReferenceIsMet(_ dump: Case) throws {
    try withDump(dump.files) { folder in
      let out = "\(folder)/../made"
      let record = try Preparation(folder, settings: dump.preparationSettings).write(to: out)
      for (name, text) in dump.expected {
        let made = try String(contentsOfFile: "\(out)/\(name)", encoding: .utf8)
        #expect(made == text, "\(name)")
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: out)
      #expect(
        Set(names)
          == Set(dump.expected.keys).union(
            ["train_10000.csv", "test_5000.csv", "preparation.json"]))
      #expect(record.source == dump.layout)
      #expect(
        [
          "users": record.counts.users, "items": record.counts.items,
          "interactions": record.counts.interactions,
        ] == dump.counts)
      let dataset = try OfficialSource([:]).load(folder: out)
      #expect(dataset.train.count == record.counts.train)
      let written = try Data(contentsOf: URL(filePath: "\(out)/preparation.json"))
      #expect(try JSONDecoder().decode(PreparationRecord.self, from: written) == record)
    }
  }

  @Test func thereAreAllLayouts() throws {
    #expect(try Set(Self.cases().map(\.layout)) == Set(Preparation.layouts.map(\.name)))
  }

  /// What the sample files hold is pinned by the permutation's own tests.
  @Test func theSampleHoldsAllRowsOfASmallSet() throws {
    let dump = try #require(try Self.cases().first)
    try withDump(dump.files) { folder in
      let out = "\(folder)/../made"
      _ = try Preparation(folder, settings: dump.preparationSettings).write(to: out)
      func lines(_ name: String) throws -> [Substring] {
        try String(contentsOfFile: "\(out)/\(name)", encoding: .utf8).split(separator: "\n")
      }
      #expect(try lines("train_10000.csv") != lines("train.csv"))
      #expect(try lines("train_10000.csv").sorted() == lines("train.csv").sorted())
      #expect(try lines("test_5000.csv") == lines("test.csv"))
    }
  }
}

/// Runs `body` with a folder of some files.
func withDump<Result>(_ files: [String: Data], _ body: (String) throws -> Result) throws -> Result {
  try withFolder("dump", [:]) { folder in
    for (name, data) in files { try data.write(to: URL(filePath: "\(folder)/\(name)")) }
    return try body(URL(filePath: folder).path(percentEncoded: false))
  }
}

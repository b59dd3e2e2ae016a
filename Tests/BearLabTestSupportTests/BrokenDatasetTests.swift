import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

/// Layouts of data sets with one thing wrong each.
@Suite struct BrokenDatasetTests {
  /// Numbers in a file are items; each is a window behind the one before.
  fileprivate protocol Numbers: DatasetSource {
    static func changed(_ parts: inout Parts)
  }

  fileprivate struct Parts {
    var train: [Window]
    var validation: [Window]
    var test: [Window]
  }

  private struct Right: Numbers {
    init(_ values: ParameterValues) throws {}
    static func changed(_ parts: inout Parts) {}
  }

  private struct Stray: Numbers {
    init(_ values: ParameterValues) throws {}
    static func changed(_ parts: inout Parts) {
      parts.test[0] = Window(user: 0, history: [1, 9], target: 2, timestamp: 5)
    }
  }

  private struct Unordered: Numbers {
    init(_ values: ParameterValues) throws {}
    static func changed(_ parts: inout Parts) { parts.train.reverse() }
  }

  private struct Empty: Numbers {
    init(_ values: ParameterValues) throws {}
    static func changed(_ parts: inout Parts) { parts.validation = [] }
  }

  private struct Anything: Numbers {
    init(_ values: ParameterValues) throws {}
    static let fileNames: [String] = []
    static func recognises(folder: String) -> Bool { true }
    static func changed(_ parts: inout Parts) {}
  }

  @Test func wrongLayoutsAreTold() throws {
    func problems(_ type: any DatasetSource.Type) -> String {
      do { try DatasetConformance.check(type, files: ["numbers": "1 2 3 1 2 3 1 2"]) } catch {
        return "\(error)"
      }
      return ""
    }
    #expect(problems(Right.self) == "")
    #expect(problems(Stray.self).contains("test, row 0: the catalogue has no items [9]"))
    #expect(problems(Unordered.self).contains("train is not in order of time"))
    #expect(problems(Empty.self).contains("validation has no windows"))
    let anything = problems(Anything.self)
    #expect(anything.contains("an empty folder is recognised"))
    #expect(anything.contains("fileNames does not name numbers"))
  }
}

extension BrokenDatasetTests.Numbers {
  static var summary: String { "numbers" }
  static var fileNames: [String] { ["numbers"] }

  static func recognises(folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/numbers")
  }

  func load(folder: String) throws -> Dataset {
    let text = try String(contentsOfFile: "\(folder)/numbers", encoding: .utf8)
    let items = text.split(separator: " ").compactMap { Int($0) }
    let windows = items.indices.dropFirst().map {
      Window(user: $0, history: [items[$0 - 1]], target: items[$0], timestamp: $0)
    }
    var parts = BrokenDatasetTests.Parts(
      train: Array(windows.dropLast(2)), validation: Array(windows.suffix(2).prefix(1)),
      test: Array(windows.suffix(1)))
    if parts.test.isEmpty { return dataset(parts) }
    Self.changed(&parts)
    return dataset(parts)
  }

  private func dataset(_ parts: BrokenDatasetTests.Parts) -> Dataset {
    Dataset(
      name: "numbers", catalogue: Catalogue(itemTitles: ["a", "b", "c"]),
      phrases: PromptPhrases(instruction: "", historyPhrase: ""), train: parts.train,
      trainSample: parts.train, validation: parts.validation, test: parts.test)
  }
}

import BearLabCore
import Foundation
import Testing

@testable import BearLabData

/// A layout of someone's own that numbers items from 0.
@Suite struct ForeignLayoutTests {
  private struct FromZero: DatasetSource {
    static let summary = "items from 0"
    init(_ values: ParameterValues) throws {}
    static func recognises(folder: String) -> Bool { true }

    func load(folder: String) throws -> Dataset {
      let windows = [
        Window(user: 3, history: [1], target: 2, timestamp: 1),
        Window(user: 4, history: [1, 0], target: 2, timestamp: 2),
      ]
      return Dataset(
        name: "mine", catalogue: Catalogue(itemTitles: ["A", "B"]),
        phrases: PromptPhrases(instruction: "What next?", historyPhrase: "Before: "),
        train: windows, trainSample: [], validation: [], test: [])
    }
  }

  @Test func itemsOutsideOfTheCatalogueAreTold() throws {
    let registry = PluginRegistry()
    try registry.register(dataset: "mine", FromZero.self)
    let folder = FileManager.default.temporaryDirectory.path
    let expected = DataError.unknownItem(folder: folder, user: 4, item: 0, items: 2)
    #expect(throws: expected) {
      _ = try DatasetLoader.load(folder: folder, registry: registry) { _ in "" }
    }
    #expect(throws: expected) { _ = try DatasetCheck(folder: folder, registry: registry) }
  }
}

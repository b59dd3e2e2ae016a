import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabData

@Suite struct DatasetCheckTests {
  private func shared(_ name: String) throws -> DatasetReport? {
    guard let folder = sharedData(name) else { return nil }
    let registry = PluginRegistry()
    try registry.add(DatasetModule.self)
    return try DatasetCheck(folder: folder, registry: registry).report()
  }

  private func lengths(_ part: DatasetReport.Part) -> [Int] {
    (5...11).map { part.lengths[$0] ?? 0 }
  }

  /// Distinct, shared and by how many items; empty, entities, quotes; line ends, two spaces, beyond
  /// ASCII; beginnings of others.
  private func counts(_ titles: DatasetReport.Titles) -> [Int] {
    [
      titles.distinct, titles.shared, titles.itemsWithShared, titles.empty, titles.withEntity,
      titles.withQuote, titles.withNewline, titles.withSpaces, titles.beyondASCII, titles.prefixes,
    ]
  }

  /// Every count of section 1 of the specification.
  @Test func officeIsAsTheSpecificationSays() throws {
    guard let office = try shared("office") else { return }
    #expect(office.parts.map(\.name) == ["train", "test"])
    #expect(office.parts.map(\.windows) == [15_400, 1925])
    #expect(lengths(office.parts[0]) == [1000, 543, 294, 199, 149, 132, 13083])
    #expect(lengths(office.parts[1]) == [122, 98, 66, 58, 58, 48, 1475])
    #expect(office.parts.map(\.targetsInHistory) == [0, 0])
    #expect(office.parts.map(\.duplicates) == [0, 0])
    #expect(counts(office.titles) == [2411, 3, 6, 0, 190, 0, 1, 84, 0, 0])
    #expect(office.targets.neverSeen == 896 && office.targets.withSharedTitle == 29)
    #expect(office.size.items == 2414 && !office.isLeaking)
    // Fewer than in Table 1, as the middle tenth was not published: counted by a script in Python.
    #expect(office.size.users == 4273 && office.size.interactions == 47_950)
    #expect(office.text.contains("never seen in training  896 (46.5 %)"))
    #expect(office.text.contains("2003-12-05T00:00:00Z, 2014-05-15T00:00:00Z"))
  }

  @Test func bookIsAsTheSpecificationSays() throws {
    guard let book = try shared("book") else { return }
    #expect(book.parts.map(\.windows) == [35_060, 4383])
    #expect(lengths(book.parts[0]) == [3480, 2078, 1305, 848, 646, 455, 26248])
    #expect(lengths(book.parts[1]) == [597, 455, 353, 267, 242, 208, 2261])
    #expect(book.parts.map(\.targetsInHistory) == [530, 13])
    #expect(book.parts.map(\.duplicates) == [4, 0])
    #expect(counts(book.titles) == [6335, 9, 18, 1, 166, 0, 0, 13, 0, 0])
    #expect(book.targets.neverSeen == 2812 && book.targets.withSharedTitle == 36)
    #expect(book.size.items == 6344 && !book.isLeaking)
    #expect(book.size.users == 14_585 && book.size.interactions == 136_956)
  }

  private func parts(
    titles: [String], train: [Window], validation: [Window] = [], test: [Window]
  ) -> DatasetParts {
    DatasetParts(
      name: "x", catalogue: Catalogue(itemTitles: titles), choice: .items, train: train,
      validation: validation.isEmpty ? nil : (validation, "valid.csv"), test: test)
  }

  private func window(_ user: Int, _ items: [Int], _ time: Int) -> Window {
    Window(user: user, history: items.dropLast(), target: items[items.count - 1], timestamp: time)
  }

  /// A target at the very time of the split is in order; one after it is not, in any earlier part.
  @Test func trainingAfterTheSplitIsALeak() {
    let train = [window(1, [1, 2], 5), window(2, [1, 2], 10), window(3, [2, 1], 11)]
    let honest = DatasetCheck(
      parts(titles: ["A", "B"], train: Array(train.prefix(2)), test: [window(4, [1, 2], 10)]))
    #expect(!honest.report().isLeaking)
    let leaking = DatasetCheck(
      parts(
        titles: ["A", "B"], train: train, validation: [window(5, [1, 2], 9)],
        test: [window(4, [1, 2], 10)])
    ).report()
    #expect(
      leaking.leaks == [
        .init(part: "train", later: "validation", split: 9, windows: 2, user: 2, timestamp: 10),
        .init(part: "train", later: "test", split: 10, windows: 1, user: 3, timestamp: 11),
      ])
    #expect(leaking.text.contains("leak: 2 train windows are after 1970-01-01T00:00:09Z"))
  }

  /// What whole windows show is Table 1: they are made of interactions, and counted back.
  @Test func interactionsAreCountedBack() throws {
    let source = try SyntheticSource(name: "synthetic:items=50,users=200,longest=40,zipf=0")
    let report = DatasetCheck(try source.parts(folder: source.name)).report()
    #expect(report.size.users == 200)
    #expect(report.size.interactions == SyntheticPopulation(source).content.interactions)
    #expect(abs(report.size.density - Double(report.size.interactions) / 10_000) < 1e-12)
    #expect(report.parts.map(\.name) == ["train", "validation", "test"])
  }

  @Test func titlesThatBeginOthersAreCounted() {
    let report = DatasetCheck(
      parts(
        titles: ["A", "A\" B", "A\" B\" C", "AB", "é"], train: [window(1, [1, 2], 1)],
        test: [window(1, [1, 2], 2)])
    ).report()
    #expect(report.titles.prefixes == 2 && report.titles.withQuote == 2)
    #expect(report.titles.beyondASCII == 1)
  }

  /// Answers are the titles themselves.
  private struct BareTitles: Backbone {
    static let summary = ""
    init(_ values: ParameterValues) throws {}
    func prompt(
      history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
    ) throws -> Prompt { Prompt([.text(history.map { catalogue.title(of: $0) }.joined())]) }
    func answer(title: String) -> String { title }
  }

  /// Small letters, and no others; z is EOS.
  private struct SmallLetters: TextEncoder {
    let bosToken: Int32? = 1
    let eosToken = Int32(Character("z").asciiValue ?? 0)
    func encode(_ text: String) -> [Int32] { text.lowercased().utf8.map(Int32.init) }
    func decode(_ tokens: [Int32]) -> String { "" }
  }

  @Test func tokensAreCounted() throws {
    let check = DatasetCheck(
      parts(
        titles: ["ab", "abc", "AB", "xyz"], train: [window(1, [1, 2], 1)],
        test: [window(1, [1, 2, 2], 2), window(2, [1, 4], 3)]))
    let tokens = try check.tokens(of: "m", SmallLetters(), backbone: BareTitles([:]))
    #expect(tokens.titles == .init([3, 4, 3, 4]) && tokens.titles.longest == 4)
    #expect(tokens.targets == .init([4, 4]))
    #expect(tokens.prompts == .init([6, 3]))
    #expect(tokens.sameTokens == 1 && tokens.prefixes == 1 && tokens.withEOS == 1)
    #expect(tokens.isUnfit)
  }

  @Test func aTitleMayHaveEntities() {
    for text in ["a &amp; b", "&#39;", "&#x27;x", "&eacute;"] {
      #expect(HTMLEntities.isEntity(in: text))
    }
    for text in ["a & b", "&;", "&amp", "AT&T; x y".replacing(";", with: "")] {
      #expect(!HTMLEntities.isEntity(in: text))
    }
    #expect(
      HTMLEntities.decode("&quot;&amp;amp;&yuml;&nbsp;&Agrave;&#8217;&#x1F43B;&#xD800;&x;&trade;")
        == "\"&amp;ÿ\u{A0}À’🐻&#xD800;&x;™")
  }
}

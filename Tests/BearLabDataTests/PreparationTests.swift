import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabData

@Suite struct PreparationTests {
  /// Six users who each took the same six items, one an hour.
  private static func rows(users: Int = 6, extra: String = "") -> String {
    let rows = (0..<users).flatMap { user in
      (0..<6).map { "u\(user),i\($0),\(3600 * (user + $0))\n" }
    }
    return "user,item,time\n" + rows.joined() + extra
  }

  private static let titles = "item,title\n" + (0..<6).map { "i\($0),T\($0)\n" }.joined()

  private func prepare(
    _ changes: [String: String] = [:], source: String = "", titles: String? = nil,
    layout: String? = nil, settings: PreparationSettings = PreparationSettings()
  ) throws -> PreparationRecord {
    let files = ["interactions.csv": Self.rows(), "titles.csv": Self.titles]
      .merging(changes) { $1 }.filter { !$0.value.isEmpty }
    return try withDump(files.mapValues { Data($0.utf8) }) { folder in
      let record = try Preparation(
        folder + source, titles: titles.map { folder + $0 }, layout: layout, settings: settings
      ).write(to: "\(folder)/../made")
      return record
    }
  }

  private func refusal(_ body: () throws -> PreparationRecord) throws -> String {
    let error = try #require(throws: (any Error).self) { _ = try body() }
    let own = try #require(error as? any BearLabError)
    #expect(!own.remedy.isEmpty)
    return own.description
  }

  @Test func theRecordCountsAndHashes() throws {
    let record = try prepare(
      ["interactions.csv": Self.rows(extra: "u0,other,5\nu0,i0\n")],
      settings: {
        var settings = PreparationSettings()
        settings.malformed = 0.5
        return settings
      }())
    #expect(record.counts.interactionsRead == 37 && record.counts.interactions == 36)
    #expect(record.counts.users == 6 && record.counts.items == 6 && record.counts.density == 1)
    #expect(record.counts.train == 4 && record.counts.validation == 1 && record.counts.test == 1)
    #expect(record.files.map(\.lines) == [38, 6] && record.files.map(\.malformed) == [1, 0])
    #expect(record.notices.count == 1)
    #expect(record.notices[0].hasSuffix("interactions.csv, line 39: 2 cells instead of 3"))
    // printf 'item,title\ni0,T0\n…' | sha256sum
    #expect(record.files[1].sha256.count == 64)
    #expect(record.text.contains("1 of them malformed"))
  }

  /// Two spellings of é are two users, as they are in Python.
  @Test func idsAreToldApartByTheirBytes() throws {
    let rows = ["u\u{E9}", "ue\u{301}"].flatMap { user in (0..<6).map { "\(user),i\($0),9\n" } }
    let record = try prepare(["interactions.csv": Self.rows(extra: rows.joined())])
    #expect(record.counts.users == 8 && record.counts.interactions == 48)
  }

  @Test func aFileMayBeGivenWithItsTitles() throws {
    let files = [
      "interactions.csv": "", "a.csv": Self.rows(), "titles.csv": "", "b.txt": Self.titles,
    ]
    #expect(try prepare(files, source: "/a.csv", titles: "/b.txt").counts.items == 6)
    #expect(
      try prepare(["x.log": Self.rows()], source: "/x.log", layout: "csv").counts.users == 6)
  }

  @Test func whatIsNoDumpIsRefused() throws {
    #expect(
      try refusal { try prepare(["interactions.csv": "", "titles.csv": "", "x.txt": "a"]) }
        .contains("is no dump in a known layout, but x.txt"))
    #expect(try refusal { try prepare(source: "/none") }.contains("no file or folder"))
    #expect(try refusal { try prepare(titles: "/none") }.hasSuffix("/none"))
    #expect(
      try refusal { try prepare(layout: "amazn") } == "there is no layout of dumps 'amazn'")
    #expect(
      try refusal { try prepare(["more.csv": "a\n"]) }
        .contains("holds several files of interactions: interactions.csv, more.csv"))
    #expect(
      try refusal { try prepare(["titles.csv": ""], source: "/interactions.csv") }
        .contains("there is no file of titles beside"))
    #expect(
      try refusal { try prepare(["interactions.csv": "user,thing,time\n1,2,3\n"]) }
        .contains("no column 'item' or 'item_id' or 'parent_asin' or 'asin' among"))
    #expect(try refusal { try prepare(["titles.csv": "\n"]) }.contains("no column"))
  }

  @Test func tooManyMalformedLinesAreRefusedByName() throws {
    let text = try refusal {
      try prepare(["interactions.csv": Self.rows(extra: "u1,i1,soon\nu2,\"i2,9\n")])
    }
    #expect(text.contains("2 of 38 lines are malformed"))
    #expect(text.contains("interactions.csv, line 38: 'soon' is no time; "))
    #expect(text.hasSuffix("line 39: quotes that are not around whole cells"))
  }

  @Test func nothingLeftIsSaid() throws {
    #expect(
      try refusal { try prepare(["interactions.csv": Self.rows(users: 4)]) }
        .contains("of 24 interactions 0 are left, which make 0 windows"))
    #expect(
      try refusal { try prepare(["titles.csv": "item,title\nnone,T\n"]) }.contains("0 are left"))
  }

  @Test func settingsAreChecked() throws {
    func change(_ change: (inout PreparationSettings) -> Void) throws -> String {
      var settings = PreparationSettings()
      change(&settings)
      return try refusal { try prepare(settings: settings) }
    }
    #expect(try change { $0.core = 0 } == "core cannot be '0'")
    #expect(try change { $0.window = 1 } == "window cannot be '1'")
    #expect(try change { $0.malformed = .nan } == "malformed cannot be 'nan'")
    #expect(try change { $0.titles.shortest = -1 } == "shortest title cannot be '-1'")
    #expect(try change { $0.titles.longest = 0 } == "longest title cannot be '0'")
    #expect(try change { $0.split = [0, 1, 1] } == "split cannot be '0:1:1'")
    #expect(try PreparationSettings.ratio("7:2:1") == [7, 2, 1])
    for text in ["8:1", "8:1:x", "8:1:-1", "", "8:1:0", "8::1"] {
      #expect(throws: PreparationError.self) { try PreparationSettings.ratio(text) }
    }
  }

  /// Neither a folder that is there nor half a one.
  @Test func theFolderIsWrittenWholeOrNotAtAll() throws {
    try withDump(["titles.csv": Data(Self.titles.utf8), "i.csv": Data(Self.rows().utf8)]) {
      folder in
      let parent = URL(filePath: folder).deletingLastPathComponent().path
      let out = "\(parent)/made/"
      _ = try Preparation(folder).write(to: out)
      #expect(throws: PreparationError.exists(path: out)) { try Preparation(folder).write(to: out) }
      #expect(throws: PreparationError.self) {
        try Preparation(folder).write(to: "/proc/no/such/place")
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: parent).sorted() == ["dump", "made"])
    }
  }

  /// The layout that reads MovieLens-100K as it is, and the one that prepares it.
  @Test func movieLensIsPreparedAsItIsRead() throws {
    guard let folder = movieLens() else { return }
    let read = try MovieLens100KSource([:]).parts(folder: folder)
    try withFolder("made", [:]) { place in
      let out = "\(place)/ml-100k"
      let record = try Preparation(folder, layout: "recbole").write(to: out)
      let counts = record.counts
      #expect(counts.users == 943 && counts.items == 1349 && counts.interactions == 99_287)
      let made = try OfficialSource([:]).parts(folder: out)
      #expect(made.catalogue == read.catalogue)
      #expect(made.train == read.train && made.test == read.test)
      #expect(try #require(made.validation).windows == read.validation?.windows)
    }
  }
}

@Suite struct WindowTableTests {
  /// As section 1 of the specification says it, one user after the other.
  private func plain(_ interactions: [Interaction], core: Int, limit: Int) -> [Window] {
    let windows = Dictionary(grouping: interactions, by: \.user).values.flatMap { own in
      own.indices.filter { own.count >= core && own.count > 1 && $0 >= min(limit, own.count - 1) }
        .map { target in
          Window(
            user: own[target].user,
            history: own[max(0, target - limit)..<target].map(\.item), target: own[target].item,
            timestamp: own[target].timestamp)
        }
    }
    return windows.enumerated().sorted {
      ($0.1.timestamp, $0.1.user, $0.0) < ($1.1.timestamp, $1.1.user, $1.0)
    }.map(\.element)
  }

  @Test(arguments: 0..<20)
  func windowsAreThoseOfTheSpecification(seed: Int) {
    var random = SeededGenerator(UInt64(seed))
    let interactions = (0..<300).map { _ in
      Interaction(
        user: Int.random(in: 0..<25, using: &random), item: Int.random(in: 1...9, using: &random),
        timestamp: Int.random(in: 0..<90, using: &random))
    }.sorted { $0.timestamp < $1.timestamp }
    let (core, limit) = (
      Int.random(in: 1...12, using: &random), Int.random(in: 1...11, using: &random)
    )
    let table = WindowTable(interactions, core: core, historyLimit: limit)
    #expect(Array(table) == plain(interactions, core: core, limit: limit))
  }
}

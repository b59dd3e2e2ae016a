import BearLabCore
import BearLabFormats
import Foundation
import Testing

@testable import BearLabData

/// What no well-meaning program writes, and what editors and spreadsheets do to files.
@Suite struct HostileTextTests {
  private let header = "user_id,item_ids,timestamp\n"

  private func load(_ changes: [String: String]) throws -> Dataset {
    try withFolder("Book", officialFiles(changes)) { try OfficialSource([:]).load(folder: $0) }
  }

  private func refusal(_ changes: [String: String]) throws -> String {
    let error = try #require(throws: DataError.self) { _ = try load(changes) }
    #expect(!error.remedy.isEmpty && error.description.count < 500)
    return error.description
  }

  /// Spreadsheets begin their CSV files with one.
  @Test func aByteOrderMarkIsNoText() throws {
    let mark = "\u{FEFF}"
    let dataset = try load([
      "train.csv": mark + header + "7,\"[1, 2]\",5\n",
      "id2name4Rec.json": mark + #"{"1": "A", "2": "B", "3": "C"}"#,
      "dataset.yaml": mark + "instruction: What?\n",
    ])
    #expect(dataset.train.count == 1 && dataset.phrases.instruction == "What?")
  }

  @Test(arguments: [
    ("", "holds no header"), ("\n", "no column 'user_id'"), ("\0", "no column 'user_id'"),
    ("user_id,item_ids,timestamp", "holds no rows"),
    ("user_id,item_ids,timestamp\r\n", "holds no rows"),
  ])
  func filesWithoutRowsAreRefused(text: String, says: String) throws {
    #expect(try refusal(["train.csv": text]).contains(says))
  }

  @Test(arguments: [
    ("7,\"[1, 2]\",\n", "timestamp cannot be ''"),
    ("7,\"[1, 2]\",soon\n", "timestamp cannot be 'soon'"),
    ("7,\"[1, 2]\",9223372036854775808\n", "timestamp cannot be '9223372036854775808'"),
    ("7,\"[1, 99999999999999999999]\",5\n", "item_ids cannot be '[1, 99999999999999999999]'"),
    ("7,\"[1, ٢]\",5\n", "item_ids cannot be '[1, ٢]'"),
    ("7,\"[1,, 2]\",5\n", "item_ids cannot be '[1,, 2]'"),
    ("7,\"[[1, 2]]\",5\n", "item_ids cannot be '[[1, 2]]'"),
    ("7,\"[1, 2\0]\",5\n", #"item_ids cannot be '[1, 2\0]'"#),
    ("\n7,\"[1, 2]\",5\n", "the row cannot be ''"),
    ("7,\"[1, 2]\"x,5\n", "the row cannot be '7,\"[1, 2]\"x,5'"),
  ])
  func brokenRowsAreQuoted(row: String, says: String) throws {
    let text = try refusal(["test.csv": header + row])
    #expect(text.contains("test.csv, line 2: \(says)"), "\(text)")
  }

  /// The value is shown, and not all of it.
  @Test func aLongLineIsCut() throws {
    let list = "[" + String(repeating: "1, ", count: 50_000)
    let text = try refusal(["train.csv": header + "7,\"\(list)x]\",5\n"])
    #expect(text.contains("line 2: item_ids cannot be '[1, 1, 1, ") && text.hasSuffix("…'"))
    let dataset = try load(["train.csv": header + "7,\"\(list)2]\",5\n"])
    #expect(dataset.train[0].history.count == 50_000)
  }

  @Test(arguments: [
    ("[]", "line 1: the JSON text here cannot be '['"), ("null", "cannot be 'n'"),
    ("", "cannot be 'the end of the file'"),
    ("{\"1\": \"A\", 2: \"B\"}", "an item id cannot be '2'"),
    ("{\"1\": 5}", "the title of item 1 cannot be '5'"),
    ("{\"1\": \"A\",}", "an item id cannot be '}'"),
    ("{\"1\": é}", "the title of item 1 cannot be 'é'"),
    ("{\"1\": {\"1\": \"A\"}}", "the title of item 1 cannot be '{'"),
    ("{\"-1\": \"A\"}", "an item id cannot be '-1'"),
    ("{\"1\": \"\\udc00\"}", "half a surrogate pair"),
    ("{\"1\": \"\\q\"}", "an escape cannot be 'q'"),
    ("{\"1\": \"a\u{1}\"}", "a raw control character 1"),
    ("{\"99999999999999999999\": \"A\"}", "an item id cannot be '99999999999999999999'"),
    ("{\"1\\u0000\": \"A\"}", #"an item id cannot be '1\0'"#),
    ("{\"\": \"A\"}", "item id cannot be ''"),
  ])
  func brokenTitlesAreQuoted(json: String, says: String) throws {
    let text = try refusal(["id2name4Rec.json": json])
    #expect(text.contains("id2name4Rec.json") && text.contains(says), "\(text)")
  }

  @Test(arguments: [
    ("- a", "the document cannot be '- a'"), ("instruction: ''", "instruction cannot be ''"),
    ("instruction: {a: b}", "instruction cannot be ''"), ("", "the document cannot be ''"),
    ("question: What?", "a key cannot be 'question'"),
    ("instruction: a\ninstruction: b", "a key comes twice: instruction"),
    ("a: b\nc: [d", "dataset.yaml, line 2: while parsing a flow sequence"),
  ])
  func brokenPhrasesAreQuoted(yaml: String, says: String) throws {
    let text = try refusal(["dataset.yaml": yaml])
    #expect(text.contains(says), "\(text)")
  }

  @Test(arguments: ["train.csv", "id2name4Rec.json", "dataset.yaml"])
  func aPipeIsNoFile(name: String) throws {
    try withFolder("Book", officialFiles()) { folder in
      let path = TextFile.path(of: name, in: folder)
      try? FileManager.default.removeItem(atPath: path)
      try #require(mkfifo(path, 0o600) == 0)
      #expect(throws: DataError.file(.notAFile(path: path))) {
        try OfficialSource([:]).load(folder: folder)
      }
    }
  }

  @Test func aFolderOfOtherFilesIsListed() throws {
    let registry = PluginRegistry()
    try registry.add(DatasetModule.self)
    try withFolder("Book", ["train.csv": "", "notes.txt": ""]) { folder in
      let error = try #require(throws: DataError.self) {
        try DatasetLoader.load(folder: folder, registry: registry) { _ in "" }
      }
      #expect(
        error.description
          == "\(folder) holds no data set in a known layout, but notes.txt, train.csv")
      #expect(error.remedy.contains("id2name4Rec.json, train.csv, test.csv"))
    }
  }
}

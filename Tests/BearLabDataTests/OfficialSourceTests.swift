import BearLabCore
import Foundation
import Testing

@testable import BearLabData

private func load(_ changes: [String: String], name: String = "Book") throws -> Dataset {
  try withFolder(name, officialFiles(changes)) { try OfficialSource([:]).load(folder: $0) }
}

/// The error of loading with some files changed, its file shortened to the name.
private func failure(_ changes: [String: String]) -> DataError? {
  do {
    _ = try load(changes)
    return nil
  } catch let error as DataError {
    switch error {
    case .invalid(let file, let line, let what, let value, let accepted):
      return .invalid(
        file: URL(filePath: file).lastPathComponent, line: line, what: what, value: value,
        accepted: accepted)
    case .missingColumn(let file, let column, let present):
      return .missingColumn(
        file: URL(filePath: file).lastPathComponent, column: column, present: present)
    default: return error
    }
  } catch {
    return nil
  }
}

private let header = "user_id,item_ids,timestamp\n"
private let listAccepted =
  "item ids of the catalogue as a list such as [124, 2112, 1915], at least 2"

@Test func columnsAreReadByNameAndTheLastItemIsTheTarget() throws {
  let quoted = "\"a \"\"title\"\", one\nover two lines\""
  let dataset = try load([
    "train.csv": "timestamp,item_titles,item_ids,user_id\n100,\(quoted),\"[1, 2, 3]\",7\n"
  ])
  #expect(dataset.train == [Window(user: 7, history: [1, 2], target: 3, timestamp: 100)])
  #expect(dataset.catalogue.titles == ["A", "B", "C"])
}

@Test func foreignLineEndsAndAMissingLastOneAreRead() throws {
  let dataset = try load([
    "train.csv": "user_id,item_ids,timestamp\r\n7,\"[1, 2]\",100\r\n8,\"[2, 3]\",200"
  ])
  #expect(dataset.train.map(\.user) == [7, 8])
}

@Test(arguments: [
  "[1, x]", "1, 2", "[1, 2", "[1 2]", "[1, 2,]", "[]", "[1]", "", "[1, -2]", "[+1, 2]",
])
func brokenListsAreRefusedInAnyRow(list: String) {
  let rows = "7,\"[1, 2]\",100\n8,\"\(list)\",200\n9,\"[1, 2]\",300\n"
  for name in ["train.csv", "test.csv", "valid.csv"] {
    #expect(
      failure([name: header + rows])
        == .invalid(file: name, line: 3, what: "item_ids", value: list, accepted: listAccepted))
  }
}

@Test(arguments: ["0", "5"])
func unknownItemsAreRefused(item: String) {
  #expect(
    failure(["test.csv": header + "7,\"[1, \(item), 2]\",100\n"])
      == .invalid(
        file: "test.csv", line: 2, what: "an item id of item_ids", value: item,
        accepted: "an id of the catalogue, 1 to 4"))
}

@Test func numbersThatAreNoneAreRefused() {
  #expect(
    failure(["train.csv": header + "x,\"[1, 2]\",100\n"])
      == .invalid(file: "train.csv", line: 2, what: "user_id", value: "x", accepted: "an integer"))
  #expect(
    failure(["train.csv": header + "1,\"[1, 2]\",1.5\n"])
      == .invalid(
        file: "train.csv", line: 2, what: "timestamp", value: "1.5", accepted: "an integer"))
}

/// A cell with a line break moves the lines of later rows.
@Test func linesAreThoseOfTheFile() {
  let rows = "1,\"[1, 2]\",100,\"two\nlines\"\n1,\"[1]\",100,x\n"
  #expect(
    failure(["train.csv": "user_id,item_ids,timestamp,note\n" + rows])
      == .invalid(
        file: "train.csv", line: 4, what: "item_ids", value: "[1]", accepted: listAccepted))
}

@Test(arguments: ["1,\"[1, 2]\"", "1,\"[1, 2]\",100,4", "", "1,[1, 2],100"])
func rowsOfAnotherWidthAreRefused(row: String) {
  guard
    case .invalid("train.csv", 2, "the row", _, let accepted) = failure([
      "train.csv": header + row + "\n"
    ])
  else {
    Issue.record("no error for '\(row)'")
    return
  }
  #expect(accepted.hasPrefix("3 cells"))
}

@Test(arguments: ["1,\"[1, 2]\"x,100\n", "1,\"[1, 2],100\n"])
func misplacedQuotesAreRefused(row: String) {
  guard
    case .invalid("train.csv", 3, "the row", _, _) = failure([
      "train.csv": header + "1,\"[1, 2]\",100\n" + row
    ])
  else {
    Issue.record("no error for '\(row)'")
    return
  }
}

/// Without the check of quotes this last row would read as complete.
@Test func aQuoteLeftOpenAtTheEndIsRefused() {
  guard
    case .invalid("train.csv", 2, "the row", _, _) = failure([
      "train.csv": "user_id,timestamp,item_ids\n1,100,\"[1, 2]"
    ])
  else {
    Issue.record("no error")
    return
  }
}

@Test func missingColumnsFilesAndRowsAreRefused() throws {
  #expect(
    failure(["test.csv": "user_id,items,timestamp\n1,\"[1, 2]\",100\n"])
      == .missingColumn(
        file: "test.csv", column: "item_ids", present: ["user_id", "items", "timestamp"]))
  guard case .empty(_, "rows") = failure(["test.csv": header]) else {
    Issue.record("an empty test set was read")
    return
  }
  try withFolder("Book", ["train.csv": header]) { folder in
    #expect(!OfficialSource.recognises(folder: folder))
    #expect(throws: DataError.self) { try OfficialSource([:]).load(folder: folder) }
  }
}

@Test func titlesAreKeptRaw() throws {
  let json = #"{"2": "", "1": "a  \"b\" &amp; \u00e9\ud83d\ude00\/\\\n", "3": "é", "4": "é"}"#
  let catalogue = try load(["id2name4Rec.json": json]).catalogue
  #expect(catalogue.title(of: 1) == "a  \"b\" &amp; é😀/\\\n")
  #expect(catalogue.title(of: 2).isEmpty)
  #expect(catalogue.titles.count == 3)
}

@Test(arguments: [
  ("{\"1\": \"A\",\n\"3\": \"B\"}", 2, "an item id", "3"),
  ("{\"1\": \"A\",\n\"1\": \"B\"}", 2, "an item id", "1"),
  ("{\"1\": \"A\",\n\"02\": \"B\"}", 2, "an item id", "02"),
  ("{\"0\": \"A\"}", 1, "an item id", "0"),
  ("{\"1\": \"A\",\n\n\"2\": null}", 3, "the title of item 2", "n"),
  ("{\"1\": \"A\" \"2\": \"B\"}", 1, "the JSON text here", "\""),
  ("{\"1\": \"A", 1, "the title of item 1", "the end of the file"),
  ("{\"1\": \"A\"} x", 1, "the JSON text here", "x"),
  ("{\"1\": \"\\ud800\"}", 1, "an escape", "half a surrogate pair"),
  ("{\"1\": \"\\u00g0\"}", 1, "an escape", "\\u00g0"),
])
func brokenCataloguesAreRefused(json: String, line: Int, what: String, value: String) {
  guard
    case .invalid("id2name4Rec.json", line, what, value, _) = failure(["id2name4Rec.json": json])
  else {
    Issue.record("\(String(describing: failure(["id2name4Rec.json": json]))) for \(json)")
    return
  }
}

@Test func errorsSayWhatWouldBeAccepted() {
  let error = failure(["test.csv": header + "7,\"[1, 9]\",100\n"])
  #expect(
    error?.description == "test.csv, line 2: an item id of item_ids cannot be '9'")
  #expect(error?.remedy == "give an id of the catalogue, 1 to 4")
}

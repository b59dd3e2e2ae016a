import Foundation
import Testing

@testable import BearLabStore

/// Filters, order, columns, and how a run is named.
@Suite struct RunQueryTests {
  /// Four runs: numbers 1 to 4, the last one without figures.
  private func withFour(_ body: (String, [RunEntry]) throws -> Void) throws {
    try withRuns { runs in
      let store = RunStore(runs)
      try makeRun("bear-a", in: runs, objective: ("bear", 0.25), seed: 1, ndcg: 0.1)
      try store.reindex()
      try makeRun("bear-b", in: runs, objective: ("bear", 0.5), seed: 10, ndcg: 0.3)
      try store.reindex()
      try makeRun("msl-a", in: runs, objective: ("msl", 0.5), seed: 9, ndcg: 0.2)
      try store.reindex()
      try makeRun("sft", in: runs, objective: ("sft", 0))
      try store.tag(store.entries()[1], ["best", "good"])
      try store.tag(store.entries()[2], ["good"])
      try body(runs, store.entries())
    }
  }

  private func numbers(_ query: RunQuery, _ entries: [RunEntry]) throws -> [Int?] {
    try query.select(entries).map(\.number)
  }

  @Test(
    arguments: [
      (["objective.name=bear"], [1, 2]), (["objective=bear"], [1, 2]),
      (["objective==bear"], [1, 2]), (["ndcg@10 == 0.30"], [2]), (["ndcg@10=="], [4]),
      (["objective!=bear"], [3, 4]), (["objective.lambda=0.50"], [2, 3]),
      (["objective.lambda = 0.5", "objective=msl"], [3]), (["ndcg@10>0.1"], [2, 3]),
      (["ndcg@10>=0.1"], [1, 2, 3]), (["ndcg@10<0.2"], [1]), (["ndcg@10<=0.2"], [1, 3]),
      // Numbers as numbers: 9 is less than 10.
      (["seed<10"], [1, 3]), (["validation.ndcg@10=0.2"], [1, 2, 3]), (["ndcg@10="], [4]),
      (["ndcg@10!="], [1, 2, 3]), (["state=finished"], [1, 2, 3]), (["number>2"], [3, 4]),
      (["created>2020-01-01"], [1, 2, 3, 4]), (["created>9999"], []),
      (["training-seconds=5"], [1, 2, 3, 4]),
      (["record.threads=2"], [1, 2, 3, 4]), (["dataset=/data/tiny"], [1, 2, 3, 4]),
    ] as [([String], [Int])])
  func conditionsChoose(conditions: [String], expected: [Int]) throws {
    try withFour { _, entries in
      let query = try RunQuery(conditions: conditions)
      #expect(try numbers(query, entries) == expected)
    }
  }

  @Test func tagsStatesOrderAndLimit() throws {
    try withFour { _, entries in
      for (query, expected) in [
        (try RunQuery(tags: ["good"]), [2, 3]), (try RunQuery(tags: ["good", "best"]), [2]),
        (try RunQuery(states: ["stopped"]), [4]),
        (try RunQuery(states: ["stopped", "finished"]), [1, 2, 3, 4]),
        // What has no value is last in both orders.
        (try RunQuery(sort: "ndcg@10"), [1, 3, 2, 4]),
        (try RunQuery(sort: "-ndcg@10"), [2, 3, 1, 4]),
        (try RunQuery(sort: "seed"), [1, 3, 2, 4]),
        (try RunQuery(sort: "-objective"), [4, 3, 1, 2]),
        (try RunQuery(sort: "-ndcg@10", limit: 1), [2]),
      ] {
        #expect(try numbers(query, entries) == expected)
      }
    }
  }

  @Test func whatIsUnknownIsRefusedWithNearNames() throws {
    try withFour { _, entries in
      for query in [
        try RunQuery(conditions: ["objective.lamda=1"]), try RunQuery(sort: "-objective.lamda"),
      ] {
        let error = try #require(throws: RunStoreError.self) { try query.select(entries) }
        #expect(error.description.contains("'objective.lamda' is no column"))
        #expect(error.remedy.hasPrefix("did you mean objective.lambda or "))
      }
      #expect(throws: RunStoreError.self) {
        try RunListing(entries, columns: ["ndgc@10"], among: entries)
      }
      for text in ["ndcg@10", "", "=3", "ndcg@10~3", "ndcg@10!3"] {
        #expect(throws: RunStoreError.malformedCondition(text)) {
          try RunQuery(conditions: [text])
        }
      }
      for (text, value) in [
        ("ndcg@10=>0.01", ">0.01"), ("ndcg@10=<1", "<1"), ("seed=== 1", "= 1"), ("seed<>1", ">1"),
      ] {
        #expect(throws: RunStoreError.twoComparisons(text, value: value)) {
          try RunQuery(conditions: [text])
        }
      }
      let state = try #require(throws: RunStoreError.self) { try RunQuery(states: ["finishd"]) }
      #expect(state.remedy.hasPrefix("did you mean finished? "))
    }
  }

  /// As texts they would be compared letter by letter: `22.5` is more than `1h`.
  @Test(arguments: [
    ("time>1h", "time", "1h", "give seconds, such as 'time>3600'"),
    ("ndcg@10<=1%", "ndcg@10", "1%", "give a number, such as 'ndcg@10>0.5'"),
    ("hr@5>", "hr@5", "", "give a number, such as 'hr@5>0.5'"),
    ("pr@5<nan", "pr@5", "nan", "give a number, such as 'pr@5>0.5'"),
    ("objective.lambda>=low", "objective.lambda", "low", "give a number"),
  ])
  func whatIsNoNumberIsNotLessOrMore(
    text: String, key: String, value: String, remedy: String
  ) throws {
    try withFour { _, entries in
      let query = try RunQuery(conditions: [text])
      let error = try #require(throws: RunStoreError.self) { try query.select(entries) }
      #expect(error == .noNumber(text, key: key, value: value))
      #expect(error.remedy.hasPrefix(remedy), "\(error.remedy)")
    }
  }

  @Test func theTableHasTheColumnsThatAreAsked() throws {
    try withFour { _, entries in
      let listing = try RunListing(
        Array(entries.suffix(2)),
        columns: ["number", "name", "dataset", "ndcg@10", "time", "tags"], among: entries)
      #expect(
        listing.table == """
          | number | name  | dataset | ndcg@10 |    time | tags |
          | -----: | ----- | ------- | ------: | ------: | ---- |
          |      3 | msl-a | tiny    |  0.2000 | 0:01:05 | good |
          |      4 | sft   | tiny    |       – | 0:01:05 | –    |

          """)
      #expect(
        listing.csv == """
          number,name,dataset,ndcg@10,time,tags
          3,msl-a,/data/tiny,0.2,65.0,good
          4,sft,/data/tiny,,65.0,

          """)
    }
  }

  @Test func aBarOfANoteIsNoEndOfACell() throws {
    try withFour { runs, entries in
      try RunStore(runs).note(entries[0], "a | b")
      let all = RunStore(runs).entries()
      let listing = try RunListing([all[0]], columns: ["number", "note"], among: all)
      #expect(listing.table.hasSuffix("|      1 | a \\| b |\n"))
      #expect(listing.csv.hasSuffix("1,a | b\n"))
    }
  }

  @Test func jsonHoldsEverything() throws {
    struct Line: Decodable {
      let number: Int
      let settings: [String: String]
      let metrics: [String: Double]
      let tags: [String]
      let ended: String?
    }
    try withFour { _, entries in
      let text = try RunListing(entries, among: entries).json
      let lines = try JSONDecoder().decode([Line].self, from: Data(text.utf8))
      #expect(lines.map(\.number) == [1, 2, 3, 4])
      #expect(lines[1].tags == ["best", "good"] && lines[1].settings == entries[1].settings)
      #expect(lines[1].metrics == entries[1].metrics && text.contains(#""ended" : null"#))
    }
  }

  @Test func valuesOfCSVAreQuotedWhereTheyMust() throws {
    try withFour { runs, entries in
      try RunStore(runs).note(entries[0], "one, \"two\"\nthree")
      let all = RunStore(runs).entries()
      let listing = try RunListing([all[0]], columns: ["note", "number"], among: all)
      #expect(listing.csv == "note,number\n\"one, \"\"two\"\"\nthree\",1\n")
      #expect(listing.table.hasSuffix("| one, \"two\" three |      1 |\n"))
    }
  }

  // MARK: References

  @Test func aRunIsNamedByNumberNameTagAndBeginning() throws {
    try withFour { runs, _ in
      func name(_ text: String) throws -> String {
        try String(RunReference.path(of: text, in: runs).dropFirst(runs.count + 1))
      }
      #expect(try name("3") == "msl-a" && name("bear-b") == "bear-b")
      #expect(try name("best") == "bear-b" && name("msl") == "msl-a")
      #expect(try RunReference.path(of: "\(runs)/3") == "\(runs)/msl-a")
      #expect(try RunReference.path(of: "\(runs)/sft") == "\(runs)/sft")
      #expect(try RunReference.folder("best", in: runs).path == "\(runs)/bear-b")
      #expect(try RunReference.entry("\(runs)/sft").entry.number == 4)
      #expect(try RunReference.entry("4", in: runs).entry.name == "sft")
      #expect(try RunReference.paths(of: ["1", "best"], in: runs).count == 2)
      for again in ["best", "\(runs)/bear-b/", "\(runs)/sft/../bear-b"] {
        #expect(throws: RunStoreError.self) { try RunReference.paths(of: ["2", again], in: runs) }
      }
      #expect(throws: RunStoreError.ambiguous("bear", runs: ["1 bear-a", "2 bear-b"])) {
        try name("bear")
      }
      #expect(throws: RunStoreError.ambiguous("good", runs: ["2 bear-b", "3 msl-a"])) {
        try name("good")
      }
      let error = try #require(throws: RunStoreError.self) { try name("bear-c") }
      #expect(error.description == "there is no run 'bear-c' in \(runs)")
      #expect(error.remedy.hasPrefix("did you mean bear-a or bear-b? "))
    }
  }

  /// What is no name is left to whoever reads the folder.
  @Test func aPathThatIsNoRunIsLeftAsItIs() throws {
    try withRuns { runs in
      for text in ["\(runs)/no/such", "no/such", "/no", ""] {
        let path = try RunReference.path(of: text, in: "\(runs)/nowhere")
        #expect(path == text)
      }
    }
  }

  @Test func aSeriesIsMeantBeforeItsSeeds() throws {
    try withRuns { runs in
      try makeRun("long-series", in: runs, seeds: "1")
      try makeRun("long-series/seed-1", in: runs)
      let path = try RunReference.path(of: "long", in: runs)
      #expect(path == "\(runs)/long-series")
    }
  }

  @Test func aSheetTellsAll() throws {
    try withFour { runs, entries in
      let text = RunSheet(entries[1]).text
      for part in [
        "folder              \(runs)/bear-b\n", "\nnumber              2\n",
        "| fine-tuned | 0.6000 ", "objective.lambda", "| the run ",
      ] { #expect(text.contains(part), "\(text)") }
      #expect(text.contains(/\ntags +best good\n/) && !text.contains("bear-lab resume"))
      #expect(RunSheet(entries[3]).text.contains("bear-lab resume \(runs)/sft\n"))
    }
  }
}

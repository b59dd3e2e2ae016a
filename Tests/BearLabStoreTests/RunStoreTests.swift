import BearLabRun
import Foundation
import GRDB
import Testing

@testable import BearLabRun
@testable import BearLabStore

@Suite struct RunStoreTests {
  @Test func aRunIsKnownByWhatItsFolderHolds() throws {
    try withRuns { runs in
      try makeRun("one", in: runs, ndcg: 0.5)
      let entry = try #require(RunStore(runs).entries().first)
      #expect(entry.number == 1 && entry.name == "one" && entry.path == "\(runs)/one")
      #expect(entry.state == .finished && entry.created != nil && entry.note.isEmpty)
      #expect(entry.settings["objective.name"] == "bear" && entry.settings["seed"] == "42")
      #expect(entry.settings["objective.lambda"] == "0.25")
      #expect(entry.settings["record.threads"] == "2")
      #expect(entry.metrics["ndcg@10"] == 0.5 && entry.metrics["fine-tuned.ndcg@10"] == 0.5)
      #expect(entry.metrics["zero-shot.item_nll"] == 9 && entry.metrics["item_nll"] == 7.5)
      #expect(entry.metrics["popularity.hr@10"] == 0.2)
      #expect(entry.metrics["popularity.item_nll"] == nil)
      // The best epoch, not the last one.
      #expect(entry.metrics["validation.ndcg@10"] == 0.2)
      // A step that was computed again counts once.
      #expect(entry.trainingSeconds == 5 && entry.evaluationSeconds == 60)
      #expect(entry.modelHash == "aa" && entry.datasetHash?.count == 64)
    }
  }

  @Test func hashesTellSettingsAndDataApart() throws {
    try withRuns { runs in
      try makeRun("a", in: runs)
      try makeRun("b", in: runs)
      try makeRun("c", in: runs, objective: ("bear", 0.5))
      let entries = RunStore(runs).entries()
      #expect(entries[0].settingsHash == entries[1].settingsHash)
      #expect(entries[0].settingsHash != entries[2].settingsHash)
      #expect(Set(entries.map(\.datasetHash)).count == 1)
    }
  }

  /// Until a run has ended its figures are not yet those that it ends with.
  @Test func aRunThatHasNotEndedHasNoFiguresOfItsOwn() throws {
    try withRuns { runs in
      let path = try makeRun("one", in: runs, ndcg: 0.5)
      try FileManager.default.removeItem(atPath: "\(path)/report.md")
      let entry = try #require(RunStore(runs).entries().first)
      #expect(entry.metrics["ndcg@10"] == nil && entry.metrics["zero-shot.ndcg@10"] == 0.001)
    }
  }

  /// Figures on validation do not stand in a column of figures on test.
  @Test func aRunThatLooksAtValidationAloneHasNoneOnTest() throws {
    try withRuns { runs in
      let path = try makeRun("one", in: runs, ndcg: 0.5)
      let file = "\(path)/metrics.jsonl"
      let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      try Data(lines.filter { $0.contains("validation") }.joined(separator: "\n").utf8)
        .write(to: URL(filePath: file))
      try Data().write(to: URL(filePath: "\(path)/checkpoint-epoch-1.h5"))
      let entry = try #require(RunStore(runs).entries().first)
      #expect(entry.metrics["ndcg@10"] == nil && entry.metrics["validation.ndcg@10"] == 0.2)
    }
  }

  @Test func pruningIsReadWhereADiagnosisRan() throws {
    try withRuns { runs in
      let path = try makeRun("one", in: runs, ndcg: 0.5)
      func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
      }
      try write(
        """
        {"rank":1,"rank_exact":true,"pruned":false}
        {"rank":5,"rank_exact":true,"pruned":true}
        {"rank":9,"rank_exact":true,"pruned":true}
        {"rank":10,"rank_exact":false,"pruned":true}

        """, "diagnosis.jsonl")
      let store = RunStore(runs)
      #expect(store.entries()[0].metrics["pr@5"] == 0.5)
      #expect(store.entries()[0].metrics["pr@10"] == 2.0 / 3)
      // What `reproduce` kept counts, as soon as it is there.
      try write(#"{"PR@5": 0.25, "Prop@5": 1, "targets@5": 8}"#, "pruning.json")
      #expect(store.entries()[0].metrics["pr@5"] == 0.25)
      #expect(store.entries()[0].metrics["prop@5"] == 1)
      #expect(store.entries()[0].metrics["targets@5"] == nil)
    }
  }

  @Test func aSeriesHasTheMeansOfItsSeeds() throws {
    try withRuns { runs in
      try makeRun("series", in: runs, seeds: "1,2", ndcg: 0.9)
      try makeRun("series/seed-1", in: runs, seed: 1, ndcg: 0.25)
      try makeRun("series/seed-2", in: runs, seed: 2, ndcg: 0.75)
      let entries = RunStore(runs).entries()
      #expect(entries.map(\.name).sorted() == ["series", "series/seed-1", "series/seed-2"])
      let series = try #require(entries.first { $0.name == "series" })
      #expect(series.metrics["ndcg@10"] == 0.5 && series.trainingSeconds == 10)
    }
  }

  /// A diagnosis of the seeds changes nothing in the series' own folder.
  @Test func whatASeedMeasuresLaterIsOfTheSeriesToo() throws {
    try withRuns { runs in
      try makeRun("series", in: runs, seeds: "1,2", ndcg: 0.9)
      let seeds = try [1, 2].map {
        try makeRun("series/seed-\($0)", in: runs, seed: $0, ndcg: 0.25)
      }
      let store = RunStore(runs)
      func rate() -> Double? { store.entries().first { $0.name == "series" }?.metrics["pr@5"] }
      #expect(rate() == nil)
      for (path, share) in zip(seeds, [0.25, 0.75]) {
        try Data("{\"PR@5\": \(share)}".utf8).write(to: URL(filePath: "\(path)/pruning.json"))
      }
      #expect(rate() == 0.5)
    }
  }

  @Test func runsInFoldersOfRunsAreFound() throws {
    try withRuns { runs in
      try makeRun("reproduce/a", in: runs)
      try makeRun("reproduce/b", in: runs, seeds: "3")
      try makeRun("reproduce/b/seed-3", in: runs)
      try makeRun(".hidden", in: runs)
      try makeRun("too/far/away", in: runs)
      let names = RunStore(runs).entries().map(\.name).sorted()
      #expect(names == ["reproduce/a", "reproduce/b", "reproduce/b/seed-3"])
    }
  }

  // MARK: The folders are the truth

  @Test func aDeletedDatabaseIsMadeAgain() throws {
    try withRuns { runs in
      let store = RunStore(runs)
      // Numbers are not in the order of names.
      for name in ["c", "b", "a", "deep/d"] {
        try makeRun(name, in: runs, ndcg: 0.5)
        try store.reindex()
      }
      let entries = store.entries()
      #expect(entries.map(\.name) == ["c", "b", "a", "deep/d"])
      #expect(entries.map(\.number) == [1, 2, 3, 4])
      try store.tag(entries[0], ["best", "bear"])
      try store.tag(entries[0], ["bear"], removing: true)
      try store.note(entries[3], "the last\none")
      try store.delete(entries[1])
      let before = store.entries()
      #expect(before.map(\.number) == [1, 3, 4])
      try removeDatabase(runs)
      #expect(try counts(RunStore(runs)) == [3, 0])
      #expect(RunStore(runs).entries() == before)
      #expect(before[0].tags == ["best"] && before[2].note == "the last\none")
    }
  }

  @Test func whatIsDoneByHandIsNoticed() throws {
    try withRuns { runs in
      let files = FileManager.default
      let store = RunStore(runs)
      try makeRun("a", in: runs)
      try makeRun("b", in: runs)
      #expect(try counts(store) == [2, 0])
      try files.removeItem(atPath: "\(runs)/a")
      try makeRun("c", in: runs, ndcg: 0.25)
      #expect(store.entries().map(\.name) == ["b", "c"])
      #expect(store.entries().map(\.number) == [2, 3])
      // Moved, it is the same run; copied, it is another one.
      try files.moveItem(atPath: "\(runs)/b", toPath: "\(runs)/z")
      try files.copyItem(atPath: "\(runs)/c", toPath: "\(runs)/copy")
      let entries = store.entries()
      #expect(entries.map(\.name) == ["z", "c", "copy"])
      #expect(entries.map(\.number) == [2, 3, 4])
      // What it measured meanwhile is read again.
      try makeRun("z", in: runs, ndcg: 0.125)
      #expect(store.entries()[0].metrics["ndcg@10"] == 0.125)
      #expect(try counts(RunStore(runs)) == [3, 0])
    }
  }

  @Test func aNumberIsNotGivenTwice() throws {
    try withRuns { runs in
      let store = RunStore(runs)
      for name in ["a", "b"] {
        try makeRun(name, in: runs)
        try store.reindex()
      }
      try store.delete(store.entries()[1])
      try makeRun("c", in: runs)
      #expect(RunStore(runs).entries().map(\.number) == [1, 3])
    }
  }

  @Test func nothingIsLeftWhereNoRunsAre() throws {
    try withRuns { runs in
      #expect(RunStore(runs).entries().isEmpty)
      let left = try FileManager.default.contentsOfDirectory(atPath: runs)
      #expect(left.isEmpty)
      #expect(throws: RunStoreError.noFolder(path: "\(runs)/no")) {
        try RunStore("\(runs)/no").reindex()
      }
    }
  }

  @Test func aTagIsAWord() throws {
    try withRuns { runs in
      try makeRun("a", in: runs)
      let store = RunStore(runs)
      let entry = try #require(store.entries().first)
      for tag in ["", "7", "a b", "a,b", "a/b", "-a", "a\nb"] {
        #expect(throws: RunStoreError.unusableTag(tag)) { try store.tag(entry, ["good", tag]) }
      }
      #expect(store.entries()[0].tags.isEmpty)
      #expect(try store.tag(entry, ["b", "a", "b"]) == ["a", "b"])
    }
  }

  /// Runs, and those that are gone.
  private func counts(_ store: RunStore) throws -> [Int] {
    let (_, runs, gone) = try store.reindex()
    return [runs, gone]
  }

  /// What stands in the database can be asked with SQL.
  @Test func theDatabaseHasARowARun() throws {
    try withRuns { runs in
      try makeRun("a", in: runs, ndcg: 0.5)
      let store = RunStore(runs)
      try store.tag(store.entries()[0], ["best"])
      let rows = try DatabaseQueue(path: "\(runs)/\(RunStore.fileName)").read { database in
        try #expect(String.fetchOne(database, sql: "PRAGMA journal_mode") == "wal")
        return try String.fetchAll(
          database,
          sql: """
            SELECT folder || ' ' || setting.value || ' ' || metric.value || ' ' || tag.name
            FROM run JOIN setting ON setting.run = number JOIN metric ON metric.run = number
              JOIN tag ON tag.run = number
            WHERE setting.name = 'objective.lambda' AND metric.name = 'ndcg@10'
            """)
      }
      #expect(rows == ["a 0.25 0.5 best"])
    }
  }
}

import BearLabRun
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabExport

/// CSV and JSON lines.
@Suite struct TableTests {
  @Test func cellsKeepWhatTheyAre() throws {
    let table = Table([
      [("a", .text("x, \"y\"\nz")), ("b", .real(0.1))],
      [("b", .integer(3)), ("c", .flag(true)), ("a", .text("plain"))],
    ])
    #expect(table.columns == ["a", "b", "c"])
    #expect(table.csv == "a,b,c\n\"x, \"\"y\"\"\nz\",0.1,\nplain,3,true\n")
    #expect(
      try table.jsonLines == """
        {"a":"x, \\"y\\"\\nz","b":0.1,"c":null}
        {"a":"plain","b":3,"c":true}

        """)
  }

  private func runs(_ body: ([RunLog]) throws -> Void) throws {
    try withEmptyFolder { folder in
      var first = HandMadeRun.trained(steps: 4)
      first.settings = ["objective": ["lambda": "0.25"]]
      try first.write(to: "\(folder)/a")
      try HandMadeRun.trained(steps: 2, ndcg: 0.3).write(to: "\(folder)/b")
      let line =
        #"{"item_nll":null,"rank":3,"seen":true,"target":512,"timestamp":9,"title":498,"user":17}"#
      try Data((line + "\n{torn").utf8).write(to: URL(filePath: "\(folder)/a/rows-sasrec.jsonl"))
      try body(try RunLog.read(["\(folder)/a", "\(folder)/b"]))
    }
  }

  private func column(_ name: String, _ table: Table) throws -> [Table.Cell] {
    let place = try #require(table.columns.firstIndex(of: name))
    return table.rows.map { $0[place] }
  }

  @Test func stepsHaveTheirTimes() throws {
    try runs { runs in
      let table = try RunTable.steps.table(of: runs)
      #expect(table.rows.count == 6 && table.columns.first == "run")
      #expect(try column("run", table).last == .text("b"))
      #expect(
        try column("seconds", table) == [0.25, 0.25, 1.25, 1.25, 0.25, 1.25].map(Table.Cell.real))
      #expect(try column("loss", table)[0] == .real(4))
    }
  }

  @Test func epochsAreEvaluations() throws {
    try runs { runs in
      let table = try RunTable.epochs.table(of: runs)
      #expect(table.rows.count == 8)
      #expect(try column("epoch", table).prefix(4) == [.integer(1), .integer(2), .empty, .empty])
      #expect(try column("ndcg@10", table)[7] == .real(0.3))
      // No row is unseen, so there is no figure.
      #expect(!table.columns.contains("unseen_ndcg@10"))
    }
  }

  @Test func rowsAreThoseOfEveryModel() throws {
    try runs { runs in
      let table = try RunTable.rows.table(of: runs)
      #expect(
        table.rows == [
          [
            .text("a"), .text("sasrec"), .integer(17), .integer(9), .integer(512), .integer(498),
            .flag(true), .integer(3), .empty,
          ]
        ])
    }
  }

  @Test func aSummaryHasFiguresAndSettings() throws {
    try runs { runs in
      let table = try RunTable.summary.table(of: runs)
      #expect(try column("ndcg@10", table) == [.real(0.2), .real(0.3)])
      #expect(try column("objective.lambda", table) == [.text("0.25"), .empty])
      #expect(try column("seconds_per_epoch", table) == [.real(2.5), .real(1.25)])
      #expect(try column("seed", table) == [.text("42"), .text("42")])
    }
  }

  @Test func aDamagedLineIsNamed() throws {
    try withEmptyFolder { folder in
      try HandMadeRun.trained(steps: 4).write(to: folder)
      let path = "\(folder)/metrics.jsonl"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try Data(text.replacing("\"event\":\"step\",", with: "", maxReplacements: 1).utf8)
        .write(to: URL(filePath: path))
      #expect {
        try RunLog(folder)
      } throws: { error in
        (error as? RunLogError)?.description.contains("metrics.jsonl, line 1 is no line") == true
      }
    }
  }
}

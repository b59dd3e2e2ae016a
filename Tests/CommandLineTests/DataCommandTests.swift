import BearLabTestSupport
import Foundation
import Testing

/// `bear-lab data`, and data sets that are made up.
@Suite struct DataCommandTests {
  private let small = "synthetic:items=60,users=200,clusters=4,seed=3"

  @Test func aSyntheticDataSetIsWrittenAndChecked() throws {
    try withTinyCache { cache in
      let out = "\(cache)/datasets/made"
      let prepared = try bearLab(["data", "prepare", small, out], cache: cache)
      #expect(prepared.status == 0, "\(prepared.errors)")
      #expect(prepared.output.contains("users 200, items 60, interactions "))
      #expect(prepared.output.contains("the best recommender can expect HR@5 0."))
      let again = try bearLab(["data", "prepare", small, out], cache: cache)
      #expect(again.status == 1 && again.errors.contains("made is there already"))
      // The same windows, from the files and from the name.
      let written = try bearLab(["data", "check", "made", "--json"], cache: cache)
      let made = try bearLab(["data", "check", small, "--json"], cache: cache)
      #expect(written.status == 0 && made.status == 0, "\(written.errors)\(made.errors)")
      #expect(
        written.output.replacing(#""name" : "made""#, with: "")
          == made.output.replacing(#""name" : "synthetic""#, with: ""))
      let tokens = try bearLab(["data", "check", "made", "--model", "tiny"], cache: cache)
      #expect(tokens.status == 0 && tokens.output.contains("tokens of tiny"), "\(tokens.errors)")
    }
  }

  @Test func aLeakEndsWithStatusOne() throws {
    try withTinyCache { cache in
      let rows = "user_id,item_ids,timestamp\n1,\"[1, 2]\",100\n2,\"[1, 2]\",300\n"
      try Data(rows.utf8).write(to: URL(filePath: "\(cache)/datasets/tiny/train.csv"))
      let test = "user_id,item_ids,timestamp\n3,\"[1, 2]\",200\n"
      try Data(test.utf8).write(to: URL(filePath: "\(cache)/datasets/tiny/test.csv"))
      let outcome = try bearLab(["data", "check", "tiny"], cache: cache)
      #expect(outcome.status == 1)
      #expect(outcome.output.contains("leak: 1 train windows are after 1970-01-01T00:03:20Z"))
    }
  }

  @Test func aDumpIsPreparedWithItsSettings() throws {
    try withTinyCache { cache in
      let dump = "\(cache)/dump"
      try FileManager.default.createDirectory(atPath: dump, withIntermediateDirectories: true)
      let rows = (0..<9).flatMap { user in
        (0..<4).map {
          #"{"user_id": "u\#(user)", "parent_asin": "B\#($0)", "timestamp": \#(user + $0)}"#
        }
      }
      try Data(rows.joined(separator: "\n").utf8).write(to: URL(filePath: "\(dump)/Toys.jsonl"))
      let titles = (0..<4).map { #"{"parent_asin": "B\#($0)", "title": "A &amp; \#($0)"}"# }
      try Data(titles.joined(separator: "\n").utf8)
        .write(to: URL(filePath: "\(dump)/meta_Toys.jsonl"))
      let outcome = try bearLab([
        "data", "prepare", dump, "\(dump)/toys", "--core", "4", "--window", "3", "--split", "1:1:1",
        "--decode-entities", "--json",
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains(#""source" : "amazon""#))
      let catalogue = try String(contentsOfFile: "\(dump)/toys/id2name4Rec.json", encoding: .utf8)
      #expect(catalogue.contains(#""1": "A & 0""#))
      let train = try String(contentsOfFile: "\(dump)/toys/train.csv", encoding: .utf8)
      #expect(train.split(separator: "\n").count == 7)
      let wrong = try bearLab(["data", "prepare", dump, "\(dump)/x", "--split", "8:2"])
      #expect(wrong.status == 1 && wrong.errors.contains("split cannot be '8:2'"))
    }
  }

  /// A name is taken wherever a data set is; a learner finds the structure, and popularity cannot.
  @Test func aRunTakesASyntheticDataSet() throws {
    try withTinyCache { cache in
      let name = "synthetic:items=100,users=3000,clusters=10,follow=0.9,seed=1"
      let outcome = try bearLab(
        [
          "run", "--recommender", "markov", "--dataset", name, "--eval-users", "1000", "--output",
          "\(cache)/run",
        ], cache: cache)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("the best recommender can expect"))
      func hit(_ recommender: String) -> Double {
        let row = outcome.output.split(separator: "\n").first { $0.hasPrefix("| \(recommender) ") }
        let numbers = (row ?? "").split(separator: "|").compactMap {
          Double($0.trimmingCharacters(in: .whitespaces))
        }
        // NDCG@1, 5, 10, then HR@1, 5, 10.
        return numbers.count > 5 ? numbers[5] : -1
      }
      let (markov, popularity) = (hit("markov"), hit("popularity"))
      #expect(markov > 0.6 && popularity < 0.4, "\(outcome.output)")
    }
  }
}

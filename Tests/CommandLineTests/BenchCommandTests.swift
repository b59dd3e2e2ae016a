import BearLabTestSupport
import Foundation
import Testing

/// `bench` and `doctor` as programs.
@Suite struct BenchCommandTests {
  @Test(arguments: [
    ["bench"], ["bench", "train"], ["bench", "decode"], ["bench", "shape"], ["bench", "gemm"],
    ["bench", "scaling"], ["bench", "all"], ["doctor"],
  ])
  func helpIsAsRecorded(command: [String]) throws {
    let outcome = try bearLab(command + ["--help"])
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    try expectSnapshot((["help"] + command).joined(separator: "-"), outcome.output)
  }

  @Test(arguments: [("train", "seconds_per_sample"), ("decode", "seconds_per_user")])
  func benchPrintsOneObject(work: String, figure: String) throws {
    try withTinyCache { cache in
      let rows =
        work == "train" ? ["--steps", "2"] : ["--users", "7", "--decoder", "constrained-beam"]
      let outcome = try bearLab(
        [
          "bench", work, "--dataset", "tiny", "--model", "tiny", "--objective", "msl",
          "--batch-size", "5", "--precision", "f32", "--threads", "1", "--json", "--set",
          "evaluation.constraint=after", "--set", "evaluation.constraint-mismatch=allow",
        ] + rows, cache: cache)
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
      let parsed = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      let json = try #require(parsed as? [String: Any])
      for key in [figure, "tokens_per_second", "mean_tokens", "peak_bytes"] {
        #expect(try #require(json[key] as? Double) > 0, "\(key)")
      }
      #expect(json.keys.filter { $0.contains("sample") || $0.contains("user") } == [figure])
      #expect(json["batch_size"] as? Int == 5 && json["objective"] as? String == "msl")
      #expect(json["steps"] as? Int == 2 && json["rows"] as? Int == (work == "train" ? 10 : 7))
      #expect(json["constraint"] as? String == (work == "train" ? nil : "after"))
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: cache).sorted()
          == ["datasets", "models"])
    }
  }

  @Test(arguments: [
    (
      ["train", "--precision", "f16"],
      "error: parameter 'precision' cannot be 'f16'\n  give one of auto, f32, bf16\n"
    ),
    (["train", "--steps", "0"], "error: parameter 'steps' cannot be '0'\n  give an integer, at"),
    (["decode", "--users", "x"], "error: parameter 'users' cannot be 'x'\n  give an integer, at"),
    (
      ["train", "--batch-size", "0"],
      "error: parameter 'training.batch-size' cannot be '0'\n  give an integer from 1 to 100000\n"
    ),
    (
      ["decode", "--batch-size", "0"],
      "error: parameter 'evaluation.batch-size' cannot be '0'\n  give an integer, at least 1\n"
    ),
    (
      ["train", "--steps", "33"],
      "error: 33 steps of 8 rows are more than the 263 training rows\n  give --steps and "
    ),
    (
      ["decode", "--users", "41"],
      "error: 41 users are more than the 40 test rows\n  give --users at most 40\n"
    ),
    (
      ["train", "--objective", "baer"], "error: there is no objective 'baer'\n  did you mean bear?"
    ),
  ])
  func mistakesAreExplained(arguments: [String], expected: String) throws {
    try withTinyCache { cache in
      let outcome = try bearLab(
        ["bench"] + arguments + ["--dataset", "tiny", "--model", "tiny"], cache: cache)
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix(expected), "\(outcome.errors)")
      #expect(outcome.output.isEmpty)
    }
  }

  @Test func benchShapeComparesItsMemoryWithThePlan() throws {
    let sizes = [
      "bench", "shape", "--layers", "2", "--width", "32", "--heads", "4", "--feed-forward", "64",
      "--vocabulary", "100", "--steps", "1", "--batch-size", "2",
    ]
    let outcome = try bearLab(sizes + ["--json", "--threads", "1", "--kv-heads", "2"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("\"predicted_to_measured\" : "))
    let odd = try bearLab(sizes + ["--kv-heads", "3"])
    #expect(odd.status != 0 && odd.errors.contains("--kv-heads must divide the 4 heads"))
    let shared = try bearLab(sizes + ["--shared-tokens", "251"])
    #expect(shared.status == 1)
    #expect(
      shared.errors
        == "error: --shared-tokens cannot be 251\n  give a number from 0 to 250\n")
    let small = try bearLab(sizes + ["--memory-limit", "1M"])
    #expect(small.status == 1 && small.errors.contains("\n  set memory-limit to "))
  }

  @Test func benchGemmRefusesRowsAndPrecisionsThatThereAreNot() throws {
    let rows = try bearLab(["bench", "gemm", "--rows", "0"])
    #expect(rows.status != 0 && rows.errors.contains("--rows cannot be 0"))
    let precision = try bearLab(
      ["bench", "gemm", "--precision", "bf16"], environment: ["BEAR_LAB_ISA": "portable"])
    #expect(precision.status == 1 && precision.errors.contains("no products in bf16"))
    let model = try bearLab(["bench", "gemm", "--model", "none"])
    #expect(model.status == 1 && model.errors.hasPrefix("error: there is no model 'none'"))
  }

  /// The tiny data set as `book`: five works, each a process.
  @Test func benchAllWritesAFileAndComparesWithIt() throws {
    try withTinyCache { cache in
      try FileManager.default.moveItem(
        atPath: "\(cache)/datasets/tiny", toPath: "\(cache)/datasets/book")
      let arguments = ["bench", "all", "--model", "tiny", "--threads", "1", "--quick"]
      let first = try bearLab(arguments + ["--json", "\(cache)/a.json"], cache: cache)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.errors.hasPrefix("bench: there is no data set 'office' in "))
      #expect(first.output.contains("| bear step, book, batch 8, f32 "))
      let second = try bearLab(arguments + ["--compare", "\(cache)/a.json"], cache: cache)
      #expect(second.status == 0 && second.output.contains("| before / now |"))
      #expect(second.output.hasSuffix("\nmedians of two batches only (--quick)\n"))
      // A row for each work of the first table.
      let rows = { (text: String) in text.split(separator: "\n").count { $0.contains(", batch ") } }
      #expect(rows(first.output) >= 5 && rows(first.output) == rows(second.output))
      let broken = try bearLab(["bench", "all", "--model", "none", "--quick"], cache: cache)
      #expect(broken.status == 1)
      #expect(broken.errors.contains("error: there is no model 'none'"))
      #expect(broken.errors.contains("ended with exit status 1; what it says is above\n  run "))
      let mistake = try bearLab(["bench", "all", "--compare", "/no/such.json"], cache: cache)
      #expect(mistake.status == 1)
      #expect(
        mistake.errors == "error: /no/such.json cannot be read: No such file or directory\n"
          + "  give a file that bench all --json wrote\n")
    }
  }

  @Test func doctorFailsOnAnEmptyCache() throws {
    let outcome = try bearLab(["doctor"])
    #expect(outcome.status == 1 && outcome.errors.isEmpty)
    #expect(outcome.output.contains("\n  run scripts/fetch smollm2-135m\n"), "\(outcome.output)")
    #expect(outcome.output.contains("\n  run scripts/fetch ml-100k\n"))
  }

  @Test func doctorSucceedsWhereARunWould() throws {
    try withTinyCache { cache in
      let outcome = try bearLab(
        ["doctor", "--model", "tiny", "--dataset", "tiny", "--json"], cache: cache,
        environment: ["OPENBLAS_CORETYPE": "Haswell"])
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.output)")
      struct Findings: Decodable { let findings: [[String: String]] }
      let json = try JSONDecoder().decode(Findings.self, from: Data(outcome.output.utf8))
      #expect(json.findings.contains { $0["remedy"]?.hasPrefix("unset OPENBLAS_CORETYPE") == true })
      #expect(json.findings.allSatisfy { $0["severity"] == "warning" })
    }
  }
}

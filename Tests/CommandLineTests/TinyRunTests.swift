import BearLabTestSupport
import Foundation
import Testing

/// Whole runs of the program on a tiny model.
@Suite struct TinyRunTests {
  @Test func aRunCanBeReadAndMeasuredAgain() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("\nrun folder: \(folder)\n"))
      #expect(run.errors.contains("epoch 1 of 1: 32 samples\n"))
      let report = try String(contentsOfFile: "\(folder)/report.md", encoding: .utf8)
      #expect(run.output == report && run.output.hasPrefix("| model "))
      #expect(!run.errors.contains("\u{1B}") && !run.output.contains("\u{1B}"))

      let again = try bearLab(["evaluate", folder], cache: cache)
      #expect(again.status == 0, "\(again.errors)")
      let (row, expected) = (cells(again.output, row: 2), cells(run.output, row: 4))
      #expect(row.first == "bear, epoch 1" && expected.first == "bear")
      #expect(row.dropFirst() == expected.dropFirst())

      let base = try bearLab(["evaluate"] + tinyRun, cache: cache)
      #expect(cells(base.output, row: 2) == cells(run.output, row: 3))

      let few = try bearLab(["evaluate", folder, "--eval-users", "5"], cache: cache)
      #expect(few.output.contains("\n5 test rows; "))
    }
  }

  /// Portable code has no products in bf16, and no run of it begins.
  @Test(arguments: [["run", "--output", "run"], ["evaluate"], ["bench", "train"]])
  func aPrecisionThatIsLackingIsRefused(command: [String]) throws {
    try withTinyCache { cache in
      let outcome = try bearLab(
        command + ["--dataset", "tiny", "--model", "tiny", "--precision", "bf16"], cache: cache,
        environment: ["BEAR_LAB_ISA": "portable"])
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(
        outcome.errors.hasPrefix(
          "error: the instruction set in use, portable, has no products in bf16\n"
            + "  give --precision f32; "), "\(outcome.errors)")
    }
  }

  /// What run.yaml says is enough to repeat the run to the byte, wherever it is.
  @Test func theDescriptionRepeatsTheRun() throws {
    try withTinyCache { cache in
      let first = try bearLab(["run", "--output", "\(cache)/a"] + tinyRun, cache: cache)
      let second = try bearLab(
        ["run", "--output", "\(cache)/b", "--config", "\(cache)/a/run.yaml"], cache: cache)
      #expect(first.status == 0 && second.status == 0, "\(first.errors)\(second.errors)")
      #expect(first.output == second.output)
      for file in [
        "run.yaml", "metrics.jsonl", "predictions.json", "report.md", "checkpoint-epoch-1.h5",
        "rows-fine-tuned.jsonl",
      ] {
        let (one, other) = (try data("\(cache)/a/\(file)"), try data("\(cache)/b/\(file)"))
        #expect(one == other, "\(file)")
      }
    }
  }

  @Test func instructionSetsAgreeOnTheLists() throws {
    try withTinyCache { cache in
      func lists(_ instructionSet: String) throws -> [[String]] {
        struct Row: Decodable { let predict: [String] }
        let folder = "\(cache)/\(instructionSet)"
        let run = try bearLab(
          ["run", "--output", folder] + tinyRun, cache: cache,
          environment: ["BEAR_LAB_ISA": instructionSet])
        #expect(run.status == 0, "\(run.errors)")
        let yaml = String(decoding: try data("\(folder)/run.yaml"), as: UTF8.self)
        #expect(yaml.contains("instruction-set: \(instructionSet)\n"))
        return try JSONDecoder().decode([Row].self, from: data("\(folder)/predictions.json"))
          .map(\.predict)
      }
      let all = try availableInstructionSets.map(lists)
      #expect(all.allSatisfy { $0 == all[0] && $0.count == 12 })
    }
  }

  /// A file wins over defaults, `--set` over the file, an option of its own over both.
  @Test func laterSettingsWin() throws {
    try withTinyCache { cache in
      let file = "\(cache)/my.yaml"
      try Data("seed: 7\nobjective: msl\ntraining: {epochs: 2, samples: 3}\n".utf8)
        .write(to: URL(filePath: file))
      let outcome = try bearLab([
        "run", "--dry-run", "--epochs", "4", "--set", "training.epochs=9", "--set",
        "training.samples=5", "--config", file, "--set", "objective.tau=0.5",
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      for line in ["seed: 7", "  name: msl", "  tau: 0.5", "  epochs: 4", "  samples: 5"] {
        #expect("\n\(outcome.output)".contains("\n\(line)\n"), "\(line)")
      }
      #expect(!outcome.output.contains("record:"))
    }
  }

  @Test func theDefaultFolderTellsWhatRan() throws {
    try withTinyCache { cache in
      let run = try bearLab(["run"] + tinyRun, cache: cache)
      #expect(
        run.errors.contains(/\nrun folder: runs\/tiny-bigrec-bear-\d{8}-\d{6}\n/), "\(run.errors)")
    }
  }

  private func data(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  /// The trimmed cells of a row of a table, its header being row 0.
  private func cells(_ table: String, row: Int) -> [String] {
    let lines = table.split(separator: "\n")
    return lines.indices.contains(row)
      ? lines[row].split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } : []
  }
}

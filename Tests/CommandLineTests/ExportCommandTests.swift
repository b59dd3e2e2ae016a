import BearLabTestSupport
import Foundation
import Testing

/// Files that a run is written into.
@Suite struct ExportCommandTests {
  @Test func aRunTeachesARecommender() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      let file = "\(cache)/teacher.h5"
      let export = try bearLab(["export", "teacher", folder, file, "--rows", "9"], cache: cache)
      #expect(export.status == 0 && export.output.isEmpty, "\(export.errors)")
      #expect(export.errors.hasSuffix("\n9 lists and 30 vectors: \(file)\n"), "\(export.errors)")
      let taught = try bearLab(
        [
          "run", "--recommender", "dllm2rec", "--dataset", "tiny", "--eval-users", "12", "--set",
          "recommender.teacher=\(file)", "--set", "recommender.epochs=2",
        ], cache: cache)
      #expect(taught.status == 0 && taught.output.contains("\n| dllm2rec "), "\(taught.errors)")
    }
  }

  /// LoRA weights leave as a folder of PEFT's, and come back with --adapter.
  @Test func anAdapterGoesOutAndComesBack() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      #expect(run.status == 0, "\(run.errors)")
      let peft = "\(cache)/peft"
      let export = try bearLab(["export", "peft", folder, peft], cache: cache)
      #expect(export.status == 0 && export.output.isEmpty, "\(export.errors)")
      #expect(export.errors.contains("epoch 1: \(peft); read back, logits differ by at most 0.0"))
      let measured = try bearLab(["evaluate", "--adapter", peft] + tinyRun, cache: cache)
      #expect(
        measured.status == 0 && measured.output.contains("| zero-shot "), "\(measured.errors)")
      let missing = try bearLab(["evaluate", "--adapter", "no/such"] + tinyRun, cache: cache)
      #expect(missing.errors.contains("no/such/adapter_config.json: cannot be opened"))
      let again = try bearLab(["export", "merged", folder, peft], cache: cache)
      #expect(again.status != 0 && again.errors.contains("\(peft) is there, and would be over"))
    }
  }

  @Test(arguments: [
    (["export", "peft", "no/such/run", "x"], "no/such/run holds no run: there is no readable"),
    (
      ["export", "teacher", "no/such/run", "x.h5"], "no/such/run holds no run: there is no readable"
    ),
    (["export", "teacher", "a", "b", "--rows", "0"], "--rows cannot be 0: give 1 at least"),
    (
      ["run", "--recommender", "dllm2rec"],
      "recommender dllm2rec: there is no teacher\n  make a file with `bear-lab export teacher RUN"
    ),
  ])
  func mistakesAreExplained(arguments: [String], expected: String) throws {
    let outcome = try bearLab(arguments)
    #expect(outcome.status != 0 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(expected), "\(outcome.errors)")
  }
}

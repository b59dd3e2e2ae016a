import BearLabRun
import Testing

@Test func aFolderWithoutGoldenFilesIsRefused() throws {
  #expect(throws: GoldenError.self) { try verify(["dataset.json": "{}", "notes.json": "{}"]) }
  #expect(throws: GoldenError.self) {
    try GoldenVerifier.run(folder: "no such folder", model: nil, registry: .builtin()) { _ in }
  }
}

@Test func whatNeedsAModelIsSkippedWithoutOne() throws {
  let trajectory = """
    {"lora": {"rank": 1, "alpha": 2, "targets": [], "A_init": ""}, "runs": [],
     "optimizer": {"adamw": {"lr": 1, "betas": [0, 0], "eps": 1, "weight_decay": 0}}}
    """
  let lines = try verify([
    "tokenizer.json": "[]", "model_logits.json": "[]", "constrained_beam.json": #"{"cases": []}"#,
    "lora_trajectory.json": trajectory, "dataset.json": "{}", "id2name4Rec.json": "{}",
    "other.json": "{}", "README.md": "",
  ])
  #expect(
    lines.map(\.check) == [
      "tokenizer.json", "model_logits.json", "constrained_beam.json", "lora_trajectory.json",
      "other.json",
    ])
  #expect(lines.dropLast().allSatisfy { $0.skipped == "no model was given" }, "\(lines)")
  #expect(lines.last?.skipped == "no golden file of a known name")
}

@Test(arguments: ["", "{", "7", #"{"cases": 1}"#])
func filesOfAnotherLayoutFail(text: String) throws {
  let names = [
    "tokenizer.json", "model_logits.json", "objectives.json", "constrained_beam.json",
    "lora_trajectory.json",
  ]
  for name in names where !(name == "objectives.json" && text.hasSuffix("}")) {
    let lines = try verify([name: text])
    #expect(lines.count == 1 && lines[0].failure?.isEmpty == false, "\(name): \(lines)")
  }
}

@Test func modelFoldersAreSkipped() throws {
  let golden = #"{"tokenizer": [], "ids": [1], "logits_float32_compute": []}"#
  for (text, isSkipped) in [(golden, true), ("{}", false)] {
    let inside = try verify(["golden.json": text, "tokenizer.json": "{}", "config.json": "{}"])
    #expect(inside.map(\.check) == ["golden.json"])
    #expect((inside[0].skipped != nil) == isSkipped && (inside[0].failure != nil) != isSkipped)
  }
  let above = try verify(["one/golden.json": "{}", "two/golden.json": "{}", "three/x.json": "{}"])
  #expect(above.map(\.check) == ["one/golden.json", "two/golden.json"])
  #expect(above.allSatisfy { $0.skipped != nil })
}

@Test func anErrorOfTheReportEndsTheRun() throws {
  struct Stop: Error {}
  try withTemporaryFolder(["tokenizer.json": "[]"]) { folder in
    #expect(throws: Stop.self) {
      try GoldenVerifier.run(folder: folder, model: nil, registry: .builtin()) { _ in throw Stop() }
    }
  }
}

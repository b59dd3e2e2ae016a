import BearLabCore
import BearLabRun
import Foundation
import Testing

@Suite struct RunDescriptionYAMLTests {
  @Test func defaultsSurviveTheRoundTrip() throws {
    try expectRoundTrip(describe([]))
  }

  @Test(arguments: [
    "", "123", "0x10", "1e-05", "1_000", ".inf", "true", "no", "~", "null", " blanks ", "a: b",
    "# no comment", "- x", "[1, 2]", "{a: b}", "it's", "\"quoted\"", "two\nlines", "Tür €", "&a",
    "*a",
    "!tag", "%", "@", "C:\\x", "2026-01-01",
    "a folder with so many words that it is longer than "
      + "the eighty columns at which some writers of YAML fold their lines, and this one may too",
  ])
  func oddTextSurvivesTheRoundTrip(text: String) throws {
    let description = try RunDescription(
      [.init(section: "", name: "dataset", text: text)], registry: .builtin())
    try expectRoundTrip(description)
  }

  @Test(arguments: [
    "training.learning-rate=1e-05", "training.learning-rate=0.1", "objective.lambda=1e300",
    "training.learning-rate=4.9406564584124654e-324", "training.weight-decay=0",
    "objective.beam-width=9223372036854775807", "training.warmup-steps=-1",
    "lora.targets=q_proj, v_proj", "objective.form=paper",
  ])
  func oddValuesSurviveTheRoundTrip(setting: String) throws {
    try expectRoundTrip(describe([setting]))
  }

  @Test func theRecordIsNotReadBack() throws {
    let description = try describe(["training.epochs=3"])
    let text = try description.yaml(record: [("threads", "7"), ("Ü: x", "- y")])
    #expect(text.contains("record:\n") && text.contains("threads: "))
    #expect(try sections(of: read(text)) == sections(of: description))
  }

  @Test func sectionsTakeThePluginsNameInEitherForm() throws {
    let nested = try read("objective:\n  name: msl\n  tau: 0.5\ntraining: {epochs: 2}\n")
    #expect(nested.objective.name == "msl" && nested.objective.values.values["tau"] == .real(0.5))
    #expect(nested.training.values["epochs"] == .integer(2))
    #expect(try read("objective: sft\n").objective.name == "sft")
    #expect(try sections(of: read("")) == sections(of: describe([])))
    #expect(try sections(of: read("# nothing\n")) == sections(of: describe([])))
  }

  @Test(arguments: [
    ("training: [1, 2]", "'training' is a list"), ("- a\n- b", "the top is not a mapping"),
    ("just words", "the top is not a mapping"), ("[1, 2]: x", "a key is not a word"),
    ("training:\n  epochs: [1]", "section 'training' holds more than values"),
    ("training:\n  epochs: {a: 1}", "section 'training' holds more than values"),
    ("a: b: c", "mapping values are not allowed"), ("seed: 1\nseed: 2", "seed"),
  ])
  func malformedFilesAreNamed(text: String, reason: String) throws {
    let error = try #require(throws: RunDescriptionError.self) {
      _ = try RunDescription.assignments(yaml: text, path: "my.yaml")
    }
    guard case .malformedYAML(path: "my.yaml", let given) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(given.contains(reason), "\(given)")
  }

  @Test(arguments: [
    ("training: 5", "a run has no parameter 'training'"),
    ("trainning: {epochs: 2}", "there is no section 'trainning'"),
    ("training: {name: x}", "section training has no parameter 'name'"),
    ("seed:", "parameter 'seed' cannot be ''"),
  ])
  func wellFormedNonsenseIsNamed(text: String, what: String) throws {
    let error = try #require(throws: (any Error).self) { _ = try read(text) }
    #expect((error as? any BearLabError)?.description == what, "\(error)")
  }

  private func expectRoundTrip(_ description: RunDescription) throws {
    let text = try description.yaml()
    #expect(try sections(of: read(text)) == sections(of: description), "\(text)")
  }

  private func read(_ text: String) throws -> RunDescription {
    try RunDescription(
      RunDescription.assignments(yaml: text, path: "my.yaml"), registry: .builtin())
  }

  /// Everything that a description holds.
  private func sections(of description: RunDescription) -> [ParameterValues] {
    [
      description.general, description.backbone.values, description.objective.values,
      description.decoder.values, description.training, description.lora, description.evaluation,
    ]
  }
}

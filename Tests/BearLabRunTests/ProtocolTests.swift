import BearLabCore
import Testing

@testable import BearLabRun

/// The table of section 0.0 of the method specification.
@Suite struct ProtocolTests {
  @Test func withoutFlagsThereAreNoQuirks() throws {
    let description = try describe([])
    #expect(description.protocolSummary == "consistent")
    #expect(description.backbone.values.values["inference-preamble-spaces"] == .integer(1))
    #expect(description.decoder.values.values["length-penalty"] == .real(0))
    #expect(try description.trainingSettings.normaliseGroup == nil)
    #expect(try description.selection == .valid)
    #expect(description.evaluation.values["match"] == .text("leaf"))
  }

  @Test func officialReplaysThePublishedNumbers() throws {
    let description = try describe(["protocol=official"])
    #expect(description.protocolSummary == "official")
    #expect(description.backbone.values.values["preamble-spaces"] == .integer(1))
    #expect(description.backbone.values.values["inference-preamble-spaces"] == .integer(2))
    #expect(description.decoder.values.values["length-penalty"] == .real(1))
    #expect(description.decoder.values.values["max-tokens"] == .integer(128))
    #expect(try description.selection == .testMax)
    #expect(description.evaluation.values["match"] == .text("text"))
    let training = try description.trainingSettings
    #expect(training.normaliseGroup == 16 && training.batchSize == 128 && training.epochs == 10)
    #expect(training.warmupSteps == 20 && training.learningRate == 1e-4)
    #expect(description.training.values["samples"] == .integer(10_000))
    #expect(try description.loraSettings.targets == [.query, .value])
  }

  /// What ranks by the total log-probability by its method keeps to that.
  @Test(arguments: ["d3", "exact"]) func aMethodKeepsItsOwnDefaults(decoder: String) throws {
    let description = try describe([
      "protocol=official", "decoder=\(decoder)", "objective=sft",
    ])
    #expect(description.decoder.values.values["length-penalty"] == .real(0))
  }

  /// A switch wins over the protocol where it comes later, and is named in every report.
  @Test func eachSwitchCanBeSetAlone() throws {
    let later = try describe(["protocol=official", "decoder.length-penalty=0", "training.epochs=2"])
    #expect(later.decoder.values.values["length-penalty"] == .real(0))
    #expect(later.protocolSummary == "official, but decoder.length-penalty=0.0")
    #expect(try later.trainingSettings.epochs == 2)
    let alone = try describe(["evaluation.selection=last", "training.normalise-group=16"])
    #expect(
      alone.protocolSummary
        == "consistent, but training.normalise-group=16, evaluation.selection=last")
    let earlier = try describe(["decoder.length-penalty=0.5", "protocol=official"])
    #expect(earlier.decoder.values.values["length-penalty"] == .real(1))
    let back = try describe(["protocol=official", "protocol=consistent"])
    #expect(back.protocolSummary == "consistent")
    #expect(try back.trainingSettings.epochs == 1)
    // Naming the protocol in force takes nothing back.
    let same = try describe(["training.samples=7", "protocol=consistent"])
    #expect(same.training.values["samples"] == .integer(7))
  }

  /// A decoder chosen after the protocol has its quirks too; one without the switch has none.
  @Test func aPluginChosenLaterFollowsTheProtocol() throws {
    let greedy = try describe(["protocol=official", "decoder=greedy"])
    #expect(greedy.decoder.values.values["length-penalty"] == nil)
    #expect(greedy.protocolSummary == "official")
    let beam = try describe(["protocol=official", "decoder=beam", "objective=sft"])
    #expect(beam.decoder.values.values["length-penalty"] == .real(1))
  }

  @Test func theOrderInAFileDoesNotMatter() throws {
    let text = """
      decoder: {length-penalty: 0.5, name: constrained-beam}
      training: {samples: 9}
      protocol: official
      """
    let description = try RunDescription(
      RunDescription.assignments(yaml: text, path: "x.yaml"), registry: .builtin())
    #expect(description.decoder.values.values["length-penalty"] == .real(0.5))
    #expect(description.training.values["samples"] == .integer(9))
    #expect(try description.trainingSettings.batchSize == 128)
    let again = try RunDescription(
      RunDescription.assignments(yaml: description.yaml(), path: "x.yaml"), registry: .builtin())
    #expect(try again.yaml() == description.yaml())
    #expect(again.protocolSummary == description.protocolSummary)
  }

  @Test func anotherConstraintNeedsAWord() throws {
    let error = try #require(throws: RunDescriptionError.self) {
      _ = try describe(["objective=sft", "evaluation.constraint=before"])
    }
    #expect(
      error == .constraintMismatch(objective: "sft", trained: "after", decoded: "before"))
    let allowed = try describe([
      "objective=sft", "evaluation.constraint=before", "evaluation.constraint-mismatch=allow",
    ])
    #expect(allowed.constraint == .before)
    // The unconstrained decoder knows the soft-max over the vocabulary only.
    #expect(throws: RunDescriptionError.self) { try describe(["decoder=beam", "objective=bear"]) }
    #expect(try describe(["decoder=beam", "objective=sft"]).constraint == .after)
    #expect(throws: RunDescriptionError.unsupportedConstraint(set: "before", decoder: "after")) {
      try describe(["decoder=beam", "objective=sft", "evaluation.constraint=before"])
    }
    #expect(try describe(["objective=sft", "evaluation.constraint=after"]).constraint == .after)
  }

  @Test(arguments: [("1,2, 3", [1, 2, 3]), ("", []), ("7", [7])])
  func seedsAreRead(text: String, seeds: [Int]) throws {
    #expect(try describe(["seeds=\(text)"]).seeds == seeds)
  }

  @Test(arguments: ["1,,2", "a", "1,1", "-1", "1;2", ","])
  func malformedSeedsAreRefused(text: String) {
    #expect(throws: RunDescriptionError.malformedSeeds(text)) { try describe(["seeds=\(text)"]) }
  }

  private func describe(_ settings: [String]) throws -> RunDescription {
    try RunDescription(settings.map { try .init(parsing: $0) }, registry: .builtin())
  }
}

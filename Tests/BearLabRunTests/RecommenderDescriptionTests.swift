import BearLabCore
import Foundation
import Testing

@testable import BearLabRun

/// Which recommender a run has, and what a run without a language model is told.
@Suite struct RecommenderDescriptionTests {
  @Test func aRecommenderAloneIsARunWithoutALanguageModel() throws {
    let description = try describe(["recommender=fake", "recommender.epochs=5"])
    #expect(!description.hasModel && description.backbone.name == "none")
    #expect(description.recommender?.name == "fake")
    #expect(description.recommender?.values.values["epochs"] == .integer(5))
    #expect(description.protocolSummary == "consistent")
    let yaml = try description.yaml()
    #expect(
      yaml.replacing(#/seeds:.*\n/#, with: "") == """
        dataset: ml-100k
        protocol: consistent
        seed: 42
        threads: 0
        backbone:
          name: none
        recommender:
          name: fake
          epochs: 5
          learning-rate: 1.0
          width: 2
        evaluation:
          users: 300

        """)
    let again = try RunDescription(
      RunDescription.assignments(yaml: yaml, path: "run.yaml"), registry: fakeRegistry())
    #expect(try again.yaml() == yaml)
  }

  @Test func whatTheBackboneNeedsIsThere() throws {
    #expect(try describe([]).recommender == nil)
    let given = try describe(["backbone=fake"])
    #expect(
      given.recommender?.name == "sasrec" && given.general.values["recommender"] == .text("sasrec"))
    #expect(try given.yaml().contains("\nrecommender:\n  name: sasrec\n"))
    let chosen = try describe(["recommender=fake", "backbone=fake", "recommender.width=4"])
    #expect(chosen.hasModel && chosen.recommender?.values.values["width"] == .integer(4))
    #expect(try describe(["backbone=fake", "backbone.recommender=x"]).recommenderFile == "x")
    #expect(given.recommenderFile == nil)
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    func error(_ settings: [String]) throws -> RunDescriptionError {
      try #require(throws: RunDescriptionError.self) { _ = try describe(settings) }
    }
    #expect(try error(["backbone=none"]) == .nothingToRun)
    #expect(
      try error(["backbone=bigrec", "recommender=fake"])
        == .recommenderNotUsed(backbone: "bigrec", recommender: "fake"))
    #expect(
      try error(["recommender.epochs=2"]) == .noRecommender(setting: "recommender.epochs"))
    for setting in [
      "objective=sft", "training.epochs=2", "lora.rank=2", "evaluation.match=text", "model=x",
      "precision=f32", "objective.lambda=1", "backbone.x=1",
    ] {
      let name = setting.split(separator: "=").first.map(String.init) ?? ""
      #expect(try error(["recommender=fake", setting]) == .noModelSetting(name))
    }
    #expect(throws: RegistryError.self) { try describe(["recommender=fkae"]) }
    #expect(throws: ParameterError.self) { try describe(["recommender=fake", "sede=1"]) }
    let range = try #require(throws: ParameterError.self) {
      _ = try describe(["recommender=fake", "recommender.epochs=0"])
    }
    #expect(range.description == "parameter 'recommender.epochs' cannot be '0'")
  }

  /// A file may have been written for a run with a language model.
  @Test func whatWasSaidOfAModelBeforeIsDropped() throws {
    let settings = ["objective=msl", "lora.rank=2", "evaluation.users=7"]
    let description = try describe(settings + ["backbone=none", "recommender=fake"])
    #expect(!description.hasModel && description.evaluation.values["users"] == .integer(7))
    let official = try describe(["recommender=fake", "protocol=official"])
    #expect(official.protocolSummary == "official")
    #expect(official.evaluation.values["users"] == .integer(5000))
  }

  private func describe(_ settings: [String]) throws -> RunDescription {
    try RunDescription(
      settings.map { try RunDescription.Assignment(parsing: $0) }, registry: fakeRegistry())
  }
}

import BearLabCore
import BearLabRun
import BearLabTestSupport
import Foundation
import Testing

/// Whole runs whose decoder embeds titles, and may ask a recommender.
@Suite struct GroundingRunTests {
  private static let quick = [
    "objective=sft", "decoder=bigrec-grounding", "evaluation.users=6",
  ]

  @Test func listsAreTitlesFromTheNearestOn() throws {
    let run = try tinyRun(Self.quick + ["decoder.list=7", "decoder.width=3"])
    #expect(run.table.rows.map(\.name) == ["popularity", "zero-shot", "sft"])
    for row in try run.predictions {
      #expect(row.predict.count == 7 && Set(row.predict).count == 7)
      #expect(row.predict_scores.allSatisfy { $0 <= 0 })
      #expect(row.predict_scores == row.predict_scores.sorted(by: >))
    }
    #expect(run.table.rows.allSatisfy { $0.figures.validShare == 1 })
  }

  /// The recommender is trained for the decoder alone, and measured as well.
  @Test func theDecoderGetsItsRecommender() throws {
    let run = try tinyRun(
      Self.quick + [
        "backbone=bigrec", "recommender=popularity", "decoder.adjustment=collaborative",
        "decoder.gamma=90",
      ])
    let popular = try #require(run.table.rows.first { $0.name == "popularity" })
    #expect(popular.figures.all.rows == 6)
    let yaml = String(decoding: run.files["run.yaml"] ?? Data(), as: UTF8.self)
    #expect(yaml.contains("adjustment: collaborative") && yaml.contains("name: popularity"))
  }

  @Test func aDecoderThatAsksNoneLeavesNoneToGive() throws {
    let error = try #require(throws: RunDescriptionError.self) {
      try withTinyCache { cache in
        _ = try tinyExperiment(
          Self.quick + ["recommender=popularity", "backbone=bigrec"], cache: cache)
      }
    }
    #expect(error == .recommenderNotUsed(backbone: "bigrec", recommender: "popularity"))
  }
}

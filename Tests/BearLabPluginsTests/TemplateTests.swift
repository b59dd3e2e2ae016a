import BearLabTestSupport
import PluginTemplates
import Testing

/// What `bear-lab new` writes keeps the contract of its kind.
@Suite struct TemplateTests {
  @Test func objective() throws {
    try withCompute { try ObjectiveConformance.check(TemplateObjective.self) }
  }

  @Test func objectiveWithoutItsFactor() throws {
    try withCompute {
      try ObjectiveConformance.check(TemplateObjective.self, ["gamma": .integer(0)])
    }
  }

  @Test func decoder() throws {
    try withCompute { try DecoderConformance.check(TemplateDecoder.self) }
  }

  @Test func backbone() throws {
    try withCompute { try BackboneConformance.check(TemplateBackbone.self) }
  }

  @Test func recommender() throws {
    try withCompute { try RecommenderConformance.check(TemplateRecommender.self) }
  }

  @Test func sampler() throws {
    try withCompute { try SamplerConformance.check(TemplateSampler.self) }
  }

  @Test func metric() throws {
    try withCompute { try MetricConformance.check(TemplateMetric.self) }
  }

  @Test func dataset() throws {
    let events = (1...20).map { "\($0 % 4)\tTitle \($0 * 7 % 5)\t\(1000 + $0)\n" }
    try DatasetConformance.check(TemplateDataset.self, files: ["events.tsv": events.joined()])
    #expect(throws: TemplateDatasetError.self) {
      try DatasetConformance.check(TemplateDataset.self, files: ["events.tsv": "1\ttitle\n"])
    }
  }
}

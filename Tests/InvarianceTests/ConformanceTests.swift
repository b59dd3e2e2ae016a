import BearLabCore
import BearLabRun
import BearLabTestSupport
import Testing

/// What is registered keeps the contract of its kind; objectives, decoders and recommenders are
/// checked under settings of their own in their tests.
@Suite struct ConformanceTests {
  @Test func everyDeclarationCanBeShown() throws {
    for (kind, entries) in try PluginRegistry.builtin().catalogue {
      for entry in entries {
        let problems = DeclarationConformance.problems(of: entry.type)
        #expect(problems == [], "\(kind) \(entry.name)")
      }
    }
  }

  @Test(arguments: try PluginRegistry.builtin().backbones.names)
  func backbones(name: String) throws {
    let type = try PluginRegistry.builtin().backbones.find(name)
    try withCompute { try BackboneConformance.check(type) }
  }

  @Test(arguments: try PluginRegistry.builtin().samplers.names)
  func samplers(name: String) throws {
    try SamplerConformance.check(PluginRegistry.builtin().samplers.find(name))
  }

  @Test(arguments: try PluginRegistry.builtin().metrics.names)
  func metrics(name: String) throws {
    try MetricConformance.check(PluginRegistry.builtin().metrics.find(name))
  }

  @Test func theOfficialLayout() throws {
    let type = try PluginRegistry.builtin().datasets.find("official")
    try DatasetConformance.check(type, files: TinyDataset.files())
  }
}

import BearLabCore
import Testing

private struct Blank: Metric {
  static let summary = "gains nothing"
  init(_ values: ParameterValues) throws {}
  func gain(rank: Int?) -> Double { 0 }
}

private struct Other: Metric {
  static let summary = "gains one"
  init(_ values: ParameterValues) throws {}
  func gain(rank: Int?) -> Double { 1 }
}

private enum TwoMetrics: PluginModule {
  static func register(in registry: PluginRegistry) throws {
    try registry.register(metric: "other", Other.self)
    try registry.register(metric: "blank", Blank.self)
  }
}

@Suite struct RegistryTests {
  @Test func namesAreSortedAndFound() throws {
    let registry = PluginRegistry()
    try registry.add(TwoMetrics.self)
    #expect(registry.metrics.names == ["blank", "other"])
    #expect(registry.metrics.all.map(\.origin) == ["BearLabCoreTests", "BearLabCoreTests"])
    #expect(registry.metrics.contains("blank") && !registry.metrics.contains("Blank"))
    #expect(try registry.metrics.find("other") == Other.self)
    #expect(registry.objectives.names.isEmpty)
  }

  @Test func anUnknownNameSuggestsNearOnes() throws {
    let registry = PluginRegistry()
    try registry.add(TwoMetrics.self)
    let error = try #require(throws: RegistryError.self) { try registry.metrics.find("othr") }
    #expect(error == .unknown(kind: "metric", name: "othr", known: ["blank", "other"]))
    #expect(error.description == "there is no metric 'othr'")
    #expect(error.remedy == "did you mean other? known: blank, other")
  }

  @Test func aDuplicateNamesBothOrigins() throws {
    let registry = PluginRegistry()
    try registry.add(TwoMetrics.self, origin: "first.so")
    let error = try #require(throws: RegistryError.self) {
      try registry.add(TwoMetrics.self, origin: "second.so")
    }
    #expect(
      error
        == .duplicate(kind: "metric", name: "other", first: "first.so", second: "second.so"))
    #expect(try registry.metrics.find("other") == Other.self)
  }

  @Test func theSameNameInTwoKindsIsFine() throws {
    let registry = PluginRegistry()
    try registry.register(metric: "first", Blank.self)
    try registry.register(decoder: "first", FirstTitle.self)
    #expect(registry.metrics.names == ["first"] && registry.decoders.names == ["first"])
    #expect(registry.metrics.all.first?.origin == "this program")
  }

  @Test func theCatalogueListsEveryKind() throws {
    let registry = PluginRegistry()
    try registry.add(TwoMetrics.self)
    #expect(
      registry.catalogue.map(\.kind) == [
        "backbone", "objective", "decoder", "recommender", "sampler", "metric", "dataset",
      ])
    #expect(registry.catalogue[5].entries.map(\.name) == ["blank", "other"])
    #expect(
      registry.catalogue[5].entries.map { $0.type.summary } == ["gains nothing", "gains one"])
  }
}

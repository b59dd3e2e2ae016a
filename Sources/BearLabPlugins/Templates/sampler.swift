public import BearLabCore
internal import BearLabNN

/// Titles drawn from the most frequent targets.
///
/// What is drawn depends on the request's seed alone.
public struct TemplateSampler: NegativeSampler {
  public static let summary = "titles drawn from the most frequent targets"
  public static let parameters: [Parameter] = [
    .integer("among", default: 100, in: 1..., unit: "titles", "how many of the most frequent")
  ]
  private let among: Int

  public init(_ values: ParameterValues) throws { among = try values["among"] }

  public func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) -> [AnswerForest.Candidate.Text] {
    let counts = context.targetCounts
    let ranking = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }
      .filter(request.isEligible)
    var random = CounterGenerator(key: request.seed)
    // The rest of the catalogue serves where the most frequent ones are too few.
    let drawn = ranking.prefix(among).shuffled(using: &random) + ranking.dropFirst(among)
    return request.firstEligible(of: drawn)
  }
}

/// Registers the sampler `template`.
public enum TemplateSamplerModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(sampler: "template", TemplateSampler.self)
  }
}

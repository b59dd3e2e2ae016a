public import BearLabCore
internal import BearLabNN

/// Titles drawn uniformly from the catalogue without the history and the target, each at most once.
///
/// - Source: chenyuxin1999/S-DPO; there from 20 candidates of each user, here from all titles.
public struct UniformSampler: NegativeSampler {
  public static let summary = "titles drawn uniformly from the catalogue"
  public static let citation = "chenyuxin1999/S-DPO; here over the whole catalogue"

  public init(_ values: ParameterValues) throws {}

  public func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) -> [AnswerForest.Candidate.Text] {
    let excluded = request.history.union([request.target]).count
    let count = min(request.count, context.titleCount - excluded)
    var random = CounterGenerator(key: request.seed)
    var chosen: [Int] = []
    while chosen.count < count {
      let title = Int.random(in: 0..<context.titleCount, using: &random)
      if request.isEligible(title), !chosen.contains(title) { chosen.append(title) }
    }
    return chosen.map { .title($0) }
  }
}

/// Registers the sampler `uniform`.
public enum UniformSamplerModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(sampler: "uniform", UniformSampler.self)
  }
}

public import BearLabCore
internal import BearLabNN
#if canImport(Glibc)
internal import Glibc
#endif

/// Titles drawn with a probability that grows with how often they are a training target.
///
///     P(i) ∝ count_i^power, without replacement, the history and the target left out
///
/// Drawn by the exponential keys of Efraimidis and Spirakis: the k titles with the smallest
/// −ln(u_i) / count_i^power. A title that is never a target is never drawn, unless `power` is 0.
///
/// - Source: RosePO (arXiv 2410.12519), popularity-aware rejected sampling.
public struct PopularitySampler: NegativeSampler {
  public static let summary = "titles drawn by their popularity"
  public static let citation =
    "RosePO (arXiv 2410.12519), popularity-aware sampling; P. Efraimidis and P. Spirakis, 2006"
  public static let parameters: [Parameter] = [
    .real("power", default: 1, in: 0...10, "of the count; 0 draws uniformly")
  ]

  private let power: Double

  public init(_ values: ParameterValues) throws { power = try values["power"] }

  public func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) -> [AnswerForest.Candidate.Text] {
    var random = CounterGenerator(key: request.seed)
    let keys = context.targetCounts.map { count in
      -log(1 - Double.random(in: 0..<1, using: &random)) / pow(Double(count), power)
    }
    let order = keys.indices.filter { keys[$0] < .infinity }.sorted { keys[$0] < keys[$1] }
    return request.firstEligible(of: order)
  }
}

/// Registers the sampler `popularity`.
public enum PopularitySamplerModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(sampler: "popularity", PopularitySampler.self)
  }
}

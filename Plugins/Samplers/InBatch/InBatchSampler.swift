public import BearLabCore
internal import BearLabNN

/// Targets of the step's other samples, in random order.
///
/// Popular titles come as often as they are targets; their prompts are not computed again. Which
/// samples share a step depends on the epoch, so the reference is computed in the step.
public struct InBatchSampler: NegativeSampler {
  public static let summary = "targets of the other samples of the step"
  public static let citation = "in-batch negatives; B. Hidasi et al., GRU4Rec, ICLR 2016"

  public let needs = SamplerNeeds(batch: true)

  public init(_ values: ParameterValues) throws {}

  public func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) -> [AnswerForest.Candidate.Text] {
    var random = CounterGenerator(key: request.seed)
    return request.firstEligible(of: request.batch.shuffled(using: &random))
  }
}

/// Registers the sampler `in-batch`.
public enum InBatchSamplerModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(sampler: "in-batch", InBatchSampler.self)
  }
}

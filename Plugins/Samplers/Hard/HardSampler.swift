public import BearLabCore

/// The best titles that the model itself finds behind the prompt and that are wrong.
///
/// They come from a beam search under the weights that training begins with.
///
/// - Source: RosePO (arXiv 2410.12519), self-hard rejected sampling: there one sampled output that is
///   wrong, here the best beams.
public struct HardSampler: NegativeSampler {
  public static let summary = "the model's own best wrong titles"
  public static let citation = "RosePO (arXiv 2410.12519), self-hard rejected sampling"
  public static let parameters: [Parameter] = [
    .integer(
      "width", default: 10, in: 1...1000, unit: "beams",
      "of the search: at most so many negatives")
  ]

  private let width: Int

  public init(_ values: ParameterValues) throws { width = try values["width"] }

  public var needs: SamplerNeeds {
    SamplerNeeds(decoder: .init("constrained-beam", ["width": .integer(width)]))
  }

  public func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) -> [AnswerForest.Candidate.Text] {
    request.firstEligible(of: request.ranked.compactMap(\.title))
  }
}

/// Registers the sampler `hard`.
public enum HardSamplerModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(sampler: "hard", HardSampler.self)
  }
}

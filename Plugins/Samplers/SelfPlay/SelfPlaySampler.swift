public import BearLabCore

/// What the model writes behind the prompt, greedily and without the catalogue's constraint.
///
/// What it writes counts as a title where it is one, the right one included: such a pair has no
/// margin. A text outside of the catalogue is a negative too.
///
/// - Source: RegionCh/SPRec. There the first quoted substring of up to 128 tokens, and a row without
///   one is replaced; here the search ends with the answer, so that the text is what was written.
public struct SelfPlaySampler: NegativeSampler {
  public static let summary = "what the model writes by itself, greedily"
  public static let citation = "SPRec; RegionCh/SPRec"
  public static let parameters: [Parameter] = [
    .integer(
      "max-tokens", default: 0, in: 0..., unit: "tokens",
      "longest text, EOS included; 0 means the longest title")
  ]

  private let tokenLimit: Int

  public init(_ values: ParameterValues) throws { tokenLimit = try values["max-tokens"] }

  public var needs: SamplerNeeds {
    SamplerNeeds(
      decoder: .init("beam", ["width": .integer(1), "max-tokens": .integer(tokenLimit)]),
      leavesCatalogue: true)
  }

  public func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) -> [AnswerForest.Candidate.Text] {
    request.ranked.prefix(request.count).map { answer in
      answer.title.map { .title($0) } ?? .tokens(answer.tokens + [context.endToken])
    }
  }
}

/// Registers the sampler `self-play`.
public enum SelfPlaySamplerModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(sampler: "self-play", SelfPlaySampler.self)
  }
}

public import BearLabCore
internal import BearLabNN

/// Titles that read like the target: drawn from those whose vectors are nearest to the target's.
///
/// A title's vector is the language model's last hidden state behind it, see
/// ``BearLabCore/PathScorer/embeddings(of:)``; nearness is the cosine. The wanted number is
/// drawn uniformly from the `pool` nearest ones.
///
/// - Source: RosePO (arXiv 2410.12519), rejected sampling against semantic hallucination.
public struct SimilarSampler: NegativeSampler {
  public static let summary = "titles that read like the right one"
  public static let citation = "RosePO (arXiv 2410.12519), semantically similar rejected items"
  public static let parameters: [Parameter] = [
    .integer("pool", default: 20, in: 1..., unit: "titles", "nearest titles that are drawn from")
  ]

  private let pool: Int

  public let needs = SamplerNeeds(titleEmbeddings: true)

  public init(_ values: ParameterValues) throws { pool = try values["pool"] }

  public func negatives(
    for request: NegativeRequest, in context: NegativeContext
  ) -> [AnswerForest.Candidate.Text] {
    let target = context.titleEmbeddings[request.target]
    let cosines = context.titleEmbeddings.map { cosine($0, target) }
    let nearest = cosines.indices.filter(request.isEligible)
      .sorted { (cosines[$1], $0) < (cosines[$0], $1) }
      .prefix(max(pool, request.count))
    var random = CounterGenerator(key: request.seed)
    return request.firstEligible(of: nearest.shuffled(using: &random))
  }

  /// The cosine of two vectors; 0 where one has no length.
  private func cosine(_ first: [Float], _ second: [Float]) -> Float {
    var (product, squares, others): (Float, Float, Float) = (0, 0, 0)
    for (x, y) in zip(first, second) {
      product += x * y
      squares += x * x
      others += y * y
    }
    let lengths = (squares * others).squareRoot()
    return lengths > 0 ? product / lengths : 0
  }
}

/// Registers the sampler `similar`.
public enum SimilarSamplerModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(sampler: "similar", SimilarSampler.self)
  }
}

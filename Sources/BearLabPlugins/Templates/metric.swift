public import BearLabCore

/// The reciprocal rank of the right answer.
///
///     gain = 1 / (rank + 1) where rank < k, else 0        rank: from 0
public struct TemplateMetric: Metric {
  public static let summary = "1 / place of the right answer where it is among the first k"
  public static let parameters: [Parameter] = [
    .integer("k", default: 10, in: 1..., unit: "items", "how much of the list counts")
  ]
  private let k: Int

  public init(_ values: ParameterValues) throws { k = try values["k"] }

  public func gain(rank: Int?) -> Double {
    guard let rank, rank < k else { return 0 }
    return 1 / Double(rank + 1)
  }
}

/// Registers the metric `template`.
public enum TemplateMetricModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(metric: "template", TemplateMetric.self)
  }
}

public import BearLabCore

/// Checks metrics against the contract of `Metric`.
///
/// ```swift
/// @Test func conforms() throws {
///   try MetricConformance.check(MyMetric.self)
/// }
/// ```
///
/// A gain is a finite number, the same each time; a better place has no smaller one, and no list
/// without the right answer has a larger one; the first place is worth more than none.
public enum MetricConformance {
  /// Checks a type: what it declares, and a metric with some parameters.
  ///
  /// - Throws: ``ConformanceError``.
  public static func check(
    _ type: any Metric.Type, _ parameters: [String: ParameterValue] = [:]
  ) throws {
    let declared = DeclarationConformance.problems(of: type)
    try ConformanceError.require(declared, of: type, as: "Plugin")
    try ConformanceError.require(
      problems(of: type.init(parameters)), of: type, as: "Metric")
  }

  private static func problems(of metric: any Metric) -> [String] {
    let places: [Int?] = (0..<200).map { $0 } + [nil]
    let gains = places.map(metric.gain)
    func name(_ index: Int) -> String { places[index].map { "rank \($0)" } ?? "no rank" }
    var problems = gains.indices.filter { !gains[$0].isFinite }
      .map { "the gain of \(name($0)) is \(gains[$0])" }
    for index in gains.indices.dropFirst() where gains[index] > gains[index - 1] {
      problems.append(
        "\(name(index)) gains \(gains[index]), more than \(name(index - 1)), \(gains[index - 1])")
    }
    if gains.first == gains.last { problems.append("rank 0 gains no more than no rank") }
    if places.map(metric.gain) != gains { problems.append("the same ranks twice gain otherwise") }
    return problems
  }
}

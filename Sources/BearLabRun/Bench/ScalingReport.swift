internal import Foundation

/// How long work takes at several sizes.
public struct ScalingReport {
  /// What is timed.
  enum Work: String, CaseIterable, Encodable {
    case trie
    case step
    case search

    var title: String {
      switch self {
      case .trie: "trie building"
      case .step: "training step"
      case .search: "search"
      }
    }
  }

  /// The seconds at one size.
  struct Point: Equatable, Encodable {
    let size: Int
    let seconds: Double
  }

  /// One work while one size grows.
  struct Curve: Encodable {
    let over: String
    let work: Work
    let points: [Point]

    /// The power of the size that the seconds grow with: the slope of the least-squares line of
    /// log seconds over log size.
    ///
    ///     Σ (x − x̄)(y − ȳ) / Σ (x − x̄)²
    var exponent: Double { Self.slope(points) }

    /// The same of the last two sizes: what growth comes to where fixed costs weigh least.
    var lastExponent: Double { Self.slope(points.suffix(2)) }

    private static func slope(_ points: some Collection<Point>) -> Double {
      let x = points.map { log(Double($0.size)) }
      let y = points.map { log($0.seconds) }
      let meanX = x.reduce(0, +) / Double(x.count)
      let meanY = y.reduce(0, +) / Double(y.count)
      let covariance = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
      return covariance / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    }

    enum CodingKeys: String, CodingKey {
      case over, work, points, exponent
      case lastExponent = "last_exponent"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(over, forKey: .over)
      try container.encode(work, forKey: .work)
      try container.encode(points, forKey: .points)
      // JSON has no NaN, which a single point or a clock that stands gives.
      try container.encode(exponent.isFinite ? exponent : nil, forKey: .exponent)
      try container.encode(lastExponent.isFinite ? lastExponent : nil, forKey: .lastExponent)
    }
  }

  let facts: [String: JSONScalar]
  let curves: [Curve]

  private struct Document: Encodable {
    let facts: [String: JSONScalar]
    let curves: [Curve]
  }

  /// The curves as one JSON object, without a line feed at the end.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = Document(facts: facts, curves: curves)
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  /// A table for each size that grows, in seconds, without a line feed at the end.
  public var text: String {
    var sizes: [String] = []
    for curve in curves where !sizes.contains(curve.over) { sizes.append(curve.over) }
    let known = facts.sorted { $0.key < $1.key }.map {
      "\($0.key.replacing("_", with: " ")) \($0.value)"
    }
    return ([known.joined(separator: ", ") + "\n"] + sizes.map(table)).joined(separator: "\n")
      .trimmingCharacters(in: .newlines)
  }

  private func table(over size: String) -> String {
    let own = curves.filter { $0.over == size }
    let points = own.first?.points.indices.map { index in
      ["\(own[0].points[index].size)"]
        + own.map { String(format: "%.3f", $0.points[index].seconds) }
    }
    func exponents(_ name: String, _ exponent: (Curve) -> Double) -> [String] {
      [name] + own.map { String(format: "%.2f", exponent($0)) }
    }
    return MarkdownTable(
      header: [size] + own.map { "\($0.work.title), s" },
      rows: (points ?? []) + [
        exponents("exponent", \.exponent), exponents("of the last two", \.lastExponent),
      ]
    ).text
  }
}

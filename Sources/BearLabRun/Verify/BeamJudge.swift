/// Compares a ranked list with a golden one.
///
/// Two items whose golden scores differ by less than the tolerance may change places, and the last
/// one may be another if its score is that close to the first one left out, which the golden list
/// does not have: the search's own score stands for it. In bf16 only the titles are compared, see
/// ``Overlap``.
struct BeamJudge {
  struct Entry: Equatable {
    let title: Int
    let score: Double
  }

  static let tolerance = 5e-3
  static let relativeTolerance = 1e-4

  let golden: [Entry]
  let found: [Entry]

  /// Whether the lists agree, and how far the scores are apart.
  func judge() -> Verification.Outcome {
    guard golden.count == found.count else {
      return .fail("\(found.count) beams, expected \(golden.count)")
    }
    let missing = golden.filter { entry in !found.contains { $0.title == entry.title } }
    let strangers = found.filter { entry in !golden.contains { $0.title == entry.title } }
    guard missing.count <= 1, strangers.count == missing.count else {
      return .fail(
        "\(missing.count) of \(golden.count) golden titles are missing: "
          + "\(missing.map(\.title)); found instead: \(strangers.map(\.title))")
    }
    if let lost = missing.first, let stranger = strangers.first,
      !isReplaceable(lost, by: stranger)
    {
      return .fail(
        "title \(lost.title) is missing; \(stranger.title) is found instead, with the score "
          + "\(stranger.score), not so close to the golden \(lost.score) of the last place")
    }
    if let (first, second) = unjustifiedSwap(golden + strangers) {
      return .fail(
        "title \(second.title) comes before \(first.title), whose golden scores are "
          + "\(second.score) and \(first.score)")
    }
    return Verification.Outcome([scoreGap].compactMap(\.self))
  }

  /// How many of the golden titles are found, in any place.
  var overlap: Overlap {
    let missing = golden.count { entry in !found.contains { $0.title == entry.title } }
    return Overlap(missing: missing, of: golden.count)
  }

  /// What lists in bf16 are held to: at least 7 of 10 titles in common, 8 on average.
  struct Overlap {
    private var missing = 0
    private var count = 0

    init(missing: Int, of count: Int) { (self.missing, self.count) = (missing, count) }

    static func + (first: Overlap, second: Overlap) -> Overlap {
      Overlap(missing: first.missing + second.missing, of: first.count + second.count)
    }

    func judge(onAverage: Bool) -> Verification.Outcome {
      Verification.Outcome([
        Gap(
          "share of titles", Double(missing) / Double(max(count, 1)),
          tolerance: onAverage ? 0.2 : 0.3)
      ])
    }
  }

  /// Whether the lost entry is the last, or could change places with it, and is close enough.
  private func isReplaceable(_ lost: Entry, by stranger: Entry) -> Bool {
    guard let last = golden.last else { return false }
    return isClose(lost, last) && isClose(lost, stranger)
  }

  private func isClose(_ first: Entry, _ second: Entry) -> Bool {
    abs(first.score - second.score) < Self.tolerance
  }

  /// Two entries in the wrong order whose golden scores are too far apart for that.
  private func unjustifiedSwap(_ expected: [Entry]) -> (Entry, Entry)? {
    let places = Dictionary(
      found.enumerated().map { ($1.title, $0) }, uniquingKeysWith: { first, _ in first })
    let present = expected.filter { places[$0.title] != nil }
    for (index, first) in present.enumerated() {
      for second in present[(index + 1)...] {
        let isSwapped = (places[second.title] ?? 0) < (places[first.title] ?? 0)
        if isSwapped, !isClose(first, second) { return (first, second) }
      }
    }
    return nil
  }

  private var scoreGap: Gap? {
    let gaps = golden.compactMap { expected -> Gap? in
      guard let own = found.first(where: { $0.title == expected.title }) else { return nil }
      return Gap(
        "score of title \(own.title)", abs(own.score - expected.score),
        tolerance: max(Self.tolerance, Self.relativeTolerance * abs(expected.score)))
    }
    return gaps.first { !$0.isAccepted } ?? Gap.worst(gaps)
  }
}

public import BearLabCore

/// Tells what answers are worth: which title one is, whether it is the right one, and whether the
/// right one was seen in training.
///
/// Titles are compared byte by byte; items that share a title are one.
public struct TitleMatcher: Sendable {
  public let catalogue: Catalogue
  private let match: TitleMatch
  private let seenTitles: Set<Int>
  private let decode: @Sendable ([Int32]) -> String
  private let titleNumbers: [[UInt8]: Int]

  /// Creates a matcher.
  ///
  /// - Parameters:
  ///   - catalogue: what title numbers mean.
  ///   - seenTitles: the title numbers that are in training, in a history or as a target.
  ///   - match: when an answer counts as the right one.
  ///   - decode: the text of an answer's tokens.
  public init(
    catalogue: Catalogue, seenTitles: Set<Int>, match: TitleMatch = .leaf,
    decode: @escaping @Sendable ([Int32]) -> String
  ) {
    self.catalogue = catalogue
    self.seenTitles = seenTitles
    self.match = match
    self.decode = decode
    titleNumbers = Dictionary(
      uniqueKeysWithValues: catalogue.titles.enumerated().map {
        (Array($0.element.utf8), $0.offset)
      })
  }

  /// The number of the title with these bytes, or nil for what is no title.
  public func title(_ text: String) -> Int? { titleNumbers[Array(text.utf8)] }

  /// Whether a title is in training.
  public func isSeen(_ title: Int) -> Bool { seenTitles.contains(title) }

  /// The text of an answer, quotes around it left out; after the clean-up where texts are matched.
  public func text(of answer: RankedAnswer) -> String {
    let raw = answer.title.map { catalogue.titles[$0] } ?? Self.unquoted(decode(answer.tokens))
    return match == .text ? TitleMatch.cleanUp(raw) : raw
  }

  /// A text without the quotes around it, where it has both.
  public static func unquoted(_ text: String) -> String {
    let bytes = text.utf8
    let quote = UInt8(ascii: "\"")
    guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return text }
    return String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
  }

  /// Judges the list behind a window.
  ///
  /// An answer whose text is a title's counts as that title, whatever its tokens are.
  func row(
    _ window: Window, ranked: [RankedAnswer], negativeLogLikelihood: Float?
  ) -> Evaluation.Row {
    let target = catalogue.titleNumber(of: window.target)
    let answers = ranked.map(resolved)
    return Evaluation.Row(
      window: window, target: target, ranked: answers,
      negativeLogLikelihood: negativeLogLikelihood, isSeen: isSeen(target),
      rank: rank(of: target, in: answers))
  }

  /// An answer as the title that its text is, if it is one.
  func resolved(_ answer: RankedAnswer) -> RankedAnswer {
    guard answer.title == nil, let title = title(Self.unquoted(decode(answer.tokens))) else {
      return answer
    }
    return RankedAnswer(ScoredTitle(title: title, score: answer.score))
  }

  private func rank(of target: Int, in answers: [RankedAnswer]) -> Int? {
    switch match {
    case .leaf: return RankingMetrics.rank(of: target, in: answers.map(\.title))
    case .text:
      let expected = catalogue.titles[target].utf8
      return answers.firstIndex { text(of: $0).utf8.elementsEqual(expected) }
    }
  }
}

public import BearLabCore
internal import BearLabData
public import BearLabEvaluation
internal import BearLabFormats
internal import Foundation

/// What the lists of a file of predictions are worth.
public struct Rescore: Sendable {
  /// Of all rows.
  public let all: RankingFigures
  /// Of the rows whose target's title is in training, and of the others; nil without a data set.
  public let split: (seen: RankingFigures, unseen: RankingFigures)?
  /// How answers and targets were compared.
  public let match: String
  /// The number of predictions; what pads a short list is none.
  public let answers: Int
  /// How many different predictions the file has.
  public let distinct: Int
  /// How many predictions repeat an earlier one of their own list.
  public let repeated: Int
  /// The share of the predictions that are titles of the data set; nil without one.
  public let validShare: Double?
  /// What a reader of the figures should know.
  public let notices: [String]

  /// Scores a file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - dataset: a data set's name or folder; without one, texts are compared as they are.
  ///   - match: `leaf` or `text`; nil for `leaf` where there is a data set.
  ///   - registry: the layouts of data sets.
  ///   - resources: where data sets are looked for.
  /// - Throws: ``RescoreError``, `FileError`, and what the data set's files throw.
  public init(
    file path: String, dataset: String? = nil, match: String? = nil, registry: PluginRegistry,
    resources: ResourceLocator
  ) throws {
    let rule = try match.map { name in
      guard let rule = TitleMatch(rawValue: name) else { throw RescoreError.unknownMatch(name) }
      return rule
    }
    if dataset == nil, rule == .leaf { throw RescoreError.leafWithoutDataset }
    let file = try PredictionFile(path: path)
    let titles = try dataset.map { name in
      let loaded = try DatasetLoader.load(
        folder: resources.dataset(name), registry: registry
      ) { try FileHash.sha256(path: $0) }
      return TitleIndex(loaded)
    }
    self.init(file.rows, titles: titles, rule: rule ?? (titles == nil ? nil : .leaf))
  }

  /// Scores rows; without a rule, texts are compared as they are.
  init(_ rows: [PredictionFile.Row], titles: TitleIndex?, rule: TitleMatch?) {
    let ranks = rows.map { Self.rank($0, titles: titles, rule: rule) }
    all = RankingFigures(RankingSummary(ranks: ranks))
    match = rule?.rawValue ?? "as-is"
    let lists = rows.map { $0.answers.compactMap { $0.map { Array($0.utf8) } } }
    answers = lists.reduce(0) { $0 + $1.count }
    distinct = Set(lists.joined()).count
    repeated = lists.reduce(0) { $0 + $1.count - Set($1).count }
    var notices = Self.lengthNotices(lists.map(\.count))
    if let titles {
      let targets = rows.map { titles.title($0.target) }
      func figures(seen: Bool) -> RankingFigures {
        let own = ranks.indices.filter { (targets[$0].map(titles.isSeen) ?? false) == seen }
        return RankingFigures(RankingSummary(ranks: own.map { ranks[$0] }))
      }
      split = (figures(seen: true), figures(seen: false))
      let valid = rows.joined(\.answers).count { titles.title($0) != nil }
      validShare = answers == 0 ? nil : Double(valid) / Double(answers)
      notices += titles.notices(rows: rows, targets: targets)
    } else {
      split = nil
      validShare = nil
    }
    self.notices = notices
  }

  /// The place of the right answer from 0, or nil without it.
  private static func rank(
    _ row: PredictionFile.Row, titles: TitleIndex?, rule: TitleMatch?
  ) -> Int? {
    let expected = row.target.utf8
    let target = rule == .leaf ? titles?.title(row.target) : nil
    return row.answers.firstIndex { answer in
      guard let answer else { return false }
      if let target { return titles?.title(answer) == target }
      let text = rule == .text ? TitleMatch.cleanUp(answer) : answer
      return text.utf8.elementsEqual(expected)
    }
  }

  private static func lengthNotices(_ lengths: [Int]) -> [String] {
    guard let longest = lengths.max(), let cutoff = RankingMetrics.cutoffs.last, longest < cutoff
    else { return [] }
    return [
      "no list has more than \(longest) \(longest == 1 ? "answer" : "answers"): "
        + "figures at \(cutoff) count no further ones"
    ]
  }
}

extension [PredictionFile.Row] {
  fileprivate func joined(_ answers: (Element) -> [String?]) -> [String] {
    flatMap { answers($0).compactMap(\.self) }
  }
}

/// The titles of a data set, found by raw text or by the text that the clean-up leaves of them.
struct TitleIndex: Sendable {
  private let name: String
  private let matcher: TitleMatcher
  private let cleanedTitles: [[UInt8]: Int]

  init(_ dataset: Dataset) {
    let statistics = TrainingStatistics(train: dataset.train, catalogue: dataset.catalogue)
    name = dataset.name
    matcher = TitleMatcher(
      catalogue: dataset.catalogue, seenTitles: statistics.seenTitles, decode: { _ in "" })
    cleanedTitles = Dictionary(
      dataset.catalogue.titles.enumerated().map {
        (Array(TitleMatch.cleanUp($0.element).utf8), $0.offset)
      }, uniquingKeysWith: { first, _ in first })
  }

  /// The title that a text is, or that it is after the clean-up.
  func title(_ text: String) -> Int? { matcher.title(text) ?? cleanedTitles[Array(text.utf8)] }

  func isSeen(_ title: Int) -> Bool { matcher.isSeen(title) }

  /// Warns of targets that are no titles.
  func notices(rows: [PredictionFile.Row], targets: [Int?]) -> [String] {
    let unknown = targets.indices.filter { targets[$0] == nil }
    guard let first = unknown.first else { return [] }
    return [
      "\(unknown.count) of \(rows.count) targets are no titles of \(name), the first in row "
        + "\(first + 1): '\(rows[first].target)'; they count as unseen"
    ]
  }
}

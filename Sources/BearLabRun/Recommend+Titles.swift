internal import BearLabCore
internal import Foundation

/// Finds titles by what people type.
///
/// In this order: the title itself; the only one that differs in nothing but case, punctuation and
/// HTML entities; the only one of which that holds without its bracketed end, such as a year, and
/// with its article left out, or a trailing one at the front; the nearest by edits, within a third
/// of the letters.
struct TitleFinder {
  /// How many titles an error names.
  private static let suggestions = 5
  private let titles: [String]
  /// `[titles]`: what a text is compared with, the whole title first.
  private let keys: [[String]]

  init(_ catalogue: Catalogue) {
    titles = catalogue.titles
    keys = titles.map(Self.keys)
  }

  /// The number of the title that a text means.
  ///
  /// - Throws: ``RecommendError`` where it is not one.
  func find(_ text: String) throws(RecommendError) -> Int {
    if let exact = titles.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) { return exact }
    let key = Self.folded(text)
    guard !key.isEmpty else { throw .unknownTitle(text, near: []) }
    if let same = try only(keys.indices.filter { keys[$0].first == key }, of: text) { return same }
    if let same = try only(keys.indices.filter { keys[$0].contains(key) }, of: text) { return same }
    return try nearest(to: key, of: text)
  }

  private func only(_ found: [Int], of text: String) throws(RecommendError) -> Int? {
    guard found.count > 1 else { return found.first }
    throw .severalTitles(text, near: found.prefix(Self.suggestions).map { titles[$0] })
  }

  private func nearest(to key: String, of text: String) throws(RecommendError) -> Int {
    let limit = max(1, key.count / 3)
    let ranked = distances(from: key).sorted { ($0.edits, $0.title) < ($1.edits, $1.title) }
    guard let best = ranked.first, best.edits <= limit else {
      let containing = keys.indices.filter { keys[$0].contains { $0.contains(key) } }
      let others = ranked.map(\.title).filter { !containing.contains($0) }
      throw .unknownTitle(
        text, near: (containing + others).prefix(Self.suggestions).map { titles[$0] })
    }
    let equal = ranked.prefix { $0.edits == best.edits }.map(\.title)
    return try only(equal, of: text) ?? best.title
  }

  /// The edits to each title whose length allows for few enough to be named.
  private func distances(from key: String) -> [(title: Int, edits: Int)] {
    keys.indices.compactMap { title in
      keys[title].filter { abs($0.count - key.count) <= key.count / 2 }
        .map { Suggestion.edits(from: key, to: $0) }.min()
        .map { (title, $0) }
    }
  }

  private static func keys(of title: String) -> [String] {
    // A bracketed end: "Toy Story (1995)".
    let plain = title.replacing(#/\s*\([^()]*\)\s*$/#, with: "")
    // A trailing article: "Lion King, The".
    let article = #/^(.*), (The|An?)$/#
    let turned = plain.replacing(article) { "\($0.2) \($0.1)" }
    let bare = plain.replacing(article) { "\($0.1)" }
    let short = plain.replacing(#/^(The|An?) /#, with: "")
    return [title, plain, turned, bare, short].map(folded)
  }

  /// Letters and digits in lower case.
  private static func folded(_ text: String) -> String {
    String(text.replacing(#/&#?\w+;/#, with: "").lowercased().filter { $0.isLetter || $0.isNumber })
  }
}

/// The items of a data set: ids 1…N without gaps, and a title for each.
///
/// Items may share a title; a title has its own number, in the order of first appearance, and is
/// what a decoder finds.
public struct Catalogue: Sendable, Equatable {
  /// The distinct titles, raw.
  public let titles: [String]
  /// `[items]`: the title number of item i + 1.
  private let titleNumbers: [Int32]
  /// `[titles]`: the items of each title, ascending.
  private let itemsByTitle: [[Int]]

  /// Takes the titles of items 1, 2, ….
  public init(itemTitles: [String]) {
    var numbers: [[UInt8]: Int] = [:]
    var titles: [String] = []
    var items: [[Int]] = []
    titleNumbers = itemTitles.enumerated().map { index, title in
      // A String's equality is canonical equivalence; titles are told apart byte by byte.
      let bytes = Array(title.utf8)
      let number = numbers[bytes] ?? titles.count
      if number == titles.count {
        numbers[bytes] = number
        titles.append(title)
        items.append([])
      }
      items[number].append(index + 1)
      return Int32(number)
    }
    self.titles = titles
    itemsByTitle = items
  }

  /// The number of items.
  public var itemCount: Int { titleNumbers.count }

  /// Whether `item` is an id of the catalogue.
  public func contains(_ item: Int) -> Bool { item >= 1 && item <= itemCount }

  /// The title number of an item.
  public func titleNumber(of item: Int) -> Int { Int(titleNumbers[item - 1]) }

  /// The title of an item.
  public func title(of item: Int) -> String { titles[titleNumber(of: item)] }

  /// `[titles]`: the place of each title in the order of their bytes, by which ties are decided.
  public var titlePlaces: [Int] {
    let order = titles.indices.sorted {
      titles[$0].utf8.lexicographicallyPrecedes(titles[$1].utf8)
    }
    var places = [Int](repeating: 0, count: order.count)
    for (place, title) in order.enumerated() { places[title] = place }
    return places
  }

  /// The items that bear a title, ascending.
  public func items(withTitle number: Int) -> [Int] { itemsByTitle[number] }

  /// The scores of the titles, `[titles]`, each that of its best item: from those of the items,
  /// `[items]` with item i + 1 at index i.
  public func titleScores(ofItems scores: [Float]) -> [Float] {
    itemsByTitle.map { items in items.map { scores[$0 - 1] }.max() ?? 0 }
  }
}

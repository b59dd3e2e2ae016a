internal import BearLabCore

/// The interactions of a dump, its ids as numbers from 0 in the order of first appearance.
struct InteractionTable {
  private(set) var interactions: [Interaction] = []
  private var users = IDTable()
  private var items = IDTable()
  /// `[items]`: nil for an item without one that may be used.
  private var titles: [String?] = []
  private var isTitled: [Bool] = []

  /// Appends the interaction of a row, and the title that it may bring.
  mutating func append(_ row: DumpRow, cleaning: TitleCleaning) {
    let item = items.number(of: row.item)
    interactions.append(
      Interaction(user: users.number(of: row.user), item: item, timestamp: row.time))
    if titles.count < items.count {
      titles.append(nil)
      isTitled.append(false)
    }
    if let title = row.title { setTitle(title, of: item, cleaning) }
  }

  /// Puts the interactions in order of time, ties as they were.
  ///
  /// - Parameter repeats: whether a user's later interactions with an item go.
  /// - Returns: how many went.
  mutating func sort(repeats: Repeats) -> Int {
    interactions.sort { $0.timestamp < $1.timestamp }
    guard repeats == .first else { return 0 }
    let before = interactions.count
    var seen: Set<Int> = []
    interactions.removeAll { !seen.insert($0.user << 32 | $0.item).inserted }
    return before - interactions.count
  }

  /// Removes users and items with fewer than `core` interactions until none is left.
  mutating func reduce(toCore core: Int) {
    interactions = Windowing.fiveCore(interactions, core: core)
  }

  /// `[items]`: whether an item has an interaction.
  var itemsLeft: [Bool] {
    var isLeft = [Bool](repeating: false, count: items.count)
    for interaction in interactions { isLeft[interaction.item] = true }
    return isLeft
  }

  /// Gives an item its title, if it is wanted; the first one stays.
  mutating func setTitle(
    _ title: String, of id: String, among wanted: [Bool], cleaning: TitleCleaning
  ) {
    guard let item = items.known(id), wanted[item] else { return }
    setTitle(title, of: item, cleaning)
  }

  private mutating func setTitle(_ title: String, of item: Int, _ cleaning: TitleCleaning) {
    guard !isTitled[item] else { return }
    isTitled[item] = true
    titles[item] = cleaning.clean(title)
  }

  /// Removes the interactions with items without a title.
  ///
  /// - Returns: how many went.
  mutating func removeUntitled() -> Int {
    let before = interactions.count
    interactions.removeAll { titles[$0.item] == nil }
    return before - interactions.count
  }

  /// The interactions and titles, users and items numbered from 1 in the order of their ids.
  func numbered() -> (interactions: [Interaction], titles: [String]) {
    let userNumbers = users.numbers(ofThose: interactions, \.user)
    let itemNumbers = items.numbers(ofThose: interactions, \.item)
    var names = [String](repeating: "", count: itemNumbers.reduce(0) { max($0, Int($1)) })
    for (item, number) in itemNumbers.enumerated() where number > 0 {
      names[Int(number) - 1] = titles[item] ?? ""
    }
    let renumbered = interactions.map {
      Interaction(
        user: Int(userNumbers[$0.user]), item: Int(itemNumbers[$0.item]), timestamp: $0.timestamp)
    }
    return (renumbered, names)
  }
}

/// An id, told apart from others byte by byte: a String's equality is canonical equivalence.
private struct ID: Hashable {
  let text: String

  static func == (first: ID, second: ID) -> Bool {
    first.text.utf8.elementsEqual(second.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    // Whole, which is faster than byte by byte; native strings have their bytes in one place.
    let isDone: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if isDone == nil { hasher.combine(text.utf8.count) }
  }
}

/// Ids of a dump as numbers from 0, in the order of first appearance.
private struct IDTable {
  private var numbers: [ID: Int32] = [:]
  private var names: [String] = []

  var count: Int { names.count }

  /// The number of an id, a new one for one that was not seen.
  mutating func number(of id: String) -> Int {
    if let known = known(id) { return known }
    numbers[ID(text: id)] = Int32(names.count)
    names.append(id)
    return names.count - 1
  }

  func known(_ id: String) -> Int? { numbers[ID(text: id)].map(Int.init) }

  /// `[ids]`: numbers from 1 for the ids that some interactions have, in ascending order: of
  /// numbers where all are whole ones, else of bytes; 0 for the others.
  func numbers(ofThose interactions: [Interaction], _ id: (Interaction) -> Int) -> [Int32] {
    var result = [Int32](repeating: 0, count: names.count)
    for interaction in interactions { result[id(interaction)] = 1 }
    var left = result.indices.filter { result[$0] > 0 }
    let values = left.compactMap { Int(names[$0]) }
    if values.count == left.count {
      let byID = Dictionary(zip(left, values)) { first, _ in first }
      left.sort { byID[$0, default: 0] < byID[$1, default: 0] }
    } else {
      left.sort { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
    }
    for (number, place) in left.enumerated() { result[place] = Int32(number + 1) }
    return result
  }
}

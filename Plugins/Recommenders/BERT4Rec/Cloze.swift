internal import BearLabCore
internal import BearLabNN

/// Which items of a sequence are hidden, and what stands in their place.
struct Cloze: Sendable {
  enum Rule: String, ParameterReadable {
    /// FeiSun/BERT4Rec: a fixed number of places, all of them MASK.
    case feisun
    /// jaywonchung/BERT4Rec-VAE-Pytorch: each place by itself; of those hidden, 80 % MASK, 10 % a
    /// random item, 10 % as they were.
    case bert
  }

  /// A sequence with items hidden.
  struct Masked: Equatable {
    var items: [Int]
    /// The hidden places, ascending; at least one.
    var places: [Int]
    /// The items that were there.
    var answers: [Int]
  }

  let rule: Rule
  /// The share of the items that is hidden.
  let rate: Double
  /// How many may be hidden at most.
  private static let cap = 30

  /// Hides items of a sequence.
  ///
  /// - Parameters:
  ///   - sequence: item ids from 1, not empty.
  ///   - items: the catalogue's; `items + 1` is MASK.
  ///   - random: drawn from.
  /// - Returns: the sequence with at least one item hidden.
  func masked(
    _ sequence: [Int], items: Int, using random: inout CounterGenerator
  ) -> Masked {
    var result = Masked(items: sequence, places: [], answers: [])
    switch rule {
    case .feisun:
      let wanted = (rate * Double(sequence.count)).rounded(.toNearestOrEven)
      let count = min(Self.cap, max(1, Int(wanted)), sequence.count)
      result.places = sequence.indices.shuffled(using: &random).prefix(count).sorted()
      for place in result.places { result.items[place] = items + 1 }
    case .bert:
      for place in sequence.indices where Double.random(in: 0..<1, using: &random) < rate {
        result.places.append(place)
        let kind = Double.random(in: 0..<1, using: &random)
        if kind < 0.8 {
          result.items[place] = items + 1
        } else if kind < 0.9 {
          result.items[place] = Int.random(in: 1...items, using: &random)
        }
      }
    }
    if result.places.isEmpty { return Self.lastMasked(sequence, items: items) }
    result.answers = result.places.map { sequence[$0] }
    return result
  }

  /// The sequence with its last item hidden.
  static func lastMasked(_ sequence: [Int], items: Int) -> Masked {
    let last = sequence.count - 1
    return Masked(
      items: sequence.dropLast() + [items + 1], places: [last], answers: [sequence[last]])
  }
}

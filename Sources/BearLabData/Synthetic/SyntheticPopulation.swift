internal import BearLabCore
internal import Foundation

/// Draws the interactions of a synthetic data set.
///
/// Only integers are drawn and compared, so that a seed gives the same data on every machine.
struct SyntheticPopulation {
  private static let day = 86_400
  /// 2020-01-01, midnight UTC.
  private static let firstDay = 1_577_836_800
  /// Over how many days users begin.
  private static let days: UInt64 = 1000

  private let source: SyntheticSource
  private let popularity: SyntheticPopularity
  private var random: MersenneTwister

  init(_ source: SyntheticSource) {
    self.source = source
    popularity = SyntheticPopularity(source)
    random = MersenneTwister(seed: UInt32(source.seed))
  }

  /// Titles, and windows split 8:1:1 in order of time.
  var content: (files: OfficialFolder.Content, interactions: Int) {
    var population = self
    let drawn = (1...source.users).flatMap { population.interactions(of: $0) }
    let windows = WindowTable(drawn, core: source.lengths.lowerBound)
    let cuts = Windowing.cuts(windows.count)
    let files = OfficialFolder.Content(
      titles: (0..<source.items).map { SyntheticTitles.title(of: $0, clusters: source.clusters) },
      train: windows[cuts.train], validation: windows[cuts.validation], test: windows[cuts.test])
    return (files, drawn.count)
  }

  private mutating func interactions(of user: Int) -> [Interaction] {
    let count = source.lengths.lowerBound + draw(below: source.lengths.count)
    var time = Self.firstDay + draw(below: Int(Self.days)) * Self.day
    var cluster = draw(below: source.clusters)
    return (0..<count).map { index in
      if index > 0 {
        cluster = nextCluster(after: cluster)
        time += (1 + draw(below: 3)) * Self.day
      }
      let rank = popularity.rank(below: draw(below: popularity.total(of: cluster)), of: cluster)
      return Interaction(
        user: user, item: rank * source.clusters + cluster + 1, timestamp: time)
    }
  }

  private mutating func nextCluster(after cluster: Int) -> Int {
    let parts = 1 << 32
    let follows = draw(below: parts) < Int((source.follow * Double(parts)).rounded())
    return follows ? (cluster + 1) % source.clusters : draw(below: source.clusters)
  }

  /// A number from 0 below `bound`: the upper half of 64 bits times the bound.
  private mutating func draw(below bound: Int) -> Int {
    let bits = UInt64(random.next()) << 32 | UInt64(random.next())
    return Int(bits.multipliedFullWidth(by: UInt64(bound)).high)
  }
}

/// How popular the items of a cluster are, in whole numbers: `2^24 · rank^−zipf`, 1 at least.
struct SyntheticPopularity {
  /// `[ranks]` of the largest cluster: the weights up to and with a rank.
  private let sums: [Int]
  private let source: SyntheticSource

  init(_ source: SyntheticSource) {
    self.source = source
    let largest = (source.items + source.clusters - 1) / source.clusters
    var sum = 0
    sums = (1...largest).map { rank in
      sum += max(1, Int((0x1p24 * pow(Double(rank), -source.zipf)).rounded()))
      return sum
    }
  }

  /// How many items a cluster has: item i of 0… is in cluster i mod clusters.
  func size(of cluster: Int) -> Int {
    (source.items - cluster + source.clusters - 1) / source.clusters
  }

  /// The weight of a whole cluster.
  func total(of cluster: Int) -> Int { sums[size(of: cluster) - 1] }

  /// The rank, from 0, whose share of the cluster's weight a number falls into.
  func rank(below number: Int, of cluster: Int) -> Int {
    var range = 0..<size(of: cluster)
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      range = number < sums[middle - 1] ? range.lowerBound..<middle : middle..<range.upperBound
    }
    return range.lowerBound
  }

  /// The probability of a rank within its cluster.
  func probability(ofRank rank: Int, in cluster: Int) -> Double {
    Double(sums[rank] - (rank > 0 ? sums[rank - 1] : 0)) / Double(total(of: cluster))
  }
}

/// The titles of a synthetic data set: `Quiet Lantern of the Harbour`.
///
/// The last word is the cluster's, two words beyond 40 clusters; the others and a number tell its
/// items apart.
enum SyntheticTitles {
  private static let places = words(
    """
    Harbour Desert Forest Castle Island Mountain River Garden Village Palace Valley Ocean Prairie \
    Temple Bridge Canyon Market Meadow Tower Lagoon Glacier Orchard Station Theatre Library Prison \
    Circus Factory Monastery Lighthouse Vineyard Museum Jungle Swamp Cathedral Airport Ranch Volcano \
    School Hospital
    """)
  private static let adjectives = words(
    """
    Quiet Golden Broken Hidden Silver Lonely Ancient Burning Frozen Gentle Crimson Distant Endless \
    Fragile Hollow Humble Invisible Jealous Kind Little Marble Narrow Northern Painted Patient Proud \
    Restless Secret Stolen Velvet Wandering Wild
    """)
  private static let things = words(
    """
    Lantern Letter Mirror Clock Raven Key Crown Map Song Shadow Rose Sword Ring Storm Dream Horse \
    Violin Candle Feather Stone Ship Mask Promise Window Wolf Coat Diary Knife Bell Apple Ladder Boat
    """)

  private static func words(_ text: String) -> [Substring] { text.split(separator: " ") }

  /// The title of item `item` of 0….
  static func title(of item: Int, clusters: Int) -> String {
    let (rank, cluster) = item.quotientAndRemainder(dividingBy: clusters)
    let first = cluster / places.count
    let place = places[cluster % places.count]
    let name = first == 0 ? String(place) : "\(places[first - 1]) \(place)"
    let (series, number) = rank.quotientAndRemainder(dividingBy: adjectives.count * things.count)
    let thing = things[number / adjectives.count]
    let title = "\(adjectives[number % adjectives.count]) \(thing) of the \(name)"
    return series == 0 ? title : "\(title) \(series + 1)"
  }
}

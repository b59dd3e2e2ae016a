import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// Paths that are inserted into a forest in their order.
struct RandomForest: CustomTestStringConvertible, Sendable {
  typealias Element = TokenForest.Element

  let testDescription: String
  let paths: [[Element]]

  private init(_ name: String, _ paths: [[Element]]) {
    testDescription = name
    self.paths = paths
  }

  /// Every kind of forest, and some that are random altogether.
  static let all: [RandomForest] = {
    var random = SeededGenerator(7)
    func path(_ length: Int) -> [Element] {
      (0..<length).map { _ in Element(token: Int32.random(in: 0..<60, using: &random)) }
    }
    let stem = path(9)
    let chain = path(75)
    let named: [(String, [[Element]])] = [
      ("one node", [path(1)]),
      ("one path", [path(6)]),
      ("a chain that attention cuts into tasks", [chain]),
      ("branches of one prefix", (0..<5).map { _ in stem + path(4) }),
      (
        "branches in the middle of earlier runs", [2, 5, 0, 8, 5].map { stem.prefix($0) + path(6) }
      ),
      ("branches of branches", branches(of: stem, path)),
      (
        "long branches of a long chain",
        [chain, chain.prefix(40) + path(35), chain.prefix(33) + path(2)]
      ),
      ("paths that come twice", [stem, path(4), stem, Array(stem.prefix(4)), stem]),
      ("several roots", [path(3), path(1), path(8), path(2)]),
      ("taking turns", takingTurns(path)),
      ("slots", slots(path)),
    ]
    let mixed = (0..<6).map { number in
      ("mixed \(number)", mixture(seed: UInt64(number)))
    }
    return (named + mixed).map { RandomForest($0.0, $0.1) }
  }()

  /// Each path leaves the one before somewhere.
  private static func branches(
    of stem: [Element], _ path: (Int) -> [Element]
  ) -> [[Element]] {
    var paths = [stem]
    for (kept, added) in [(7, 5), (10, 3), (8, 6), (3, 3), (5, 2)] {
      paths.append(Array(paths[paths.count - 1].prefix(kept)) + path(added))
    }
    return paths
  }

  /// Two paths that grow in turns, so that no run is longer than one node.
  private static func takingTurns(_ path: (Int) -> [Element]) -> [[Element]] {
    let (first, second) = (path(7), path(7))
    return (1...7).flatMap { [Array(first.prefix($0)), Array(second.prefix($0))] }
  }

  /// Slots in the middle, at the start and in a row; slot 3 behind two prefixes.
  private static func slots(_ path: (Int) -> [Element]) -> [[Element]] {
    let stem = path(4)
    let slot = (0...4).map { Element(token: 0, slot: $0) }
    return [
      stem + [slot[3]] + path(3), stem + [slot[1]] + path(2), [slot[3], slot[0]] + path(2),
      stem + [slot[3], slot[2]], [slot[4]],
    ]
  }

  private static func mixture(seed: UInt64) -> [[Element]] {
    var random = SeededGenerator(100 + seed)
    var paths: [[Element]] = []
    for _ in 0..<12 {
      let other = paths.randomElement(using: &random) ?? []
      let kept = other.prefix(Int.random(in: 0...other.count, using: &random))
      let added = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        // Few tokens, so that paths meet by chance too.
        let isSlot = Int.random(in: 0..<10, using: &random) == 0
        let number = Int.random(in: 0..<5, using: &random)
        return isSlot ? Element(token: 0, slot: number) : Element(token: Int32(number))
      }
      paths.append(kept + added)
    }
    return paths
  }

  /// The vectors of slots 0 to 4.
  static func makeVectors(width: Int = 24) -> InjectedVectors {
    InjectedVectors(
      slots: Array(0..<5),
      vectors: Tensor(randomFloats(5 * width, seed: 11), shape: [5, width], requiresGradient: true))
  }
}

func randomFloats(
  _ count: Int, seed: UInt64, in range: ClosedRange<Float> = -1...1
) -> [Float] {
  var random = SeededGenerator(seed)
  return (0..<count).map { _ in Float.random(in: range, using: &random) }
}

/// A random path of plain tokens.
func randomTokens(_ count: Int, seed: UInt64) -> [TokenForest.Element] {
  var random = SeededGenerator(seed)
  return (0..<count).map { _ in .init(token: Int32.random(in: 0..<60, using: &random)) }
}

/// The hidden states of all nodes of one path.
func hiddenStates(
  alongPath path: [TokenForest.Element], model: LanguageModel, adapter: LoRAAdapter? = nil,
  dropout: DropoutKey? = nil, injected: InjectedVectors? = nil
) throws -> Tensor {
  var forest = TokenForest()
  let nodes = forest.insert(path)
  return try model.hiddenStates(
    of: nodes, in: forest, adapter: adapter, dropout: dropout, injected: injected)
}

import BearLabTestSupport
import Testing

@testable import BearLabLanguageModel

@Suite struct TokenForestTests {
  @Test func equalPathsAreOneSetOfNodes() {
    var forest = TokenForest()
    #expect(forest.insert(tokens: [5, 6, 7]) == [0, 1, 2])
    #expect(forest.insert(tokens: [5, 6, 8]) == [0, 1, 3])
    #expect(forest.insert(tokens: [5, 6, 7, 9]) == [0, 1, 2, 4])
    #expect(forest.insert(tokens: [6]) == [5])
    #expect(forest.insert(tokens: [], below: 2) == [])
    #expect(forest.parents == [-1, 0, 1, 1, 2, -1])
    #expect(forest.positions == [0, 1, 2, 2, 3, 0])
  }

  @Test func slotsAreOneNodeWhereTheirNumbersAreEqual() {
    var forest = TokenForest()
    let root = forest.insert(.init(token: 1), below: nil)
    let slot = forest.insert(.init(token: 0, slot: 4), below: root)
    #expect(forest.insert(.init(token: 0, slot: 4), below: root) == slot)
    #expect(forest.insert(.init(token: 0, slot: 5), below: root) != slot)
    #expect(forest.insert(.init(token: 0), below: root) != slot)
    #expect(forest.insert(.init(token: 0, slot: 4), below: nil) != slot)
    #expect(Set(forest.pathKeys).count == forest.count)
  }

  /// Dropout's keys depend on the path alone, not on the forest around it.
  @Test func pathKeysArePathsOwn() {
    for forest in RandomForest.all {
      var whole = TokenForest()
      for path in forest.paths {
        let nodes = whole.insert(path)
        var single = TokenForest()
        #expect(single.insert(path).map { single.pathKeys[$0] } == nodes.map { whole.pathKeys[$0] })
      }
      #expect(Set(whole.pathKeys).count == whole.count)
    }
  }

  /// The rows that a node sees are its ancestors and itself, wherever the pass begins.
  @Test(arguments: RandomForest.all)
  func chainsNameTheAncestors(forest: RandomForest) {
    var nodes = TokenForest()
    for path in forest.paths { _ = nodes.insert(path) }
    for first in 0..<nodes.count {
      var covered: [Int] = []
      for chain in nodes.chains(from: first) {
        for node in chain.nodes {
          let seen = chain.ancestors.flatMap { Array($0) } + (chain.nodes.lowerBound...node)
          var expected = [node]
          while let above = expected.last.map({ Int(nodes.parents[$0]) }), above >= 0 {
            expected.append(above)
          }
          #expect(seen == expected.reversed())
        }
        covered += chain.nodes
      }
      #expect(covered == Array(first..<nodes.count))
    }
  }

  @Test func truncatedNodesAreForgotten() {
    var forest = TokenForest()
    _ = forest.insert(tokens: [1, 2, 3])
    var other = forest
    _ = forest.insert(tokens: [1, 2, 4, 5])
    _ = forest.insert(tokens: [9])
    forest.truncate(to: 3)
    #expect(forest.count == 3)
    #expect(forest.pathKeys == other.pathKeys && forest.parents == other.parents)
    #expect(forest.insert(tokens: [1, 7, 4]) == other.insert(tokens: [1, 7, 4]))
    #expect(forest.insert(tokens: [1, 2, 4]) == other.insert(tokens: [1, 2, 4]))
    #expect(forest.elements == other.elements && forest.positions == other.positions)
    forest.truncate(to: 0)
    #expect(forest.count == 0 && forest.insert(tokens: [1]) == [0])
  }
}

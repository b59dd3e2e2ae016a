import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

@Suite(.serialized) struct ForestCacheTests {
  /// Nodes come in random pieces, some in the middle of a run, some asked for again.
  @Test(arguments: RandomForest.all, TinyModel.Family.allCases)
  func growingEqualsOnePass(forest: RandomForest, family: TinyModel.Family) throws {
    for threads in [1, 2] { try expectGrowth(forest, family, threads: threads) }
  }

  private func expectGrowth(
    _ forest: RandomForest, _ family: TinyModel.Family, threads: Int
  ) throws {
    try withCompute(threads: threads) {
      let tiny = try TinyModel(seed: 51, family: family)
      let adapter = tiny.makeAdapter()
      let injected = RandomForest.makeVectors()
      let cache = ForestCache(model: tiny.model, adapter: adapter, injected: injected)
      var random = SeededGenerator(52)
      for path in forest.paths {
        var rest = path[...]
        var nodes: [Int] = []
        while !rest.isEmpty {
          let piece = rest.prefix(Int.random(in: 1...rest.count, using: &random))
          rest = rest.dropFirst(piece.count)
          nodes += cache.forest.insert(piece, below: nodes.last)
          if Bool.random(using: &random) {
            try expectOnePass(cache, nodes, tiny, adapter, injected)
          }
        }
      }
      try expectOnePass(cache, Array(0..<cache.forest.count), tiny, adapter, injected)
    }
  }

  @Test func truncatedAndGrownAgain() throws {
    let tiny = try TinyModel(seed: 53)
    let adapter = tiny.makeAdapter()
    let cache = ForestCache(model: tiny.model, adapter: adapter)
    let stem = cache.forest.insert(randomTokens(6, seed: 1))
    _ = try cache.hiddenStates(of: stem)
    for seed in 2..<8 as Range<UInt64> {
      let branch = cache.forest.insert(randomTokens(9, seed: seed), below: stem[Int(seed) - 3 + 1])
      if seed % 3 != 0 { _ = try cache.hiddenStates(of: branch) }
      cache.truncate(to: seed % 2 == 0 ? 6 : 9)
      let other = cache.forest.insert(randomTokens(4, seed: 10 + seed), below: stem[5])
      try expectOnePass(cache, stem + other, tiny, adapter, nil)
    }
    cache.truncate(to: 0)
    try expectOnePass(cache, cache.forest.insert(randomTokens(5, seed: 9)), tiny, adapter, nil)
  }

  @Test func askedTwice() throws {
    let tiny = try TinyModel(seed: 54)
    let cache = ForestCache(model: tiny.model, adapter: nil)
    let nodes = cache.forest.insert(randomTokens(3, seed: 1))
    let first = try cache.hiddenStates(of: [nodes[2], nodes[0], nodes[2]])
    #expect(first.shape == [3, 24] && !first.requiresGradient)
    #expect(first.scalars.prefix(24) == first.scalars.suffix(24))
    #expect(try cache.hiddenStates(of: [nodes[2], nodes[0], nodes[2]]).scalars == first.scalars)
    #expect(try cache.hiddenStates(of: []).shape == [0, 24])
  }

  /// One node at a time: the memory is replaced many times.
  @Test func growingBeyondTheMemory() throws {
    let tiny = try TinyModel(seed: 55)
    let cache = ForestCache(model: tiny.model, adapter: nil)
    var nodes: [Int] = []
    for element in randomTokens(120, seed: 1) {
      nodes.append(cache.forest.insert(element, below: nodes.last))
      _ = try cache.hiddenStates(of: [nodes[nodes.count - 1]])
    }
    try expectOnePass(cache, nodes, tiny, nil, nil)
  }

  private func expectOnePass(
    _ cache: ForestCache, _ nodes: [Int], _ tiny: TinyModel, _ adapter: LoRAAdapter?,
    _ injected: InjectedVectors?
  ) throws {
    let expected = try tiny.model.hiddenStates(
      of: nodes, in: cache.forest, adapter: adapter, injected: injected)
    #expect(relativeGap(try cache.hiddenStates(of: nodes).scalars, expected.scalars) < 1e-5)
  }
}

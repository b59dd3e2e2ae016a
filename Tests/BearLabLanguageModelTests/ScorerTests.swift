import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@Suite struct ScorerTests {
  private let tiny: TinyModel
  private let adapter: LoRAAdapter
  private let prompts: [[TokenForest.Element]]

  init() throws {
    tiny = try TinyModel(seed: 61)
    adapter = tiny.makeAdapter()
    let stem = randomTokens(4, seed: 1)
    prompts = [
      stem + randomTokens(3, seed: 2), stem, randomTokens(6, seed: 3),
      stem + randomTokens(3, seed: 2),
    ]
  }

  /// All nodes with children of random tries, in a random order, some of them twice.
  @Test(arguments: 0..<6 as Range<UInt64>, ConstraintMode.allCases)
  func scoresAreThoseOfEachPath(seed: UInt64, constraint: ConstraintMode) throws {
    let trie = try randomTrie(seed: seed)
    var random = SeededGenerator(seed)
    var scorer = makeScorer(trie, constraint)
    let all = prompts.indices.flatMap { prompt in
      innerNodes(of: trie).map { ScoreRequest(prompt: prompt, node: $0) }
    }
    var rest = (all + all.prefix(9)).shuffled(using: &random)[...]
    while !rest.isEmpty {
      let requests = Array(rest.prefix(Int.random(in: 1...40, using: &random)))
      rest = rest.dropFirst(requests.count)
      try expectBruteForce(scorer.score(requests), requests, trie, constraint)
    }
    #expect(try scorer.score([]).isEmpty)
  }

  /// More texts than are embedded together, some of them beginnings of others, behind prompts and
  /// LoRA weights that must not matter.
  @Test func embeddingsAreThoseOfTheTextAlone() throws {
    let elements = (0..<150).map { randomTokens(1 + $0 % 5, seed: UInt64($0 % 70)) }
    let texts = elements.map { $0.map(\.token) }
    let scorer = makeScorer(try randomTrie(seed: 1), .after)
    let found = try scorer.embeddings(of: texts)
    #expect(found.count == texts.count)
    for (text, embedding) in zip(elements, found) {
      var forest = TokenForest()
      let last = forest.insert(text).suffix(1)
      let expected = try tiny.model.hiddenStates(of: Array(last), in: forest, adapter: nil)
      #expect(largestGap(embedding, expected.scalars.map(Double.init)) < 1e-5)
    }
    #expect(try scorer.embeddings(of: []).isEmpty)
    #expect(try scorer.recommenderScores(behind: 0) == nil)
  }

  @Test func theConstraintMayChangeBetweenCalls() throws {
    let trie = try randomTrie(seed: 7)
    var scorer = makeScorer(trie, .before)
    for (index, node) in innerNodes(of: trie).enumerated() {
      scorer.constraint = index % 3 == 1 ? .after : .before
      let requests = prompts.indices.map { ScoreRequest(prompt: $0, node: node) }
      try expectBruteForce(scorer.score(requests), requests, trie, scorer.constraint)
    }
  }

  /// Titles 5 6 7 8 EOS, 5 6 7 9 EOS and 10 11 EOS behind a prompt of four tokens.
  @Test func forcedTokensCostNothingUntilAChoice() throws {
    let trie = try ItemTrie(paths: [[5, 6, 7, 8, 0], [5, 6, 7, 9, 0], [10, 11, 0]])
    var scorer = LanguageModelScorer(
      model: tiny.model, adapter: adapter, trie: trie, constraint: .before, prompts: [prompts[1]])
    func score(_ path: [Int32]) throws -> [Float] {
      let node = path.reduce(ItemTrie.root) { trie.child(of: $0, along: $1) ?? -1 }
      return try scorer.score([ScoreRequest(prompt: 0, node: node)])[0].logProbabilities
    }
    #expect(try score([]).count == 2 && scorer.nodeCount == 4)
    for forced in [[5], [5, 6], [10], [10, 11], [5, 6, 7, 8]] as [[Int32]] {
      #expect(try score(forced) == [0])
    }
    #expect(scorer.nodeCount == 4)
    #expect(try score([5, 6, 7]).count == 2 && scorer.nodeCount == 7)
    scorer.constraint = .after
    #expect(try score([10, 11]).count == 1 && scorer.nodeCount == 9)
    #expect(try score([5, 6]).allSatisfy { $0 < 0 } && scorer.nodeCount == 9)
  }

  @Test(arguments: ConstraintMode.allCases)
  func negativeLogLikelihoodsAreSums(constraint: ConstraintMode) throws {
    let trie = try randomTrie(seed: 8)
    for first in 0..<trie.titleCount {
      let titles = prompts.indices.map { (first + 3 * $0) % trie.titleCount }
      var scorer = makeScorer(trie, constraint)
      let losses = try scorer.negativeLogLikelihoods(of: titles)
      for (prompt, title) in titles.enumerated() {
        let expected = try trie.path(to: trie.leaf(of: title)).reduce(0.0) { total, node in
          let above = trie.parent(of: node) ?? ItemTrie.root
          let place = node - trie.children(of: above).lowerBound
          return total - (try bruteForce(prompt, above, trie, constraint)[place])
        }
        #expect(abs(Double(losses[prompt]) - expected) < 1e-5 * (1 + expected))
      }
    }
  }

  /// Every title behind the same prompt: a distribution where the constraint comes first.
  @Test(arguments: 0..<4 as Range<UInt64>)
  func titlesAreADistribution(seed: UInt64) throws {
    let trie = try randomTrie(seed: seed)
    var scorer = LanguageModelScorer(
      model: tiny.model, adapter: adapter, trie: trie, constraint: .before,
      prompts: Array(repeating: prompts[0], count: trie.titleCount))
    func total() throws -> Double {
      try scorer.negativeLogLikelihoods(of: Array(0..<trie.titleCount))
        .reduce(0.0) { $0 + exp(-Double($1)) }
    }
    #expect(abs(try total() - 1) < 1e-5)
    // Equal prompts share their nodes, and so do the titles.
    #expect(scorer.nodeCount <= prompts[0].count + trie.nodeCount - 1)
    scorer.constraint = .after
    #expect(try total() < 0.9)
  }

  @Test(arguments: ConstraintMode.allCases)
  func aPromptAloneEqualsTheSameAmongOthers(constraint: ConstraintMode) throws {
    let trie = try randomTrie(seed: 9)
    var together = makeScorer(trie, constraint)
    let requests = innerNodes(of: trie).map { ScoreRequest(prompt: 2, node: $0) }
    let others = requests.map { ScoreRequest(prompt: 0, node: $0.node) }
    let expected = try together.score(others + requests).suffix(requests.count)
    var alone = LanguageModelScorer(
      model: tiny.model, adapter: adapter, trie: trie, constraint: constraint,
      prompts: [prompts[2]])
    let actual = try alone.score(requests.map { ScoreRequest(prompt: 0, node: $0.node) })
    #expect(
      largestGap(actual.flatMap(\.logProbabilities), expected.flatMap(\.logProbabilities)) < 1e-5)
  }

  /// Any tokens, those of the trie or not, behind prompts that share some of theirs.
  @Test(arguments: ConstraintMode.allCases)
  func bestTokensAreThoseOfEachPath(constraint: ConstraintMode) throws {
    var scorer = makeScorer(try randomTrie(seed: 11), constraint)
    let paths: [[Int32]] = [[], [3], [3, 50], [], [7, 7, 7, 1]]
    for count in [1, 4, 90] {
      let requests = prompts.indices.flatMap { prompt in
        paths.map { TokenRequest(prompt: prompt, path: $0, count: count) }
      }
      for (request, actual) in zip(requests, try scorer.bestTokens(requests)) {
        let path = prompts[request.prompt] + request.path.map { TokenForest.Element(token: $0) }
        let hidden = try hiddenStates(alongPath: path, model: tiny.model, adapter: adapter)
        let all = logSoftmax(
          tiny.model.vocabularyLogits(of: hidden).scalars.suffix(60).map(Double.init))
        let order = all.indices.sorted { all[$0] > all[$1] }.prefix(count)
        #expect(actual.tokens == order.map { Int32($0) })
        #expect(largestGap(actual.logProbabilities, order.map { all[$0] }) < 1e-5)
      }
    }
    #expect(try scorer.bestTokens([]).isEmpty)
  }

  /// Both kinds of requests share the nodes of their paths.
  @Test func titlesAndTokensShareTheirNodes() throws {
    let trie = try ItemTrie(paths: [[5, 6, 0], [5, 7, 0]])
    var scorer = LanguageModelScorer(
      model: tiny.model, adapter: adapter, trie: trie, constraint: .after, prompts: [prompts[1]])
    _ = try scorer.score([ScoreRequest(prompt: 0, node: try #require(trie.node(along: [5, 6])))])
    #expect(scorer.nodeCount == 6)
    _ = try scorer.bestTokens([TokenRequest(prompt: 0, path: [5, 6], count: 3)])
    #expect(scorer.nodeCount == 6)
    _ = try scorer.bestTokens([TokenRequest(prompt: 0, path: [5, 9], count: 3)])
    #expect(scorer.nodeCount == 7)
  }

  /// Batches of prompts that go on from the kept nodes, end among them, and share none of them.
  @Test(arguments: ConstraintMode.allCases)
  func restartingKeepsWhatTheFirstPromptsShare(constraint: ConstraintMode) throws {
    let trie = try randomTrie(seed: 12)
    let stem = randomTokens(4, seed: 1)
    let batches = [
      [stem + randomTokens(3, seed: 5), stem + randomTokens(2, seed: 6)],
      [stem + randomTokens(3, seed: 7), randomTokens(5, seed: 8)], [Array(stem.prefix(2))],
      [Array(stem.prefix(1)), stem], [randomTokens(6, seed: 9)], [],
      [stem + randomTokens(3, seed: 5)],
    ]
    var scorer = makeScorer(trie, constraint)
    for (batch, shared) in zip(batches, [4, 4, 2, 1, 0, 0, 0]) {
      let requests = innerNodes(of: trie).flatMap { node in
        batch.indices.map { ScoreRequest(prompt: $0, node: node) }
      }
      scorer.restart(prompts: batch)
      var fresh = LanguageModelScorer(
        model: tiny.model, adapter: adapter, trie: trie, constraint: constraint, prompts: batch)
      let actual = try scorer.score(requests).flatMap(\.logProbabilities)
      let expected = try fresh.score(requests).flatMap(\.logProbabilities)
      #expect(largestGap(actual, expected.map(Double.init)) < 1e-5)
      #expect(scorer.nodeCount == fresh.nodeCount - shared)
    }
  }

  @Test func slotsOfPromptsAreInjected() throws {
    let trie = try randomTrie(seed: 10)
    let injected = RandomForest.makeVectors()
    let prompt = randomTokens(3, seed: 1) + [.init(token: 0, slot: 2)] + randomTokens(2, seed: 2)
    var scorer = LanguageModelScorer(
      model: tiny.model, adapter: adapter, trie: trie, constraint: .after, prompts: [prompt],
      injected: injected)
    let hidden = try hiddenStates(
      alongPath: prompt, model: tiny.model, adapter: adapter, injected: injected)
    let logits = tiny.model.vocabularyLogits(of: hidden).scalars.suffix(60).map(Double.init)
    let expected = trie.childTokens(of: ItemTrie.root).map { logSoftmax(logits)[Int($0)] }
    let actual = try scorer.score([ScoreRequest(prompt: 0, node: ItemTrie.root)])
    #expect(largestGap(actual[0].logProbabilities, expected) < 1e-5)
  }

  private func makeScorer(_ trie: ItemTrie, _ constraint: ConstraintMode) -> LanguageModelScorer {
    LanguageModelScorer(
      model: tiny.model, adapter: adapter, trie: trie, constraint: constraint, prompts: prompts)
  }

  private func expectBruteForce(
    _ scores: [ChildScores], _ requests: [ScoreRequest], _ trie: ItemTrie,
    _ constraint: ConstraintMode
  ) throws {
    #expect(scores.map(\.node) == requests.map(\.node))
    for (request, actual) in zip(requests, scores) {
      let expected = try bruteForce(request.prompt, request.node, trie, constraint)
      #expect(largestGap(actual.logProbabilities, expected) < 1e-5, "\(request)")
    }
  }

  /// From the whole path, a pass of its own and the whole vocabulary.
  private func bruteForce(
    _ prompt: Int, _ node: ItemTrie.Node, _ trie: ItemTrie, _ constraint: ConstraintMode
  ) throws -> [Double] {
    let path = trie.path(to: node).map { TokenForest.Element(token: trie.token(of: $0)) }
    let hidden = try hiddenStates(
      alongPath: prompts[prompt] + path, model: tiny.model, adapter: adapter)
    let logits = tiny.model.vocabularyLogits(of: hidden).scalars.suffix(60).map(Double.init)
    let children = trie.childTokens(of: node).map(Int.init)
    switch constraint {
    case .before: return logSoftmax(children.map { logits[$0] })
    case .after:
      let all = logSoftmax(logits)
      return children.map { all[$0] }
    }
  }
}

/// A trie of up to 25 titles with forced tokens in it.
func randomTrie(seed: UInt64) throws -> ItemTrie {
  var random = SeededGenerator(seed)
  let vocabulary: Int32 = seed % 2 == 0 ? 4 : 40
  return try ItemTrie(paths: randomPaths(count: 25, vocabulary: vocabulary, using: &random))
}

func innerNodes(of trie: ItemTrie) -> [ItemTrie.Node] {
  (0..<trie.nodeCount).filter { !trie.children(of: $0).isEmpty }
}

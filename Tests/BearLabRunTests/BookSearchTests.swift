import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabEvaluation
@testable import BearLabRun

/// Log-probabilities that are a function of user and node, at the price of a hash.
private struct HashScorer: PathScorer {
  let trie: ItemTrie
  var forcedTokensAreFree: Bool { true }
  private(set) var count = 0

  init(trie: ItemTrie) { self.trie = trie }

  mutating func score(_ requests: [ScoreRequest]) -> [ChildScores] {
    count += requests.count
    return requests.map { scores($0.node, prompt: $0.prompt) }
  }

  func scores(_ node: ItemTrie.Node, prompt: Int) -> ChildScores {
    var random = SeededGenerator(UInt64(prompt) &* 1_000_003 &+ UInt64(node))
    let logits = trie.children(of: node).map { _ in Double.random(in: 0...6, using: &random)
    }
    let largest = logits.max() ?? 0
    let normaliser = largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
    return ChildScores(node: node, logProbabilities: logits.map { Float($0 - normaliser) })
  }

  mutating func bestTokens(_ requests: [TokenRequest]) -> [TokenScores] { [] }
  mutating func embeddings(of texts: [[Int32]]) -> [[Float]] { [] }

  /// The total of every title, `[titles]`.
  func totals(prompt: Int) -> [Double] {
    var totals = [Double](repeating: 0, count: trie.nodeCount)
    for node in 0..<trie.nodeCount {
      let own = scores(node, prompt: prompt).logProbabilities
      for (child, logProbability) in zip(trie.children(of: node), own) {
        totals[child] = totals[node] + Double(logProbability)
      }
    }
    return (0..<trie.titleCount).map { totals[trie.leaf(of: $0)] }
  }
}

/// Searches of the catalogue of Book, which lies beside the repository, for twenty users.
struct BookSearchTests {
  private static let users = 20

  private func inputs() throws -> RunInputs? {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../shared/data/book").standardizedFileURL
      .path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: folder) else {
      print("skipped: no data set at \(folder)")
      return nil
    }
    guard let model = defaultModelPath else { return nil }
    let registry = try PluginRegistry.builtin()
    let description = try RunDescription(
      [("dataset", folder), ("model", model), ("precision", "f32")].map {
        RunDescription.Assignment(section: "", name: $0, text: $1)
      }, registry: registry)
    return try RunInputs(
      description, registry: registry,
      resources: ResourceLocator(environment: ProcessInfo.processInfo.environment))
  }

  @Test func exactAndTheDiagnosisAreThoseOfBruteForce() throws {
    guard let inputs = try inputs() else { return }
    let trie = inputs.trie
    let windows = Array(inputs.dataset.test.prefix(Self.users))
    var scorer = HashScorer(trie: trie)
    let all = windows.indices.map { scorer.totals(prompt: $0) }

    let exact = try inputs.registry.decoders.find("exact").init([:])
    let lists = try exact.search(prompts: Self.users, in: trie, scorer: &scorer)
    #expect(scorer.count < trie.titleCount * Self.users / 4)
    for (list, totals) in zip(lists, all) {
      let expected = totals.indices.sorted { totals[$0] > totals[$1] }.prefix(10)
      #expect(list.compactMap(\.title) == Array(expected))
      #expect(largestGap(list.map(\.score), expected.map { totals[$0] }) < 1e-4)
    }

    let settings = Diagnosis.Settings(width: 10)
    let rows = try Diagnoser(trie: trie, constraint: .before, settings: settings)
      .rows(windows, catalogue: inputs.dataset.catalogue, scorer: &scorer) { _, _ in }
    let beams = try inputs.registry.decoders.find("constrained-beam").init([
      "flavour": .text("paper")
    ]).search(prompts: Self.users, in: trie, scorer: &scorer)
    for (index, row) in rows.enumerated() {
      let own = all[index][row.target]
      #expect(row.rank == 1 + all[index].count { $0 > own } && row.isRankExact)
      #expect(row.isPruned == !beams[index].contains { $0.title == row.target })
    }
    let narrow = try inputs.registry.decoders.find("constrained-beam").init([
      "flavour": .text("paper"), "width": .integer(Self.narrowWidth),
    ]).search(prompts: Self.users, in: trie, scorer: &scorer)
    try expectRates(windows, all, narrow, inputs.dataset.catalogue, trie)
  }

  /// Narrow enough to lose some of the best titles.
  fileprivate static let narrowWidth = 2

  /// Of twenty random targets hardly one is among the best: each user's ten best are targets here.
  private func expectRates(
    _ windows: [Window], _ all: [[Double]], _ beams: [[RankedAnswer]], _ catalogue: Catalogue,
    _ trie: ItemTrie
  ) throws {
    var rows: [Diagnosis.Row] = []
    var (targets, pruned, violating) = (0, 0, 0)
    for user in windows.indices {
      let best = all[user].indices.sorted { all[user][$0] > all[user][$1] }.prefix(10)
      let own = best.map {
        Window(user: user, history: [1], target: catalogue.items(withTitle: $0)[0], timestamp: 0)
      }
      var scorer = OneUser(scorer: HashScorer(trie: trie), user: user)
      rows += try Diagnoser(
        trie: trie, constraint: .before, settings: .init(width: Self.narrowWidth)
      )
      .rows(own, catalogue: catalogue, scorer: &scorer) { _, _ in }
      for title in best.prefix(5) {
        targets += 1
        guard !beams[user].contains(where: { $0.title == title }) else { continue }
        pruned += 1
        violating += violates(title, user: user, scorer.scorer) ? 1 : 0
      }
    }
    let figures = Diagnosis(rows: rows, width: Self.narrowWidth).figures(cutoff: 5)
    #expect(pruned > 0 && pruned < targets)
    #expect(figures.targets == targets && figures.pruned == pruned)
    #expect(figures.violating == violating)
    #expect(figures.pruningRate == Double(pruned) / Double(targets))
  }

  private func violates(_ title: Int, user: Int, _ scorer: HashScorer) -> Bool {
    let trie = scorer.trie
    return trie.path(to: trie.leaf(of: title)).contains { node in
      let above = trie.parent(of: node) ?? ItemTrie.root
      let all = scorer.scores(above, prompt: user).logProbabilities
      return all.count { $0 > all[node - trie.children(of: above).lowerBound] }
        >= BookSearchTests.narrowWidth
    }
  }
}

/// Every prompt is that of one user.
private struct OneUser: PathScorer {
  var scorer: HashScorer
  let user: Int
  var forcedTokensAreFree: Bool { true }
  mutating func score(_ requests: [ScoreRequest]) -> [ChildScores] {
    requests.map { scorer.scores($0.node, prompt: user) }
  }
  mutating func bestTokens(_ requests: [TokenRequest]) -> [TokenScores] { [] }
  mutating func embeddings(of texts: [[Int32]]) -> [[Float]] { [] }
}

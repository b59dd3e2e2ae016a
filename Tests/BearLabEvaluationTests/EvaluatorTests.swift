import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabEvaluation

/// Keeps every title: a search without pruning.
private struct ExhaustiveDecoder: TrieDecoder {
  static let summary = "every title, best first"
  init(_ values: ParameterValues) throws {}
  func makeSearch(in trie: ItemTrie) -> any DecoderSearch { Search(trie: trie) }

  private struct Search: DecoderSearch {
    let trie: ItemTrie
    var scores: [ItemTrie.Node: Float] = [ItemTrie.root: 0]
    var results: [ScoredTitle] {
      (0..<trie.titleCount).compactMap { title in
        scores[trie.leaf(of: title)].map { ScoredTitle(title: title, score: $0) }
      }.sorted { $0.score > $1.score }
    }

    mutating func advance(_ answers: [ChildScores]) throws -> [ItemTrie.Node] {
      guard !answers.isEmpty else { return [ItemTrie.root] }
      var next: [ItemTrie.Node] = []
      for answer in answers {
        let above = scores[answer.node] ?? 0
        for (child, score) in zip(trie.children(of: answer.node), answer.logProbabilities) {
          scores[child] = above + score
          if !trie.children(of: child).isEmpty { next.append(child) }
        }
      }
      return next
    }
  }
}

struct EvaluatorTests {
  /// Items 2 and 5 share a title.
  private let catalogue = Catalogue(itemTitles: ["b", "a", "d", "c", "a"])
  private let trie: ItemTrie
  private let tiny: TinyModel

  init() throws {
    trie = try ItemTrie(paths: [[3, 4, 0], [3, 5, 0], [6, 0], [7, 8, 9, 0]])
    tiny = try TinyModel(seed: 9)
  }

  private func windows(_ count: Int) -> [Window] {
    (0..<count).map {
      Window(user: $0, history: [1 + $0 % 5], target: 1 + $0 * 2 % 5, timestamp: 0)
    }
  }

  /// Title 2, "d", is never seen in training.
  private var matcher: TitleMatcher {
    TitleMatcher(catalogue: catalogue, seenTitles: [0, 1, 3]) { _ in "" }
  }

  private func evaluator(_ constraint: ConstraintMode, batchSize: Int) throws -> Evaluator {
    try Evaluator(
      model: tiny.model, trie: trie, matcher: matcher, decoder: try ExhaustiveDecoder([:]),
      context: .letters(trie), constraint: constraint, batchSize: batchSize
    ) { window, _ in EncodedPrompt(elements: prompt(of: window)) }
  }

  private func prompt(of window: Window) -> [TokenForest.Element] {
    ([20, 21] + window.history.map { 30 + $0 }).map { TokenForest.Element(token: Int32($0)) }
  }

  /// log P of a title behind a window's prompt, from a pass of that path alone.
  private func logProbability(
    of title: Int, behind window: Window, _ constraint: ConstraintMode, _ adapter: LoRAAdapter
  ) throws -> Double {
    var forest = TokenForest()
    let start = prompt(of: window)
    let nodes = forest.insert(start + trie.tokens(of: title).map { .init(token: $0) })
    let logits = tiny.model.vocabularyLogits(
      of: try tiny.model.hiddenStates(of: nodes, in: forest, adapter: adapter)
    ).scalars.map(Double.init)
    return trie.path(to: trie.leaf(of: title)).enumerated().reduce(0.0) { total, step in
      let row = Array(
        logits[(start.count - 1 + step.offset) * 60..<(start.count + step.offset) * 60])
      let children = trie.childTokens(of: trie.parent(of: step.element) ?? ItemTrie.root)
      let columns = constraint == .before ? children.map { row[Int($0)] } : row
      return total + row[Int(trie.token(of: step.element))]
        - log(columns.reduce(0) { $0 + exp($1) })
    }
  }

  @Test(arguments: ConstraintMode.allCases)
  func listsAndLikelihoodsAreThoseOfEachPath(constraint: ConstraintMode) throws {
    let adapter = tiny.makeAdapter()
    let evaluation = try evaluator(constraint, batchSize: 3).evaluate(
      windows(7), weights: TrainedWeights(adapter: adapter))
    #expect(evaluation.rows.map(\.window) == windows(7))
    for row in evaluation.rows {
      let scores = try (0..<4).map {
        try logProbability(of: $0, behind: row.window, constraint, adapter)
      }
      let order = (0..<4).sorted { scores[$0] > scores[$1] }
      #expect(row.ranked.map(\.title) == order)
      #expect(largestGap(row.ranked.map(\.score), order.map { scores[$0] }) < 1e-5)
      let loss = -(try logProbability(of: row.target, behind: row.window, .before, adapter))
      #expect(abs(Double(try #require(row.negativeLogLikelihood)) - loss) < 1e-5)
      #expect(row.rank == order.firstIndex(of: row.target))
      #expect(row.isSeen == (row.target != 2))
    }
  }

  @Test(arguments: [1, 2, 16])
  func itemLikelihoodIsThatOfTheSearch(batchSize: Int) throws {
    let evaluation = try evaluator(.before, batchSize: batchSize).evaluate(
      windows(7), weights: .none())
    #expect(evaluation.rows.count == 7)
    for row in evaluation.rows {
      #expect(row.ranked.count == 4)
      let own = try #require(row.ranked.first { $0.title == row.target })
      #expect(abs(try #require(row.negativeLogLikelihood) + own.score) < 1e-4)
      #expect(row.rank == row.ranked.firstIndex { $0.title == row.target })
      #expect(row.target == catalogue.titleNumber(of: row.window.target))
    }
    let mean = evaluation.rows.compactMap(\.negativeLogLikelihood).reduce(0, +) / 7
    #expect(abs(Double(mean) - (try #require(evaluation.itemNLL))) < 1e-5)
  }

  @Test func theLikelihoodDoesNotDependOnTheDecodersConstraint() throws {
    let before = try evaluator(.before, batchSize: 4).evaluate(windows(5), weights: .none())
    let after = try evaluator(.after, batchSize: 4).evaluate(windows(5), weights: .none())
    let losses = (try #require(before.itemNLL), try #require(after.itemNLL))
    #expect(abs(losses.0 - losses.1) < 1e-5)
    #expect(before.rows[0].ranked.map(\.score) != after.rows[0].ranked.map(\.score))
  }

  @Test func recommendingIsRankingWithoutATarget() throws {
    let adapter = tiny.makeAdapter()
    let evaluator = try evaluator(.before, batchSize: 3)
    for row in try evaluator.evaluate(
      windows(4), weights: TrainedWeights(adapter: adapter)
    ).rows {
      let answers = try evaluator.answers(
        behind: row.window.history, weights: TrainedWeights(adapter: adapter))
      #expect(answers.map(\.title) == row.ranked.map(\.title))
      #expect(largestGap(answers.map(\.score), row.ranked.map { Double($0.score) }) < 1e-5)
    }
  }

  @Test func progressCountsTheWindows() throws {
    var seen: [Int] = []
    _ = try evaluator(.before, batchSize: 3).evaluate(windows(7), weights: .none()) {
      seen.append($0)
    }
    #expect(seen == [3, 6, 7])
  }

  @Test func recommendersRankTitlesByTheirBestItemAndTiesByBytes() throws {
    let evaluation = try Evaluation(
      windows(5), by: FixedRecommender(scores: [1, 0, 1, 1, 2]), matcher: matcher, length: 3)
    // Titles 0...3 are b, a, d, c; a's best item has 2; b, c and d tie.
    #expect(evaluation.rows[0].ranked.map(\.title) == [1, 0, 3])
    #expect(evaluation.rows.map(\.rank) == [1, nil, 0, 0, 2])
    #expect(evaluation.rows.map(\.isSeen) == [true, false, true, true, true])
    #expect(evaluation.itemNLL == nil)
  }
}

private final class FixedRecommender: FittedRecommender {
  private let fixed: [Float]
  init(scores: [Float]) { fixed = scores }
  func scores(histories: [[Int]]) -> [[Float]] { histories.map { _ in fixed } }
  var tensors: [(name: String, tensor: Tensor)] { [] }
}

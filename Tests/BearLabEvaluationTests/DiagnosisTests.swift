import BearLabCore
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabEvaluation

/// Diagnoses every title of some paths as the right answer of one user each.
private func diagnose(
  _ scorer: TableScorer, titles: Int, _ settings: Diagnosis.Settings, trie: ItemTrie
) throws -> Diagnosis {
  let catalogue = Catalogue(itemTitles: (0..<titles).map { "title \($0)" })
  let windows = (1...titles).map { Window(user: $0, history: [1], target: $0, timestamp: 0) }
  var scorer = scorer
  let rows = try Diagnoser(trie: trie, constraint: scorer.constraint, settings: settings)
    .rows(windows, catalogue: catalogue, scorer: &scorer) { $0.constraint = $1 }
  return Diagnosis(rows: rows, width: settings.width)
}

@Suite struct WorkedDiagnosisTests {
  private func diagnosis(
    _ constraint: ConstraintMode, width: Int = 2,
    _ change: (inout Diagnosis.Settings) -> Void = { _ in }
  ) throws -> Diagnosis {
    var settings = Diagnosis.Settings(width: width)
    change(&settings)
    return try diagnose(
      WorkedExample.scorer(constraint), titles: 6, settings,
      trie: ItemTrie(paths: WorkedExample.paths))
  }

  /// Sections 8.2 and 8.3: i3 and i4 deserve a place, i4 is lost without a violation.
  @Test func theWorkedExampleLosesHalfOfItsTopTwo() throws {
    let figures = try diagnosis(.after).figures(cutoff: 2)
    #expect(
      figures
        == PruningFigures(cutoff: 2, targets: 2, pruned: 1, violating: 0, displaced: 0, open: 0))
    #expect(figures.pruningRate == 0.5 && figures.proportion == 0)
    // Wilson's interval of 1 in 2.
    #expect(abs(figures.pruningInterval.lower - 0.0945) < 1e-4)
    #expect(abs(figures.pruningInterval.upper - 0.9055) < 1e-4)
    #expect(figures.proportionInterval.upper < 1)
  }

  @Test func ofTheFourLossesOneViolates() throws {
    let diagnosis = try diagnosis(.after)
    let figures = diagnosis.figures(cutoff: 6)
    #expect(
      figures
        == PruningFigures(cutoff: 6, targets: 6, pruned: 4, violating: 1, displaced: 0, open: 0))
    #expect(figures.proportion == 0.25)
    #expect(diagnosis.rows.map(\.isPruned) == [true, true, false, true, false, true])
    #expect(diagnosis.rows.map(\.rank) == [4, 5, 1, 2, 6, 3])
    #expect(diagnosis.rows.map { $0.trace.violation(width: 2) } == [nil, nil, nil, nil, nil, 1])
  }

  @Test func beforeTheSoftmaxNothingOfTheTopIsLost() throws {
    let figures = try diagnosis(.before).figures(cutoff: 2)
    #expect(figures.targets == 2 && figures.pruned == 0)
    #expect(figures.pruningRate == 0 && figures.proportion == nil)
  }

  @Test(arguments: ConstraintMode.allCases)
  func aBeamAsWideAsTheCatalogueLosesNothing(constraint: ConstraintMode) throws {
    for cutoff in [1, 2, 6] {
      let figures = try diagnosis(constraint, width: 6).figures(cutoff: cutoff)
      #expect(figures.pruned == 0 && figures.pruningRate == 0)
    }
  }

  @Test func noTargetsGiveNoRate() throws {
    let figures = try diagnosis(.after).figures(cutoff: 0)
    #expect(figures.targets == 0 && figures.pruningRate == nil)
    #expect(figures.pruningInterval == BinomialInterval(lower: 0, upper: 1))
  }

  /// i4 = [2, 5]: after its second token [2, 8] and [1, 7] are the candidates.
  @Test func theLossOfI4IsAtItsSecondToken() throws {
    let scorer = try WorkedExample.scorer(.after)
    let row = try diagnosis(.after).rows[3]
    func score(_ prefix: [Int32]) -> Float {
      prefix.indices.reduce(0) { sum, place in
        sum
          + scorer.logProbabilities(prompt: 0, prefix: Array(prefix[..<place]))[Int(prefix[place])]
      }
    }
    #expect(row.trace.dropStep == 2 && row.trace.place == nil)
    #expect(row.trace.steps.map(\.better) == [0, 1, 0])
    let threshold = min(score([2, 8]), score([1, 7]))
    #expect(abs((row.trace.margin ?? 0) - (threshold - score([2, 5]))) < 1e-5)
    #expect((row.trace.margin ?? 0) > 0)
    #expect(abs(row.logProbability + 8.4234) < 6e-5)
    // i3 stays, in the first place.
    let kept = try diagnosis(.after).rows[2].trace
    #expect(kept.place == 0 && kept.dropStep == nil && kept.margin == nil)
  }

  @Test func theSoftmaxOfTheRankCanBeAnother() throws {
    let masked = try diagnosis(.after) { $0.softmax = .masked }
    #expect(masked.rows.map(\.rank) == [5, 5, 2, 3, 1, 4])
    // The beams are those of the decoder all the same.
    #expect(masked.rows.map(\.isPruned) == [true, true, false, true, false, true])
    #expect(try diagnosis(.before) { $0.softmax = .full }.rows.map(\.rank) == [4, 5, 1, 2, 6, 3])
  }

  @Test func aRankThatIsNotCertainIsLeftOutAndCounted() throws {
    let diagnosis = try diagnosis(.after) { $0.expansionLimit = 0 }
    let figures = diagnosis.figures(cutoff: 6)
    #expect(figures.open > 0)
    #expect(figures.targets + figures.open == 6)
  }

  @Test func theTokenLimitCutsWithoutAStep() throws {
    let rows = try diagnosis(.before) { $0.tokenLimit = 3 }.rows
    // i5 has five tokens, and its prefix is the best of all.
    #expect(rows[4].isPruned && rows[4].trace.dropStep == nil && rows[4].trace.margin == nil)
    #expect(!rows[2].isPruned)
  }
}

@Suite struct DiagnosisTests {
  /// Both titles behind 2 go on where [1, EOS] has left the beam of 2.
  ///
  /// They end with higher means: 0.916/2 > 1.309/3 > 1.109/5.
  @Test func aTitleCanBeDisplacedByTheLengths() throws {
    let trie = try ItemTrie(paths: [[1, 0], [2, 2, 0], [2, 3, 3, 3, 0]])
    let scorer = TableScorer(trie: trie, constraint: .before) { _, prefix in
      prefix.isEmpty ? [0, log(0.4), log(0.6), 0] : [0, 0, log(0.45), log(0.55)]
    }
    func displaced(_ penalty: Double) throws -> [Bool] {
      try diagnose(
        scorer, titles: 3, Diagnosis.Settings(width: 2, lengthPenalty: penalty), trie: trie
      ).rows.map(\.isDisplaced)
    }
    #expect(try displaced(1) == [true, false, false])
    #expect(try displaced(0) == [false, false, false])
  }

  /// Random tries and scores: ranks by scoring all titles, losses by a search with lists and sorts.
  @Test(arguments: ConstraintMode.allCases, 0..<20)
  func itIsThatOfBruteForce(constraint: ConstraintMode, seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let titles = Int.random(in: 2...60, using: &random)
    let trie = try ItemTrie(
      paths: randomPaths(count: titles, vocabulary: 6, longest: 6, using: &random))
    // All users have one prompt.
    let scorer = TableScorer(trie: trie, constraint: constraint, vocabulary: 8, seed: seed)
      .alone(prompt: 0)
    let ranking = scorer.bruteForce().map(\.title)
    for width in [1, 2, 5, 10] {
      let diagnosis = try diagnose(
        scorer, titles: titles, Diagnosis.Settings(width: width), trie: trie)
      let lost = naiveLosses(scorer, trie, width: width)
      for row in diagnosis.rows {
        #expect(row.rank == (ranking.firstIndex(of: row.target) ?? -1) + 1 && row.isRankExact)
        #expect(row.trace.dropStep == lost[row.target])
        #expect(row.isPruned == (lost[row.target] != nil))
        #expect((row.trace.margin ?? 0) >= 0)
        // The lemma of section 8.3.
        if let violation = row.trace.violation(width: width) {
          #expect(row.isPruned && (row.trace.dropStep ?? .max) <= violation)
        }
      }
      for cutoff in [1, 5, 10] {
        let relevant = Set(ranking.prefix(cutoff))
        let pruned = relevant.filter { lost[$0] != nil }
        let figures = diagnosis.figures(cutoff: cutoff)
        #expect(figures.pruningRate == Double(pruned.count) / Double(relevant.count))
        let violating = pruned.filter { violates(scorer, trie, title: $0, width: width) }
        #expect(figures.violating == violating.count)
      }
    }
  }

  /// The step after which each title that is lost had no prefix among the candidates.
  private func naiveLosses(_ scorer: TableScorer, _ trie: ItemTrie, width: Int) -> [Int: Int] {
    var beams: [(node: ItemTrie.Node, score: Float)] = [(ItemTrie.root, 0)]
    var losses: [Int: Int] = [:]
    var step = 0
    while beams.contains(where: { trie.title(at: $0.node) == nil }) {
      step += 1
      let candidates = beams.flatMap { beam -> [(node: ItemTrie.Node, score: Float)] in
        guard trie.title(at: beam.node) == nil else { return [beam] }
        let scores = scorer.logProbabilities(prompt: 0, node: beam.node)
        return zip(trie.children(of: beam.node), scores).map { ($0, beam.score + $1) }
      }
      beams = Array(candidates.sorted { $0.score > $1.score }.prefix(width))
      let kept = Set(beams.map(\.node))
      for title in 0..<trie.titleCount where losses[title] == nil {
        let path = trie.path(to: trie.leaf(of: title))
        if !kept.contains(path[min(step, path.count) - 1]) { losses[title] = step }
      }
    }
    return losses
  }

  private func violates(
    _ scorer: TableScorer, _ trie: ItemTrie, title: Int, width: Int
  ) -> Bool {
    trie.path(to: trie.leaf(of: title)).contains { node in
      let above = trie.parent(of: node) ?? ItemTrie.root
      let scores = scorer.logProbabilities(prompt: 0, node: above)
      let own = scores[node - trie.children(of: above).lowerBound]
      return scores.count { $0 > own } >= width
    }
  }
}

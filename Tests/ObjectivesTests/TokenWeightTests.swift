import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import ObjectiveCFT
import ObjectiveD2LR
import ObjectiveIGD
import ObjectiveSFT
import Testing

/// Row losses 1, 2, 3, … over two tokens, the answers of the given lengths, each a sample.
private func answers(
  _ paths: [[Int32]], vocabulary: Int = 9, historyFree: Tensor? = nil
) throws -> AnswerBatch {
  let targets = Array(paths.joined())
  var answers: [AnswerBatch.Answer] = []
  for path in paths {
    let first = answers.last?.rows.upperBound ?? 0
    answers.append(
      AnswerBatch.Answer(
        sample: answers.count, title: answers.count, role: .positive,
        rows: first..<first + path.count))
  }
  return try AnswerBatch(
    logits: logits(targets, vocabulary: vocabulary), targets: targets,
    allowed: targets.map { _ in Array(0..<Int32(vocabulary)) }, answers: answers,
    historyFree: historyFree)
}

/// Logits with −log p of the targets 1, 2, 3, …, the others alike.
private func logits(_ targets: [Int32], vocabulary: Int) -> Tensor {
  let scalars = targets.enumerated().flatMap { row, target in
    (0..<Int32(vocabulary)).map { token in
      let share = exp(-Double(row + 1))
      return Float(log(token == target ? share : (1 - share) / Double(vocabulary - 1)))
    }
  }
  return Tensor(scalars, shape: [targets.count, vocabulary])
}

private func context(_ paths: [[Int32]], counts: [Int]) throws -> ObjectiveContext {
  ObjectiveContext(
    catalogue: Catalogue(itemTitles: paths.indices.map { "title \($0)" }),
    trie: try ItemTrie(paths: paths), targetCounts: counts, totalSteps: 10)
}

private func prepared<Kind: Objective>(
  _ objective: Kind, _ context: ObjectiveContext
) throws
  -> Kind
{
  var copy = objective
  try copy.prepare(context)
  return copy
}

/// What goes with the answers that `ObjectiveConformance` draws.
private func randomContext() throws -> ObjectiveContext {
  try RandomAnswers.context(of: SFTObjective([:]).needs)
}

private func expectSFT(_ objective: some Objective, _ batch: AnswerBatch) throws {
  let (terms, plain) = try (objective.loss(batch), SFTObjective([:]).loss(batch))
  #expect(abs(terms.mean.scalars[0] - plain.mean.scalars[0]) < 1e-6)
}

// MARK: Counterfactual fine-tuning

@Test func tokensOfCFTWeighLessAndLess() throws {
  let batch = try answers([[1, 2, 3, 4], [5]])
  let terms = try CFTObjective(["mu": .real(0)]).loss(batch)
  #expect(terms.weight.scalars[0] == 1 + 0.75 + 0.5 + 0.25 + 1)
  #expect(abs(terms.sum.scalars[0] - (1 + 0.75 * 2 + 0.5 * 3 + 0.25 * 4 + 5)) < 1e-5)
}

@Test func cftWithoutItsTwoTermsIsSFT() throws {
  let objective = try CFTObjective(["mu": .real(0), "floor": .real(1)])
  #expect(objective.needs == (try SFTObjective([:]).needs))
  #expect(try CFTObjective([:]).needs.historyFree)
  try expectSFT(objective, answers([[1, 2, 3], [4, 5]]))
}

/// z − z⁰ is the same for every token.
@Test func aHistoryThatAddsNothingCostsTheLogarithmOfTheVocabulary() throws {
  let paths: [[Int32]] = [[1, 2, 3], [4, 5]]
  let same = logits(Array(paths.joined()), vocabulary: 9)
  let batch = try answers(paths, historyFree: same)
  let (with, without) = try (
    CFTObjective(["mu": .real(0.4)]).loss(batch), CFTObjective(["mu": .real(0)]).loss(batch)
  )
  #expect(abs(with.mean.scalars[0] - without.mean.scalars[0] - 0.4 * Float(log(9.0))) < 1e-5)
}

@Test func cftKeepsTheContract() throws {
  try withCompute { () throws in
    #expect(try ObjectiveConformance.problems(of: CFTObjective([:])) == [])
    #expect(
      try ObjectiveConformance.problems(of: CFTObjective(["mu": .real(2), "floor": .real(0)])) == []
    )
    #expect(throws: AnswerBatchError.notComputed(columns: "history-free prompts")) {
      try CFTObjective([:]).loss(answers([[1]]))
    }
  }
}

@Test func theGradientPassesBothPromptsOfCFT() throws {
  var random = SeededGenerator(4)
  let objective = try CFTObjective(["mu": .real(0.7)])
  let answers = RandomAnswers(samples: 2, needs: try SFTObjective([:]).needs, using: &random)
  let (first, second) = (answers.logits(using: &random), answers.logits(using: &random))
  let error = try GradientCheck.largestError(
    of: { inputs in
      try objective.loss(
        AnswerBatch(
          logits: inputs[0], targets: answers.targets, allowed: answers.allowed,
          answers: answers.answers, historyFree: inputs[1])
      ).sum
    }, at: [first, second])
  #expect(error < 2e-3)
}

// MARK: Inverse propensity

private let threeTitles: [[Int32]] = [[1, 0], [2, 0], [3, 0]]

@Test func popularTitlesWeighLess() throws {
  let context = try context(threeTitles, counts: [100, 10, 1])
  let objective = try prepared(D2LRObjective([:]), context)
  let weights = try threeTitles.map { try objective.loss(answers([$0])).weight.scalars[0] / 2 }
  let mean = weights.reduce(0, +) / 3
  #expect(largestGap(weights.map { $0 / mean }, [0.780474, 0.982558, 1.236968]) < 1e-6)
  let terms = try objective.loss(answers(threeTitles))
  let sum = zip(weights, [Float(1 + 2), 3 + 4, 5 + 6]).reduce(0) { $0 + $1.0 * $1.1 }
  #expect(abs(terms.sum.scalars[0] - sum) < 1e-4)
}

@Test func popularTokensWeighLess() throws {
  let context = try context([[1, 0], [2, 3], [2, 4]], counts: [6, 3, 0])
  let objective = try prepared(
    D2LRObjective(["kappa": .real(1), "ips-level": .text("token")]), context)
  func weights(_ path: [Int32]) throws -> Float {
    try objective.loss(answers([path])).weight.scalars[0]
  }
  // 9 targets pass the root, 6 token 1 and its EOS, 3 token 2, none its second child.
  #expect(try weights([1, 0]) == 9 / 6 + 1)
  #expect(try weights([2, 3]) == 9 / 3 + 1)
  #expect(try weights([2, 4]) == 9 / 3 + 3)
  #expect(try weights([7, 7]) == 9 + 1)
}

@Test(arguments: ["item", "token"])
func d2lrKeepsTheContract(level: String) throws {
  try withCompute {
    let context = try randomContext()
    let values: [String: ParameterValue] = ["ips-level": .text(level)]
    let objective = try prepared(D2LRObjective(values), context)
    #expect(try ObjectiveConformance.problems(of: objective) == [])
    let off = values.merging(["kappa": .real(0)], uniquingKeysWith: { $1 })
    try expectSFT(prepared(D2LRObjective(off), context), answers(threeTitles))
    #expect(throws: D2LRError.notPrepared) { try D2LRObjective([:]).loss(answers([[1]])) }
  }
}

// MARK: Information gain

/// `a` is shared by two titles, the others have a first token of their own.
private let fourTitles: [[Int32]] = [[1, 2, 0], [1, 3, 0], [4, 0], [5, 0]]

@Test func tokensThatTellNothingWeighLess() throws {
  let context = try context(fourTitles, counts: [0, 0, 0, 0])
  let objective = try prepared(IGDObjective([:]), context)
  // a, its second token and EOS; then a title of its own and EOS.
  let terms = try objective.loss(answers([[1, 2, 0], [4, 0]]))
  #expect(abs(terms.weight.scalars[0] - (1 + 1 + 0.1 + 1 + 0.1)) < 1e-6)
  #expect(abs(terms.sum.scalars[0] - (1 + 2 + 0.3 + 4 + 0.5)) < 1e-5)
  // 7 is no token of the trie.
  #expect(abs(try objective.loss(answers([[1, 7, 0]])).weight.scalars[0] - 1.2) < 1e-6)
}

@Test func unseenTitlesAreNotInThePublishedTrie() throws {
  let context = try context(fourTitles, counts: [5, 0, 3, 0])
  let objective = try prepared(IGDObjective(["smoothing": .integer(0)]), context)
  #expect(abs(try objective.loss(answers([[1, 2, 0]])).weight.scalars[0] - 1.2) < 1e-6)
  #expect(abs(try objective.loss(answers([[1, 3, 0]])).weight.scalars[0] - 1.2) < 1e-6)
}

@Test(arguments: ["global", "conditional"])
func igdKeepsTheContract(entropy: String) throws {
  try withCompute {
    let values: [String: ParameterValue] = ["entropy": .text(entropy), "b-ig": .real(0.3)]
    #expect(
      try ObjectiveConformance.problems(
        of: prepared(IGDObjective(values), randomContext())) == [])
    let context = try context(fourTitles, counts: [3, 1, 0, 9])
    try expectSFT(prepared(IGDObjective(["b-ig": .real(1)]), context), answers(fourTitles))
    #expect(throws: IGDError.notPrepared) { try IGDObjective(values).loss(answers([[1]])) }
  }
}

/// b = 0: SFT over the tokens with a choice.
@Test func igdWithoutAFloorLeavesForcedTokensOut() throws {
  let objective = try prepared(
    IGDObjective(["b-ig": .real(0)]), context(fourTitles, counts: [1, 1, 1, 1]))
  let terms = try objective.loss(answers(fourTitles))
  #expect(terms.weight.scalars[0] == 6)
  #expect(abs(terms.sum.scalars[0] - (1 + 2 + 4 + 5 + 7 + 9)) < 1e-4)
}

import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

@Suite struct AnswerForestTests {
  /// Titles 5 6 7 EOS, 5 6 8 EOS and 9 10 EOS: 6, 10 and every EOS are forced.
  private static let paths: [[Int32]] = [[5, 6, 7, 0], [5, 6, 8, 0], [9, 10, 0]]
  private let trie: ItemTrie
  private let tiny: TinyModel
  private let prompt = randomTokens(5, seed: 1)

  init() throws {
    trie = try ItemTrie(paths: Self.paths)
    tiny = try TinyModel(seed: 71, tiedHead: false)
  }

  @Test(arguments: [ObjectiveNeeds.Columns.children, .vocabulary])
  func rowsAreTheTokensOfTheAnswers(columns: ObjectiveNeeds.Columns) throws {
    let samples = [
      AnswerForest.Sample(prompt: prompt, answers: [(1, .positive), (2, .negative)]),
      AnswerForest.Sample(prompt: randomTokens(2, seed: 2), answers: [(0, .positive)]),
    ]
    let batch = try AnswerForest(samples, trie: trie, columns: columns)
      .batch(model: tiny.model, adapter: nil)
    #expect(batch.targets == [5, 6, 8, 0, 9, 10, 0, 5, 6, 7, 0])
    let titleA: [[Int32]] = [[5, 9], [6], [7, 8], [0]]
    let titleB: [[Int32]] = [[5, 9], [10], [0]]
    #expect(batch.allowed.map(Array.init) == titleA + titleB + titleA)
    #expect(batch.answers.map(\.sample) == [0, 0, 1])
    #expect(batch.answers.map(\.title) == [1, 2, 0])
    #expect(batch.answers.map(\.role) == [.positive, .negative, .positive])
    #expect(batch.answers.map(\.rows) == [0..<4, 4..<7, 7..<11])
    #expect(try batch.childLogits.targetPositions == [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    if columns == .vocabulary {
      #expect(try batch.vocabularyLogits.targetPositions == batch.targets.map(Int.init))
    } else {
      #expect(throws: AnswerBatchError.self) { _ = try batch.vocabularyLogits }
      // A forced token has one logit, which is 0.
      let forced = try batch.childLogits.rowValues.filter { $0.count == 1 }
      #expect(forced == Array(repeating: [0], count: 6))
    }
  }

  /// (title, tokens behind the prompt): forced ones at the end are computed for the vocabulary only.
  @Test(arguments: [(0, 2, 3), (1, 2, 3), (2, 0, 2)])
  func tokensAfterTheLastChoiceAreNotComputed(title: Int, children: Int, vocabulary: Int) {
    let sample = AnswerForest.Sample(prompt: prompt, answers: [(title, .positive)])
    let forest = { AnswerForest([sample], trie: trie, columns: $0) }
    #expect(forest(.children).nodeCount == prompt.count + children)
    #expect(forest(.vocabulary).nodeCount == prompt.count + vocabulary)
  }

  @Test func samplesShareWhatTheirPathsShare() {
    let other = prompt.prefix(3) + randomTokens(4, seed: 3)
    let samples = [(prompt, [0, 1]), (Array(other), [2]), (prompt, [0])].map { prompt, titles in
      AnswerForest.Sample(prompt: prompt, answers: titles.map { ($0, .positive) })
    }
    let forest = { AnswerForest(samples, trie: trie, columns: $0) }
    #expect(forest(.children).nodeCount == 5 + 2 + 4)
    // 5 6 7 and 8 behind the first prompt, 9 10 behind the second.
    #expect(forest(.vocabulary).nodeCount == 5 + 4 + 4 + 2)
  }

  /// Random samples: logits of each row from a pass of its path alone, and gradients.
  @Test(arguments: 0..<4 as Range<UInt64>, [ObjectiveNeeds.Columns.children, .vocabulary])
  func logitsAreThoseOfEachPath(seed: UInt64, columns: ObjectiveNeeds.Columns) throws {
    let trie = try randomTrie(seed: seed)
    let samples = randomSamples(seed: seed, trie: trie)
    let dropout = DropoutKey(seed: seed, step: 3)
    let (together, apart) = (tiny.makeAdapter(dropout: 0.2), tiny.makeAdapter(dropout: 0.2))
    let batch = try AnswerForest(samples, trie: trie, columns: columns)
      .batch(model: tiny.model, adapter: together, dropout: dropout)
    let rows = columns == .children ? try batch.childLogits : try batch.vocabularyLogits
    // The linear function leaves out forced rows, whose single logit is only known as 0.
    var random = SeededGenerator(seed)
    let coefficients = batch.allowed.map { allowed in
      (0..<(columns == .children ? allowed.count : 60)).map { _ in
        columns == .children && allowed.count == 1 ? 0 : Float.random(in: -1...1, using: &random)
      }
    }
    let flat = coefficients.flatMap { $0 }
    (rows.values * Tensor(flat, shape: [flat.count])).sum().backward()
    for answer in batch.answers {
      let expected = try pathLogits(
        samples[answer.sample].prompt.elements, answer, batch, columns, apart, dropout)
      let own = answer.rows.flatMap { coefficients[$0] }
      (expected * Tensor(own, shape: [own.count])).sum().backward()
      let values = expected.scalars
      let actual = answer.rows.flatMap { rows.rowValues[$0] }
      let known = values.indices.filter { columns == .vocabulary || own[$0] != 0 }
      #expect(relativeGap(known.map { actual[$0] }, known.map { values[$0] }) < 1e-5)
    }
    let gradients = { (adapter: LoRAAdapter) in
      adapter.parameters.flatMap { $0.tensor.gradient ?? [] }
    }
    #expect(relativeGap(gradients(together), gradients(apart)) < 1e-5)
  }

  /// Where the vocabulary is computed, the children's logits are some of its columns.
  @Test func childrenOfTheVocabulary() throws {
    let trie = try randomTrie(seed: 2)
    let batch = try AnswerForest(
      randomSamples(seed: 5, trie: trie), trie: trie, columns: .vocabulary
    ).batch(model: tiny.model, adapter: nil)
    let all = try batch.vocabularyLogits.rowValues
    let expected = zip(all, batch.allowed).map { row, allowed in allowed.map { row[Int($0)] } }
    #expect(try batch.childLogits.rowValues == expected)
  }

  /// Nothing has to be predicted in a catalogue of one title.
  @Test func aBatchOfForcedRows() throws {
    let single = try ItemTrie(paths: [[4, 2, 0]])
    let sample = AnswerForest.Sample(prompt: prompt, answers: [(0, .positive)])
    let adapter = tiny.makeAdapter()
    let forest = AnswerForest([sample], trie: single, columns: .children)
    #expect(forest.nodeCount == prompt.count)
    let logits = try forest.batch(model: tiny.model, adapter: adapter).childLogits
    #expect(logits.rowValues == [[0], [0], [0]])
    logits.targetLogProbabilities().sum().backward()
    #expect(adapter.parameters.allSatisfy { $0.tensor.gradient?.allSatisfy { $0 == 0 } ?? true })
  }

  private func randomSamples(seed: UInt64, trie: ItemTrie) -> [AnswerForest.Sample] {
    var random = SeededGenerator(seed)
    let stem = randomTokens(6, seed: seed)
    return (0..<4).map { number in
      let length = Int.random(in: 1...6, using: &random)
      let titles = (0..<3).map { _ in Int.random(in: 0..<trie.titleCount, using: &random) }
      return AnswerForest.Sample(
        prompt: stem.prefix(length) + randomTokens(number, seed: UInt64(number)),
        answers: titles.map { ($0, .positive) })
    }
  }

  /// The logits of an answer's rows, flat, from a pass of the prompt and that answer alone.
  private func pathLogits(
    _ prompt: [TokenForest.Element], _ answer: AnswerBatch.Answer, _ batch: AnswerBatch,
    _ columns: ObjectiveNeeds.Columns, _ adapter: LoRAAdapter, _ dropout: DropoutKey
  ) throws -> Tensor {
    let path = prompt + batch.targets[answer.rows].dropLast().map { .init(token: $0) }
    let hidden = try hiddenStates(
      alongPath: path, model: tiny.model, adapter: adapter, dropout: dropout)
    let logits = tiny.model.vocabularyLogits(
      of: hidden.rows(at: Array(prompt.count - 1..<path.count)))
    guard columns == .children else { return logits.reshaped([logits.count]) }
    return RaggedRows(
      gathering: Array(batch.allowed[answer.rows]), from: logits,
      targets: [Int](repeating: 0, count: answer.rows.count)
    ).values
  }
}

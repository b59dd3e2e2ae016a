import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabRun
import BearLabTensor
import BearLabTestSupport
import Testing

/// The gradient of an objective that compares answers is the same whether the answers of a sample
/// share its prompt in one forest, or each is run behind a prompt of its own.
struct SharedPromptTests {
  private let tiny: TinyModel
  private let trie: ItemTrie

  init() throws {
    tiny = try TinyModel(seed: 13, tiedHead: false)
    var random = SeededGenerator(5)
    trie = try ItemTrie(paths: randomPaths(count: 12, vocabulary: 9, longest: 4, using: &random))
  }

  private func samples(_ needs: ObjectiveNeeds) -> [AnswerForest.Sample] {
    (0..<3).map { index in
      let prompt = [20, 21, 22, 30 + index, 40].map { TokenForest.Element(token: Int32($0)) }
      let answers = (0...(needs.negatives?.count ?? 0)).map { place in
        AnswerForest.Candidate(
          text: .title((index + 2 * place) % trie.titleCount),
          role: place == 0 ? .positive : .negative,
          referenceLogProbability: -Float(3 + (index + 2 * place) % 4),
          recommenderScore: Float(index - place))
      }
      return AnswerForest.Sample(prompt: EncodedPrompt(elements: prompt), answers: answers)
    }
  }

  /// One batch of all rows, whose logits come from a forest for each answer.
  private func unshared(
    _ samples: [AnswerForest.Sample], _ adapter: LoRAAdapter, _ dropout: DropoutKey
  ) throws -> AnswerBatch {
    var logits: [Tensor] = []
    var targets: [Int32] = []
    var allowed: [[Int32]] = []
    var answers: [AnswerBatch.Answer] = []
    for (place, sample) in samples.enumerated() {
      for answer in sample.answers {
        let alone = AnswerForest(
          [AnswerForest.Sample(prompt: sample.prompt, answers: [answer])], trie: trie,
          columns: .vocabulary)
        let batch = try alone.batch(model: tiny.model, adapter: adapter, dropout: dropout)
        let first = targets.count
        logits.append(
          try batch.vocabularyLogits.values.reshaped([
            batch.rowCount, tiny.shape.vocabularySize,
          ]))
        targets += batch.targets
        allowed += batch.allowed.map(Array.init)
        answers.append(
          AnswerBatch.Answer(
            sample: place, title: answer.title, role: answer.role, rows: first..<targets.count,
            referenceLogProbability: answer.referenceLogProbability,
            recommenderScore: answer.recommenderScore))
      }
    }
    return try AnswerBatch(
      logits: Tensor.concatenatingRows(logits), targets: targets, allowed: allowed,
      answers: answers)
  }

  @Test(arguments: ["dpo", "s-dpo", "s-dpo-bear", "rose-po", "sprec"])
  func gradientsAreThoseOfUnsharedPrompts(name: String) throws {
    let objective = try PluginRegistry.builtin().objectives.find(name).init([:])
    let samples = samples(objective.needs)
    let dropout = DropoutKey(seed: 2, step: 1)
    let (shared, apart) = (tiny.makeAdapter(dropout: 0.2), tiny.makeAdapter(dropout: 0.2))
    let forest = AnswerForest(samples, trie: trie, columns: objective.needs.columns)
    let together = try objective.loss(
      forest.batch(model: tiny.model, adapter: shared, dropout: dropout))
    let single = try objective.loss(unshared(samples, apart, dropout))
    #expect(abs(together.sum.scalars[0] - single.sum.scalars[0]) < 1e-4)
    together.sum.backward()
    single.sum.backward()
    let gradients = { (adapter: LoRAAdapter) in
      adapter.parameters.flatMap { $0.tensor.gradient ?? [] }
    }
    #expect(gradients(shared).contains { $0 != 0 })
    #expect(relativeGap(gradients(shared), gradients(apart)) < 1e-5)
  }
}

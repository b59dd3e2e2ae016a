import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// What objectives that compare answers are given: each part equals what is computed apart.
@Suite struct ComparedAnswersTests {
  private let tiny: TinyModel
  private let trie: ItemTrie
  private let samples: [AnswerForest.Sample]

  init() throws {
    tiny = try TinyModel(seed: 71, tiedHead: false)
    var random = SeededGenerator(9)
    trie = try ItemTrie(paths: randomPaths(count: 14, vocabulary: 7, longest: 5, using: &random))
    let stem = randomTokens(6, seed: 2)
    samples = (0..<3).map { index in
      let prompt = stem.prefix(4 + index) + randomTokens(3, seed: UInt64(index))
      let answers = (0..<4).map { number in
        AnswerForest.Candidate(
          title: (index + 3 * number) % 14, role: number == 0 ? .positive : .negative)
      }
      return AnswerForest.Sample(
        prompt: EncodedPrompt(elements: Array(prompt)), answers: answers)
    }
  }

  /// The reference is a sum over the tokens of paths that are computed one by one.
  @Test(arguments: [ObjectiveNeeds.Columns.children, .vocabulary])
  func referenceIsThatOfEachPath(columns: ObjectiveNeeds.Columns) throws {
    let adapter = tiny.makeAdapter()
    let together = try AnswerForest(samples, trie: trie, columns: columns)
      .logProbabilities(model: tiny.model, adapter: adapter.frozen())
    var apart: [Float] = []
    for sample in samples {
      for answer in sample.answers {
        var scorer = LanguageModelScorer(
          model: tiny.model, adapter: adapter, trie: trie,
          constraint: columns == .children ? .before : .after, prompts: [sample.prompt.elements])
        apart += try scorer.negativeLogLikelihoods(of: [#require(answer.title)]).map { -$0 }
      }
    }
    #expect(relativeGap(together, apart) < 1e-5)
  }

  @Test func aFrozenCopyStaysAndHasNoGradients() {
    let adapter = tiny.makeAdapter()
    let frozen = adapter.frozen()
    let before = frozen.parameters.map(\.tensor.scalars)
    for parameter in adapter.parameters {
      parameter.tensor.replace(with: parameter.tensor.scalars.map { $0 + 1 })
    }
    #expect(frozen.parameters.map(\.tensor.scalars) == before)
    #expect(frozen.parameters.allSatisfy { !$0.tensor.requiresGradient })
  }

  /// Logits and gradients behind the prompt without the history are those of that prompt alone.
  @Test func historyFreeLogitsAreThoseOfTheirOwnPrompt() throws {
    let general = EncodedPrompt(elements: randomTokens(5, seed: 8))
    let both = samples.map {
      AnswerForest.Sample(prompt: $0.prompt, historyFree: general, answers: $0.answers)
    }
    let alone = samples.map { AnswerForest.Sample(prompt: general, answers: $0.answers) }
    let dropout = DropoutKey(seed: 4, step: 1)
    let (first, second) = (tiny.makeAdapter(dropout: 0.2), tiny.makeAdapter(dropout: 0.2))
    let batch = try AnswerForest(both, trie: trie, columns: .vocabulary)
      .batch(model: tiny.model, adapter: first, dropout: dropout)
    let expected = try AnswerForest(alone, trie: trie, columns: .vocabulary)
      .batch(model: tiny.model, adapter: second, dropout: dropout)
    let (mine, own) = try (
      batch.historyFreeLogits.targetLogProbabilities(),
      expected.vocabularyLogits.targetLogProbabilities()
    )
    #expect(relativeGap(mine.scalars, own.scalars) < 1e-5)
    mine.sum().backward()
    own.sum().backward()
    for (mine, own) in zip(first.parameters, second.parameters) {
      #expect(relativeGap(mine.tensor.gradient ?? [], own.tensor.gradient ?? []) < 1e-5)
    }
  }

  /// A text that leaves the catalogue has the log-probability of its tokens, and none is a choice
  /// from there on.
  @Test func aTextOutsideOfTheCatalogueIsScored() throws {
    let text: [Int32] = trie.tokens(of: 0).prefix(1) + [59, 58, 0]
    let prompt = samples[0].prompt
    let sample = AnswerForest.Sample(
      prompt: prompt,
      answers: [.init(title: 2, role: .positive), .init(text: .tokens(text), role: .negative)])
    let forest = AnswerForest([sample], trie: trie, columns: .vocabulary)
    let batch = try forest.batch(model: tiny.model, adapter: nil)
    #expect(batch.answers[1].title == nil)
    let rows = batch.answers[1].rows
    #expect(rows.map { batch.targets[$0] } == text)
    #expect(rows.dropFirst().allSatisfy { batch.allowed[$0].count == 1 })
    let whole = try AnswerForest(
      [.init(prompt: prompt, answers: [.init(title: 0, role: .positive)])],
      trie: ItemTrie(paths: [text]), columns: .vocabulary)
    let expected = try whole.batch(model: tiny.model, adapter: nil).answerLogProbabilities.scalars
    #expect(relativeGap([try batch.answerLogProbabilities.scalars[1]], expected) < 1e-5)
  }

  /// The thresholds of a search within the step are those of a search of its own.
  @Test(arguments: [1, 2, 3, 20]) func beamThresholdsAreThoseOfASearch(width: Int) throws {
    let adapter = tiny.makeAdapter()
    let batch = try AnswerForest(samples, trie: trie, columns: .children)
      .batch(model: tiny.model, adapter: adapter, beamWidth: width)
    for answer in batch.answers {
      var scorer = LanguageModelScorer(
        model: tiny.model, adapter: adapter, trie: trie, constraint: .before,
        prompts: [samples[answer.sample].prompt.elements])
      var search = CompetingBeamSearch(in: trie, width: width, tokenLimit: trie.maximumDepth)
      var wanted = search.advance([])
      while !wanted.isEmpty {
        wanted = search.advance(
          try scorer.score(wanted.map { ScoreRequest(prompt: 0, node: $0) }))
      }
      let expected = answer.rows.indices.map {
        search.thresholds[min($0 - answer.rows.lowerBound, search.thresholds.count - 1)]
      }
      #expect(relativeGap(answer.rows.map { try! batch.beamThresholds[$0] }, expected) < 1e-5)
    }
  }

  /// The search within the step neither changes the step nor sees other dropout masks than it.
  @Test func aSearchWithinTheStepLeavesItAsItIs() throws {
    try withCompute {
      let tiny = try TinyModel(seed: 71, tiedHead: false)
      let dropout = DropoutKey(seed: 4, step: 1)
      let (plain, searched) = (tiny.makeAdapter(dropout: 0.3), tiny.makeAdapter(dropout: 0.3))
      let forest = AnswerForest(samples, trie: trie, columns: .children)
      let first = try forest.batch(model: tiny.model, adapter: plain, dropout: dropout)
      let second = try forest.batch(
        model: tiny.model, adapter: searched, dropout: dropout, beamWidth: 3)
      try #expect(first.childLogits.values.scalars == second.childLogits.values.scalars)
      try first.childLogits.targetLogProbabilities().sum().backward()
      try second.childLogits.targetLogProbabilities().sum().backward()
      for (one, other) in zip(plain.parameters, searched.parameters) {
        #expect(one.tensor.gradient == other.tensor.gradient)
      }
      // At full width nothing is dropped: the least of all prefixes, under the step's masks.
      let all = (0..<trie.titleCount).map { AnswerForest.Candidate(title: $0, role: .negative) }
      for (index, sample) in samples.enumerated() {
        let every = AnswerForest(
          [AnswerForest.Sample(prompt: sample.prompt, answers: all)], trie: trie,
          columns: .children)
        let scores = try every.batch(model: tiny.model, adapter: plain, dropout: dropout)
        let logProbabilities = try scores.childLogits.targetLogProbabilities().scalars
        let wide = try forest.batch(
          model: tiny.model, adapter: plain, dropout: dropout, beamWidth: 100)
        for answer in wide.answers where answer.sample == index {
          for (step, row) in answer.rows.enumerated() {
            let least = scores.answers.map { candidate in
              candidate.rows.prefix(step + 1).reduce(Float(0)) { $0 + logProbabilities[$1] }
            }.min()
            #expect(abs(try wide.beamThresholds[row] - #require(least)) < 1e-4)
          }
        }
      }
    }
  }
}

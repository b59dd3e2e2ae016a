internal import BearLabCore
internal import BearLabLanguageModel
internal import BearLabNN

/// Prompts and answers of given lengths for a model without a tokenizer: tokens that mean nothing.
struct SyntheticAnswers {
  let trie: ItemTrie
  /// As many titles as the trie has.
  let catalogue: Catalogue
  private let sizes: ShapeBench.Sizes
  private let vocabularySize: Int
  private let seed: UInt64

  /// Makes the titles; at each of their tokens there is a choice, so that all are computed.
  ///
  /// - Throws: `TrieError`, never for sizes of at least 1 and a vocabulary of at least 2.
  init(_ sizes: ShapeBench.Sizes, vocabularySize: Int, seed: UInt64) throws {
    self.sizes = sizes
    self.vocabularySize = vocabularySize
    self.seed = seed
    let count = Self.answerCount(vocabularySize)
    let answers = (0..<count).map { answer in
      // Even tokens, the first of which tells the answers apart.
      (0..<sizes.answerTokens).map { Int32(2 * ((answer + 7 * $0) % count)) }
    }
    // Beside each token of an answer, the odd one is a title's end.
    let siblings = answers.flatMap { answer in
      answer.indices.map { Array(answer[..<$0]) + [answer[$0] + 1] }
    }
    trie = try ItemTrie(paths: answers + siblings)
    catalogue = Catalogue(itemTitles: (0..<answers.count + siblings.count).map { "\($0)" })
  }

  private static func answerCount(_ vocabularySize: Int) -> Int {
    max(1, min(64, vocabularySize / 2))
  }

  /// The samples of one step, the same for the same number.
  func samples(ofStep step: Int) -> [AnswerForest.Sample] {
    let shared = tokens(sizes.sharedTokens, key: seed)
    return (0..<sizes.batchSize).map { row in
      let number = step * sizes.batchSize + row
      let own = tokens(
        sizes.promptTokens - sizes.sharedTokens,
        key: CounterGenerator.mix(seed, UInt64(number)))
      return AnswerForest.Sample(
        prompt: (shared + own).map { TokenForest.Element(token: $0) },
        answers: [(number % Self.answerCount(vocabularySize), .positive)])
    }
  }

  private func tokens(_ count: Int, key: UInt64) -> [Int32] {
    var random = CounterGenerator(key: key)
    return (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabularySize), using: &random) }
  }
}

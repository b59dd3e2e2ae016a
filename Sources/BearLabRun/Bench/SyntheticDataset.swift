internal import BearLabCore
internal import BearLabNN
internal import BearLabText

/// Data sets of any size, drawn from a seed: their content means nothing.
struct SyntheticDataset {
  private static let fewestWords = 16
  private static let phrases = PromptPhrases(
    instruction: "Given ten titles that the user liked recently, please recommend a new one.",
    historyPhrase: "The user has liked the following titles before: ")

  /// What titles are made of: the tokens that are letters of ASCII, a blank before them or not.
  private let words: [String]
  private let seed: UInt64

  /// Takes the words from a tokenizer's vocabulary.
  ///
  /// - Throws: ``BenchError/tooFewWords(_:needed:)``.
  init(encoder: BytePairEncoder, seed: UInt64) throws(BenchError) {
    let letters = (0..<Int32(encoder.vocabularySize)).compactMap { token -> String? in
      let text = encoder.decode([token])
      let word = text.hasPrefix(" ") ? String(text.dropFirst()) : text
      return !word.isEmpty && word.allSatisfy { $0.isASCII && $0.isLetter } ? word : nil
    }
    words = Set(letters).sorted()
    self.seed = seed
    guard words.count >= Self.fewestWords else {
      throw .tooFewWords(words.count, needed: Self.fewestWords)
    }
  }

  /// Draws a data set.
  ///
  /// - Parameters:
  ///   - titles: distinct ones, of 3 to 12 words.
  ///   - historyLength: items in every history.
  ///   - windows: as many are there to train on as to search for.
  /// - Returns: a data set without validation rows.
  func make(titles: Int, historyLength: Int, windows: Int) -> Dataset {
    var random = CounterGenerator(key: CounterGenerator.mix(seed, UInt64(titles)))
    var seen: Set<String> = []
    seen.reserveCapacity(titles)
    var all: [String] = []
    all.reserveCapacity(titles)
    while all.count < titles {
      let title = (0..<Int.random(in: 3...12, using: &random)).map { _ in
        words[Int.random(in: words.indices, using: &random)]
      }.joined(separator: " ")
      if seen.insert(title).inserted { all.append(title) }
    }
    func draw() -> [Window] {
      (1...windows).map { user in
        let items = (0...historyLength).map { _ in Int.random(in: 1...titles, using: &random) }
        return Window(
          user: user, history: Array(items.dropLast()), target: items[historyLength],
          timestamp: user)
      }
    }
    let train = draw()
    return Dataset(
      name: "synthetic", catalogue: Catalogue(itemTitles: all), phrases: Self.phrases,
      train: train, trainSample: train, validation: [], test: draw())
  }
}

public import BearLabCore

/// Checks decoders against the contract of `Decoder`, on random catalogues and logits.
///
/// ```swift
/// @Test func conforms() throws {
///   try DecoderConformance.check(MyDecoder.self)
/// }
/// ```
///
/// No answer twice, no title that is not in the catalogue and none that is not told as one, best
/// first, never more than the width; at a width of the whole catalogue the same ranking as brute
/// force; the same results whether prompts are searched alone or together, and a second time; and of
/// a `TrieDecoder` nothing but titles.
public enum DecoderConformance {
  /// Checks a type: what it declares, and a decoder with some parameters.
  ///
  /// Widths are those of its parameter `width`; without one, nothing is compared with brute force.
  ///
  /// - Parameters:
  ///   - type: the decoder under test.
  ///   - parameters: those that differ from the defaults.
  ///   - isExact: whether the ranking at full width is that of the log-probability; false for a
  ///     decoder with scores of its own, or one that finds other answers.
  /// - Throws: ``ConformanceError``, and what the decoder throws.
  public static func check(
    _ type: any Decoder.Type, _ parameters: [String: ParameterValue] = [:], isExact: Bool = true
  ) throws {
    let declared = DeclarationConformance.problems(of: type)
    try ConformanceError.require(declared, of: type, as: "Plugin")
    let hasWidth = type.parameters.contains { $0.name == "width" }
    let found = try problems(isExact: isExact && hasWidth, hasWidth: hasWidth) { width in
      try type.init(hasWidth ? parameters.merging(["width": .integer(width)]) { $1 } : parameters)
    }
    try ConformanceError.require(found, of: type, as: "Decoder")
  }

  /// Looks for what is wrong with a decoder.
  ///
  /// - Parameters:
  ///   - catalogues: how many random ones.
  ///   - isExact: whether the ranking is that of `score`; false for a decoder with scores of its
  ///     own, or one that finds other answers.
  ///   - hasWidth: whether a list is no longer than the width that is asked for.
  ///   - score: turns a title's log-probability and number of tokens into its score.
  ///   - makeDecoder: the decoder under test for a beam width.
  /// - Returns: what is wrong, empty where nothing is.
  /// - Throws: what the decoder throws.
  public static func problems(
    catalogues: Int = 40, isExact: Bool = true, hasWidth: Bool = true,
    score: (Float, Int) -> Float = { total, _ in total },
    _ makeDecoder: (_ width: Int) throws -> any Decoder
  ) throws -> [String] {
    var problems: [String] = []
    for seed in 0..<UInt64(catalogues) {
      var random = SeededGenerator(seed)
      let paths = randomPaths(
        count: Int.random(in: 1...25, using: &random), vocabulary: 4, using: &random)
      let trie = try ItemTrie(paths: paths)
      let decoder = try makeDecoder(paths.count + 2)
      for constraint in decoder.constraint.map({ [$0] }) ?? ConstraintMode.allCases {
        var scorer = TableScorer(trie: trie, constraint: constraint, vocabulary: 8, seed: seed)
        scorer.embedding = { randomVector(4, seed: $0.reduce(seed) { $0 &* 31 &+ UInt64($1) }) }
        scorer.recommender = { randomVector(trie.titleCount, seed: seed &+ UInt64($0)) }
        let check = DecoderCheck(trie: trie, scorer: scorer, prompts: 3)
        var found: [String] = []
        for width in [1, 2, 3, 10] {
          found += try check.contract(makeDecoder(width), width: hasWidth ? width : .max)
            .map { "width \(width): \($0)" }
        }
        if isExact { found += try check.exactness(decoder, score: score) }
        problems += found.map { "catalogue \(seed), constraint \(constraint): \($0)" }
      }
    }
    return problems
  }
}

private func randomVector(_ count: Int, seed: UInt64) -> [Float] {
  var random = SeededGenerator(seed)
  return (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
}

/// The checks on one catalogue.
private struct DecoderCheck {
  let trie: ItemTrie
  let scorer: TableScorer
  let prompts: Int

  func contract(_ decoder: any Decoder, width: Int) throws -> [String] {
    var problems: [String] = []
    let together = try search(decoder, scorer, prompts: prompts)
    if try search(decoder, scorer, prompts: prompts) != together {
      problems.append("a second search has other results")
    }
    for (prompt, results) in together.enumerated() {
      let titles = results.compactMap(\.title)
      if Set(titles).count != titles.count {
        problems.append("prompt \(prompt) has titles twice in \(titles)")
      }
      if !titles.allSatisfy((0..<trie.titleCount).contains) {
        problems.append("prompt \(prompt) has titles that are not in the catalogue in \(titles)")
      }
      problems += others(decoder, results.filter { $0.title == nil }.map(\.tokens))
      if results.count > width { problems.append("\(results.count) results at width \(width)") }
      if results.isEmpty { problems.append("no results at width \(width)") }
      if zip(results, results.dropFirst()).contains(where: { $0.score < $1.score }) {
        problems.append("results that are not best first: \(results.map(\.score))")
      }
      if try search(decoder, scorer.alone(prompt: prompt), prompts: 1) != [results] {
        problems.append("prompt \(prompt) has other results when searched alone")
      }
    }
    return problems
  }

  /// What is wrong with answers that are no titles.
  private func others(_ decoder: any Decoder, _ answers: [[Int32]]) -> [String] {
    var problems: [String] = []
    if decoder is any TrieDecoder, !answers.isEmpty {
      problems.append("\(answers) are no titles of the trie")
    }
    let ends = trie.endToken.map { [$0] } ?? []
    for answer in answers
    where trie.node(along: answer + ends).flatMap({ trie.title(at: $0) }) != nil {
      problems.append("\(answer) is a title that is not told as one")
    }
    if Set(answers).count != answers.count { problems.append("answers twice in \(answers)") }
    return problems
  }

  func exactness(_ decoder: any Decoder, score: (Float, Int) -> Float) throws -> [String] {
    let together = try search(decoder, scorer, prompts: prompts)
    return (0..<prompts).compactMap { prompt in
      let expected = scorer.bruteForce(prompt: prompt, score: score)
      let actual = together[prompt].compactMap { answer in
        answer.title.map { ScoredTitle(title: $0, score: answer.score) }
      }
      .sorted { ($1.score, $0.title) < ($0.score, $1.title) }
      return isClose(actual, expected)
        ? nil
        : "prompt \(prompt): at full width brute force finds \(Self.list(expected)), the decoder "
          + Self.list(actual)
    }
  }

  /// Titles with their scores.
  private static func list(_ titles: [ScoredTitle]) -> String {
    "[" + titles.map { "title \($0.title) \($0.score)" }.joined(separator: ", ") + "]"
  }

  /// Whether titles and scores agree; titles of nearly one score may change places.
  private func isClose(_ actual: [ScoredTitle], _ expected: [ScoredTitle]) -> Bool {
    let scores = Dictionary(
      expected.map { ($0.title, $0.score) }, uniquingKeysWith: { first, _ in first })
    return actual.count == expected.count
      && zip(actual, expected).allSatisfy { found, wanted in
        guard let own = scores[found.title] else { return false }
        return abs(found.score - own) < 1e-5 && abs(found.score - wanted.score) < 1e-5
      }
  }

  private func search(
    _ decoder: any Decoder, _ scorer: TableScorer, prompts: Int
  ) throws -> [[RankedAnswer]] {
    var (decoder, scorer) = (decoder, scorer)
    try decoder.prepare(.letters(trie), scorer: &scorer)
    return try decoder.search(prompts: prompts, in: trie, scorer: &scorer)
  }
}

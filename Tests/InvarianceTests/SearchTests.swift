import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabRun
import BearLabTensor
import BearLabTestSupport
import Testing

/// Neither the users searched beside one, nor the threads, change a list, whatever the decoder.
@Suite struct SearchTests {
  private let trie: ItemTrie
  private let prompts: [[TokenForest.Element]]

  init() throws {
    var random = SeededGenerator(92)
    trie = try ItemTrie(
      paths: randomPaths(count: 60, vocabulary: 30, longest: 5, using: &random))
    // They share their first tokens, one is the beginning of others, and two are equal.
    let texts: [[Int32]] = [
      [50, 51, 52, 3], [50, 51], [50, 51, 52, 9, 4], [7, 8, 9], [50, 51, 52, 3],
    ]
    prompts = texts.map { $0.map { TokenForest.Element(token: $0) } }
  }

  /// The lists of some prompts; the adapter's weights are not zero.
  private func search(
    _ tiny: TinyModel, _ decoder: any Decoder, _ prompts: [[TokenForest.Element]],
    _ constraint: ConstraintMode
  ) throws -> [[RankedAnswer]] {
    var scorer = LanguageModelScorer(
      model: tiny.model, adapter: tiny.makeAdapter(), trie: trie, constraint: constraint,
      prompts: prompts)
    scorer.recommender = { [titles = trie.titleCount] prompt in
      // The same for equal prompts, whatever their places.
      var random = SeededGenerator(prompts[prompt].reduce(7) { $0 &* 31 &+ UInt64($1.token) })
      return (0..<titles).map { _ in Float.random(in: -1...1, using: &random) }
    }
    return try decoder.search(prompts: prompts.count, in: trie, scorer: &scorer)
  }

  /// A prefix that was computed for users before changes no bit on AVX-512, and no list elsewhere.
  @Test(arguments: availableInstructionSets, [1, 2])
  func listsAreThoseWithoutAKeptPrefix(instructionSet: String, threads: Int) throws {
    let decoder = try PluginRegistry.builtin().decoders.find("constrained-beam").init([:])
    try withCompute(threads: threads, instructionSet: instructionSet) {
      let tiny = try TinyModel(seed: 91)
      var scorer = LanguageModelScorer(
        model: tiny.model, adapter: tiny.makeAdapter(), trie: trie, constraint: .before,
        prompts: [])
      for batch in [prompts[0...1], prompts[2...3], prompts[1...4], prompts[2...2]] {
        scorer.restart(prompts: Array(batch))
        let lists = try decoder.search(prompts: batch.count, in: trie, scorer: &scorer)
        let alone = try search(tiny, decoder, Array(batch), .before)
        #expect(isSame(lists, alone, instructionSet))
      }
    }
  }

  /// Whether lists are the same, on AVX-512 to the bit: there a row of a product has the same bits
  /// whatever the other rows.
  private func isSame(
    _ first: [[RankedAnswer]], _ second: [[RankedAnswer]], _ instructionSet: String
  ) -> Bool {
    let answers = { (lists: [[RankedAnswer]]) in lists.map { $0.map(\.title) } }
    let texts = { (lists: [[RankedAnswer]]) in lists.map { $0.map(\.tokens) } }
    let scores = { (lists: [[RankedAnswer]]) in lists.joined().map(\.score) }
    let gap = largestGap(scores(first), scores(second))
    return answers(first) == answers(second) && texts(first) == texts(second)
      && (instructionSet.hasPrefix("avx512") ? gap == 0 : gap < 1e-5)
  }

  @Test(arguments: try PluginRegistry.builtin().decoders.names)
  func listsAreThoseOfTheUserAlone(decoder name: String) throws {
    let type = try PluginRegistry.builtin().decoders.find(name)
    for settings in settings(of: type.parameters) {
      guard let decoder = try? type.init(settings) else { continue }
      for constraint in decoder.constraint.map({ [$0] }) ?? ConstraintMode.allCases {
        for instructionSet in availableInstructionSets {
          let precisions = try withCompute(instructionSet: instructionSet) { Precision.available }
          for precision in precisions {
            try expectSameLists(
              decoder, constraint, instructionSet, precision, mayBeEmpty: !settings.isEmpty,
              "\(name) \(settings) \(constraint) \(instructionSet) \(precision)")
          }
        }
      }
    }
  }

  private func expectSameLists(
    _ decoder: any Decoder, _ constraint: ConstraintMode, _ instructionSet: String,
    _ precision: Precision, mayBeEmpty: Bool, _ what: String
  ) throws {
    let lists = try [1, 2].map { threads in
      try withCompute(threads: threads, instructionSet: instructionSet) {
        let place = "\(what), \(threads) threads"
        let tiny = try TinyModel(seed: 91, precision: precision)
        var decoder = decoder
        var scorer = LanguageModelScorer(
          model: tiny.model, adapter: nil, trie: trie, constraint: constraint, prompts: [])
        try decoder.prepare(.letters(trie), scorer: &scorer)
        let together = try search(tiny, decoder, prompts, constraint)
        let alone = try prompts.flatMap { try search(tiny, decoder, [$0], constraint) }
        #expect(isSame(alone, together, instructionSet), "\(place)")
        // A token limit may leave nothing.
        #expect(mayBeEmpty || together.allSatisfy { !$0.isEmpty }, "\(place)")
        #expect(isSame([together[0]], [together[4]], instructionSet), "\(place)")
        return together
      }
    }
    #expect(isSame(lists[0], lists[1], instructionSet), "\(what), threads")
  }
}

import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabRun
import BearLabTestSupport
import Testing

/// Neither the users searched beside one, nor the threads, change a list, whatever the decoder.
@Suite struct SearchTests {
  private let tiny: TinyModel
  private let adapter: LoRAAdapter
  private let trie: ItemTrie
  private let prompts: [[TokenForest.Element]]

  init() throws {
    tiny = try TinyModel(seed: 91)
    adapter = tiny.makeAdapter()
    var random = SeededGenerator(92)
    trie = try ItemTrie(
      paths: randomPaths(count: 60, vocabulary: 30, longest: 5, using: &random))
    // They share their first tokens, one is the beginning of others, and two are equal.
    let texts: [[Int32]] = [
      [50, 51, 52, 3], [50, 51], [50, 51, 52, 9, 4], [7, 8, 9], [50, 51, 52, 3],
    ]
    prompts = texts.map { $0.map { TokenForest.Element(token: $0) } }
  }

  private func search(
    _ decoder: any Decoder, _ prompts: [[TokenForest.Element]], _ constraint: ConstraintMode
  ) throws -> [[RankedAnswer]] {
    var scorer = LanguageModelScorer(
      model: tiny.model, adapter: adapter, trie: trie, constraint: constraint, prompts: prompts)
    return try decoder.search(prompts: prompts.count, in: trie, scorer: &scorer)
  }

  /// A prefix that was computed for users before changes no bit on AVX-512, and no list elsewhere.
  @Test(arguments: availableInstructionSets, [1, 2])
  func listsAreThoseWithoutAKeptPrefix(instructionSet: String, threads: Int) throws {
    let decoder = try PluginRegistry.builtin().decoders.find("constrained-beam").init([:])
    try withCompute(threads: threads, instructionSet: instructionSet) {
      var scorer = LanguageModelScorer(
        model: tiny.model, adapter: adapter, trie: trie, constraint: .before, prompts: [])
      for batch in [prompts[0...1], prompts[2...3], prompts[1...4], prompts[2...2]] {
        scorer.restart(prompts: Array(batch))
        let lists = try decoder.search(prompts: batch.count, in: trie, scorer: &scorer)
        let alone = try search(decoder, Array(batch), .before)
        #expect(isSame(lists, alone))
        if instructionSet.hasPrefix("avx512") {
          #expect(lists.map { $0.map(\.score) } == alone.map { $0.map(\.score) })
        }
      }
    }
  }

  private func isSame(_ first: [[RankedAnswer]], _ second: [[RankedAnswer]]) -> Bool {
    let answers = { (lists: [[RankedAnswer]]) in lists.map { $0.map(\.title) } }
    let texts = { (lists: [[RankedAnswer]]) in lists.map { $0.map(\.tokens) } }
    let scores = { (lists: [[RankedAnswer]]) in lists.joined().map(\.score) }
    return answers(first) == answers(second) && texts(first) == texts(second)
      && largestGap(scores(first), scores(second)) < 1e-5
  }

  @Test(arguments: try PluginRegistry.builtin().decoders.names)
  func listsAreThoseOfTheUserAlone(decoder name: String) throws {
    let type = try PluginRegistry.builtin().decoders.find(name)
    for settings in settings(of: type.parameters) {
      guard let decoder = try? type.init(settings) else { continue }
      for constraint in decoder.constraint.map({ [$0] }) ?? ConstraintMode.allCases {
        for instructionSet in availableInstructionSets {
          let lists = try [1, 2].map { threads in
            try withCompute(threads: threads, instructionSet: instructionSet) {
              let place = "\(name) \(settings) \(constraint) \(instructionSet), \(threads) threads"
              let together = try search(decoder, prompts, constraint)
              let alone = try prompts.flatMap { try search(decoder, [$0], constraint) }
              #expect(isSame(alone, together), "\(place)")
              // A token limit may leave nothing.
              #expect(!settings.isEmpty || together.allSatisfy { !$0.isEmpty }, "\(place)")
              #expect(isSame([together[0]], [together[4]]), "\(place)")
              return together
            }
          }
          #expect(isSame(lists[0], lists[1]), "\(name) \(settings) \(constraint), threads")
        }
      }
    }
  }
}

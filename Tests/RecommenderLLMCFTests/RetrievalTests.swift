import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Testing

@testable import RecommenderLLMCF

/// Items 1 to 4 have titles along the axes; an example's score is the share of the axes it has.
private func bank(_ examples: [ExampleBank.Example]) -> ExampleBank {
  var titles = [Float](repeating: 0, count: 16)
  for item in 0..<4 { titles[5 * item] = 1 }
  return ExampleBank(
    examples: examples,
    texts: .init(
      shape: [examples.count, 4],
      values: examples.flatMap { _ in [1, 0, 0, 0] as [Float] }),
    titles: .init(shape: [4, 4], values: titles))
}

private func example(
  _ user: Int, _ history: [Int], _ isPositive: Bool, target: Int = 4, time: Int? = nil
) -> ExampleBank.Example {
  .init(user: user, history: history, target: target, isPositive: isPositive, timestamp: time)
}

private func retrieval(_ bank: ExampleBank, excludesSelf: Bool = false) -> ExampleRetrieval {
  ExampleRetrieval(
    bank: ContextBank(bank, maxLength: 10), count: 2, excludesSelf: excludesSelf)
}

@Suite struct RetrievalTests {
  /// For the history [1]: the scores are 1, ½, 1, 0, ⅓, 1.
  private let own = bank([
    example(1, [1], true), example(2, [1, 2], true), example(3, [1], true), example(4, [2], false),
    example(5, [1, 2, 3], false), example(6, [1], false),
  ])

  @Test func theTwoBestOfEachLabelAreFound() {
    let found = retrieval(own)([.init(history: [1]), .init(history: [2, 3])])
    #expect(Set(found[0]) == [0, 2, 4, 5])
    #expect(found[0].count == 4 && found[1].count == 4)
    // Of equals the first; [2, 3] is nearest to the second, then to none more than the first.
    #expect(Set(found[1]) == [1, 0, 3, 4])
    #expect(retrieval(own)([.init(history: [2, 3])])[0] == found[1])
  }

  @Test func whatTheBankLacksIsNotFilledUp() {
    let few = bank([example(1, [1], true), example(2, [1], false)])
    #expect(Set(retrieval(few)([.init(history: [1])])[0]) == [0, 1])
  }

  /// An example of the same user with a longer history, or a later time, is the query's future.
  @Test func aUsersFutureIsNeverFound() {
    let examples = [
      example(7, [1, 1, 1], true), example(7, [1, 1], true, time: 500),
      example(7, [1, 1], true, time: 100), example(8, [1, 1, 1, 1], true, time: 900),
      example(7, [1], true, time: 50),
    ]
    let window = Window(user: 7, history: [1, 1], target: 2, timestamp: 100)
    let found = ExampleRetrieval(
      bank: ContextBank(bank(examples), maxLength: 10), count: 5, excludesSelf: false)(
        [.init(history: [1, 1], window: window), .init(history: [1, 1])], examples: examples)
    #expect(Set(found[0]) == [2, 3, 4])
    #expect(Set(found[1]) == [0, 1, 2, 3, 4])
  }

  @Test func aWindowsOwnRecordIsFoundUnlessItIsExcluded() {
    let examples = [example(7, [1, 2], true, target: 3), example(7, [1, 2], true, target: 4)]
    let window = Window(user: 7, history: [1, 2], target: 3, timestamp: 1)
    for (excludes, expected) in [(false, [0, 1] as Set), (true, [1])] {
      let found = retrieval(bank(examples), excludesSelf: excludes)(
        [.init(history: [1, 2], window: window)], examples: examples)
      #expect(Set(found[0]) == expected)
    }
  }

  @Test func aBankIsStoredAndReadAgain() throws {
    let bank = ContextBank(own, maxLength: 2)
    let again = try #require(ContextBank(StoredTensors(bank.tensors)))
    #expect(again.histories == bank.histories && again.histories[4] == [2, 3])
    #expect(again.userRows == [1, 2, 3, 4, 5, 6] && again.targets == bank.targets)
    #expect(again.labels == bank.labels && again.keys.scalars == bank.keys.scalars)
    #expect(ContextBank(StoredTensors([:])) == nil)
  }
}

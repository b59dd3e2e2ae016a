import BearLabCore
import Foundation
import Testing

/// Token 1 is shared by two titles; 4 and 5 begin a title each; 0 ends them.
private func fourTitles() throws -> ItemTrie {
  try ItemTrie(paths: [[1, 2, 0], [1, 3, 0], [4, 0], [5, 0]])
}

private func gains(_ information: InformationGain, _ trie: ItemTrie, _ path: [Int32]) -> [Double] {
  trie.nodes(along: path).map { $0.map(information.gain) ?? .nan }
}

private func isNear(_ first: [Double], _ second: [Double]) -> Bool {
  first.count == second.count && zip(first, second).allSatisfy { abs($0 - $1) < 1e-6 }
}

@Test func globalEntropyMassDropsOutAtEachToken() throws {
  let trie = try fourTitles()
  let information = InformationGain(trie: trie, counts: [0, 0, 0, 0])
  #expect(isNear(gains(information, trie, [1, 3, 0]), [0.693147, 0.346574, 0]))
  #expect(isNear(gains(information, trie, [4, 0]), [1.039721, 0]))
  #expect(information.gain(of: ItemTrie.root) == 0)
}

@Test func conditionalEntropyIsThatOfTheTextbook() throws {
  let trie = try fourTitles()
  let information = InformationGain(trie: trie, counts: [1, 1, 1, 1], entropy: .conditional)
  #expect(isNear(gains(information, trie, [1, 3, 0]), [0.693147, 0.693147, 0]))
  #expect(isNear(gains(information, trie, [5, 0]), [1.386294, 0]))
}

@Test(arguments: InformationGain.Entropy.allCases)
func tokensWithoutAnAlternativeTellNothing(entropy: InformationGain.Entropy) throws {
  let trie = try fourTitles()
  let information = InformationGain(trie: trie, counts: [9, 2, 0, 4], entropy: entropy)
  let informative = trie.nodes(along: [1, 2, 0]).map { $0.map(information.isInformative) }
  #expect(informative == [true, true, false])
  #expect(!information.isInformative(ItemTrie.root))
  #expect((0..<trie.nodeCount).allSatisfy(information.isReachable))
}

/// With skewed probabilities a token can leave more to be decided than there was.
@Test func conditionalGainsCanBeNegative() throws {
  let trie = try fourTitles()
  let information = InformationGain(
    trie: trie, counts: [1, 1, 98, 0], smoothing: 0, entropy: .conditional)
  let gain = try #require(trie.nodes(along: [1])[0].map(information.gain))
  #expect(gain < -0.5)
  #expect(trie.nodes(along: [1])[0].map(information.isInformative) == true)
}

@Test(arguments: InformationGain.Entropy.allCases)
func unseenTitlesAreAsIfTheyWereNotThere(entropy: InformationGain.Entropy) throws {
  let trie = try fourTitles()
  let information = InformationGain(
    trie: trie, counts: [5, 0, 3, 0], smoothing: 0, entropy: entropy)
  let seen = trie.nodes(along: [1, 2, 0]), unseen = trie.nodes(along: [1, 3, 0])
  #expect(seen.map { $0.map(information.isReachable) } == [true, true, true])
  #expect(unseen.map { $0.map(information.isReachable) } == [true, false, false])
  #expect(seen.map { $0.map(information.isInformative) } == [true, false, false])
  #expect(unseen.map { $0.map(information.isInformative) } == [true, false, false])
  let none = InformationGain(trie: trie, counts: [0, 0, 0, 0], smoothing: 0, entropy: entropy)
  #expect((0..<trie.nodeCount).allSatisfy { none.gain(of: $0) == 0 && !none.isInformative($0) })
}

import BearLabCore
import BearLabTestSupport
import RecommenderMarkov
import Testing

private let catalogue = Catalogue(itemTitles: ["A", "B", "C", "D"])

private func window(_ user: Int, _ history: [Int], _ target: Int, at timestamp: Int = 0) -> Window {
  Window(user: user, history: history, target: target, timestamp: timestamp)
}

private func fitted(
  _ train: [Window], weight: Double = 2
) throws -> any FittedRecommender {
  try MarkovRecommender(["popularity-weight": .real(weight)]).fit(
    RecommenderData(train: train, validation: [], catalogue: catalogue, seed: 0))
}

/// User 1 saw A B C B and user 2 A C; the targets are C, B and C.
private let train = [window(1, [1, 2], 3), window(1, [1, 2, 3], 2), window(2, [1], 3)]

/// n(A,·) = B once, C once; n(B,·) = C once; n(C,·) = B once; p = 0, 1/3, 2/3, 0; m = 2.
@Test func scoresAreAsWorkedOutByHand() throws {
  let markov = try fitted(train)
  func scores(_ history: [Int]) throws -> [Float] { try markov.scores(history: history) }
  // Behind A: (n + 2p) / (2 + 2).
  #expect(largestGap(try scores([2, 1]), [0, 5.0 / 12, 7.0 / 12, 0]) < 1e-6)
  // Behind B: (n + 2p) / (1 + 2).
  #expect(largestGap(try scores([2]), [0, 2.0 / 9, 7.0 / 9, 0]) < 1e-6)
  // Nothing came after D, there is no item 9, and an empty history has no last item.
  for history in [[4], [1, 9], [0], []] {
    #expect(largestGap(try scores(history), [0, 1.0 / 3, 2.0 / 3, 0]) < 1e-6, "\(history)")
  }
  #expect(try markov.scores(histories: [[1], []]) == [try scores([1]), try scores([])])
}

/// The sequence A B C A B D of one user, in windows of at most three items: five transitions.
@Test func overlappingWindowsCountOnce() throws {
  let sequence = [1, 2, 3, 1, 2, 4]
  let windows = (1..<sequence.count).map { place in
    window(1, Array(sequence[max(0, place - 3)..<place]), sequence[place], at: place)
  }
  let expected = ["counts": [2, 1, 1, 1] as [Float], "next": [2, 3, 4, 1]]
  #expect(try counts(windows) == expected)
  // Without the first windows their transitions still stand in a history.
  #expect(try counts(Array(windows.dropFirst(2))) == expected)
  // Of another user they are transitions of their own.
  let twice = windows + windows.map { window(2, $0.history, $0.target) }
  #expect(try counts(twice)["counts"] == [4, 2, 2, 2])
}

/// What is between two windows that do not meet is not known.
@Test func aGapIsNoTransition() throws {
  let gap = [window(1, [1], 2), window(1, [3], 4)]
  #expect(try counts(gap) == ["counts": [1, 1], "next": [2, 4]])
}

private func counts(_ windows: [Window]) throws -> [String: [Float]] {
  Dictionary(
    uniqueKeysWithValues: try fitted(windows).tensors
      .filter { ["counts", "next"].contains($0.name) }.map { ($0.name, $0.tensor.scalars) })
}

@Test func whatWasCountedIsStored() throws {
  let recommender = try MarkovRecommender([:])
  let markov = try recommender.fit(
    RecommenderData(train: train, validation: [], catalogue: catalogue, seed: 0))
  let restored = try recommender.restore(StoredTensors(markov.tensors), catalogue: catalogue)
  for history in [[], [1], [2], [3], [4]] {
    #expect(try restored.scores(history: history) == markov.scores(history: history))
  }
  #expect(throws: StoredTensorError.shape("targets", stored: [4], expected: [1])) {
    try recommender.restore(
      StoredTensors(markov.tensors), catalogue: Catalogue(itemTitles: ["A"]))
  }
  let registry = PluginRegistry()
  try registry.add(MarkovModule.self)
  #expect(try registry.recommenders.find("markov") == MarkovRecommender.self)
}

@Test(arguments: [("next", 5 as Float), ("next", 0), ("next", .nan), ("successors", -1)])
func countsOfNoItemsAreRefused(name: String, value: Float) throws {
  let recommender = try MarkovRecommender([:])
  var entries = StoredTensors(
    try recommender.fit(
      RecommenderData(train: train, validation: [], catalogue: catalogue, seed: 0)
    ).tensors
  ).entries
  let entry = try #require(entries[name])
  entries[name] = .init(shape: entry.shape, values: [value] + entry.values.dropFirst())
  #expect(throws: MarkovError.malformed) {
    try recommender.restore(StoredTensors(entries), catalogue: catalogue)
  }
}

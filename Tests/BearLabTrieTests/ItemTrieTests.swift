import BearLabTestSupport
import BearLabTrie
import Testing

/// Titles 0 and 1 share two tokens; 0 is EOS.
private let paths: [[Int32]] = [[5, 3, 2, 0], [5, 3, 7, 0], [4, 0], [5, 0]]

@Test func theTrieNumbersNodesBreadthFirst() throws {
  let trie = try ItemTrie(paths: paths)
  // root; 4, 5; 4-0, 5-0, 5-3; 5-3-2, 5-3-7; their EOS.
  #expect(trie.nodeCount == 10)
  #expect((0..<10).map { trie.token(of: $0) } == [-1, 4, 5, 0, 0, 3, 2, 7, 0, 0])
  #expect(Array(trie.childTokens(of: ItemTrie.root)) == [4, 5])
  #expect(trie.children(of: 2) == 4..<6)
  #expect(trie.children(of: 3).isEmpty)
  #expect((0..<10).map { trie.title(at: $0) } == [nil, nil, nil, 2, 3, nil, nil, nil, 0, 1])
  #expect((0..<4).map { trie.leaf(of: $0) } == [8, 9, 3, 4])
  #expect(trie.path(to: 9) == [2, 5, 7, 9])
  #expect(trie.maximumDepth == 4)
  #expect(trie.parent(of: 5) == 2)
  #expect(trie.parent(of: ItemTrie.root) == nil)
}

@Test func aChildIsFoundByItsToken() throws {
  let trie = try ItemTrie(paths: paths)
  #expect(trie.child(of: ItemTrie.root, along: 5) == 2)
  #expect(trie.child(of: 2, along: 3) == 5)
  #expect(trie.child(of: 2, along: 4) == nil)
  #expect(trie.child(of: 3, along: 0) == nil)
}

@Test func aNodeIsFoundByItsPath() throws {
  let trie = try ItemTrie(paths: paths)
  #expect(trie.node(along: [5, 3]) == 5)
  #expect(trie.node(along: [5, 3, 7, 0]) == 9)
  #expect(trie.node(along: []) == ItemTrie.root)
  #expect(trie.node(along: [5, 4]) == nil)
  #expect(trie.node(along: [4, 0, 0]) == nil)
  #expect(trie.tokens(to: 5) == [5, 3])
  #expect(trie.tokens(to: ItemTrie.root).isEmpty)
}

@Test func theTokenThatEndsEveryPath() throws {
  #expect(try ItemTrie(paths: paths).endToken == 0)
  #expect(try ItemTrie(paths: [[1, 0], [1, 2]]).endToken == nil)
  #expect(try ItemTrie(paths: []).endToken == nil)
}

@Test func noTitlesAndOneTitleAreTries() throws {
  let empty = try ItemTrie(paths: [])
  #expect(empty.nodeCount == 1)
  #expect(empty.titleCount == 0)
  #expect(empty.maximumDepth == 0)
  #expect(empty.children(of: ItemTrie.root).isEmpty)
  #expect(empty.title(at: ItemTrie.root) == nil)
  let single = try ItemTrie(paths: [[8, 8, 1]])
  #expect(single.nodeCount == 4)
  #expect(single.tokens(of: 0) == [8, 8, 1])
  #expect(single.path(to: single.leaf(of: 0)) == [1, 2, 3])
  #expect(single.maximumDepth == 3)
}

@Test func pathsThatNoSearchCouldTellApartAreRefused() {
  #expect(throws: TrieError.emptyPath(title: 1)) { try ItemTrie(paths: [[1], []]) }
  #expect(throws: TrieError.samePath(first: 0, second: 2)) {
    try ItemTrie(paths: [[1, 2], [1, 3], [1, 2]])
  }
  #expect(throws: TrieError.pathInsidePath(short: 1, long: 0)) {
    try ItemTrie(paths: [[1, 2, 3], [1, 2]])
  }
  #expect(throws: TrieError.pathInsidePath(short: 2, long: 0)) {
    try ItemTrie(paths: [[1, 2, 3], [4], [1], [1, 5]])
  }
}

@Test func theFirstOfSeveralEqualTitlesIsNamed() {
  #expect(throws: TrieError.samePath(first: 0, second: 1)) {
    try ItemTrie(paths: [[1, 2], [1, 2], [1, 2]])
  }
}

/// Compares every node with a dictionary from prefixes to their next tokens.
@Test(arguments: 0..<40)
func randomTitlesMatchADictionary(seed: UInt64) throws {
  var random = SeededGenerator(seed)
  let paths = randomPaths(
    count: Int.random(in: 1...60, using: &random), vocabulary: 5, using: &random)
  var next: [[Int32]: Set<Int32>] = [:]
  for path in paths {
    for depth in path.indices { next[Array(path[..<depth]), default: []].insert(path[depth]) }
  }
  let trie = try ItemTrie(paths: paths)
  #expect(trie.titleCount == paths.count)
  #expect(trie.nodeCount == next.count + paths.count)
  #expect(trie.maximumDepth == paths.map(\.count).max())
  for node in 0..<trie.nodeCount {
    let prefix = trie.path(to: node).map { trie.token(of: $0) }
    let expected = (next[prefix] ?? []).sorted()
    #expect(Array(trie.childTokens(of: node)) == expected)
    #expect(trie.title(at: node) == paths.firstIndex(of: prefix))
    for child in trie.children(of: node) { #expect(trie.parent(of: child) == node) }
    for token in Int32(0)...6 {
      let child = trie.child(of: node, along: token)
      #expect((child != nil) == expected.contains(token))
      if let child { #expect(trie.token(of: child) == token && trie.parent(of: child) == node) }
    }
  }
  for (title, path) in paths.enumerated() {
    #expect(trie.tokens(of: title) == path)
    #expect(trie.title(at: trie.leaf(of: title)) == title)
  }
}

@Test func sumsAreThoseOfTheTitlesBelow() throws {
  let trie = try ItemTrie(paths: [[1, 2, 0], [1, 3, 0], [4, 0]])
  let sums = trie.sums(ofTitles: [5, 7, 100])
  #expect(sums[ItemTrie.root] == 112)
  #expect(trie.nodes(along: [1, 3, 0]).map { $0.map { sums[$0] } } == [12, 7, 7])
  #expect(trie.nodes(along: [4, 1, 0]).map { $0.map { sums[$0] } } == [100, nil, nil])
}

@Test func theLongestTitleBelowIsKnown() throws {
  let trie = try ItemTrie(paths: paths)
  #expect(trie.longestTitles == [4, 2, 4, 2, 2, 4, 4, 4, 4, 4])
  for node in 0..<trie.nodeCount { #expect(trie.depth(of: node) == trie.path(to: node).count) }
  #expect(try ItemTrie(paths: []).longestTitles == [0])
}

import BearLabCore
import BearLabTestSupport
import Testing

@testable import BearLabText

struct BytePairEncoderTests {
  /// The bytes in order, then what the merges make, then two special tokens.
  private static let bytes = ByteAlphabet.scalars.map { String($0) }
  private static let merges = [
    "h e", "l l", "he ll", "hell o", "Ġ w", "a a", "aa aa", "b c", "a b",
  ]
  private static let made = ["he", "ll", "hell", "hello", "Ġw", "aa", "aaaa", "bc", "ab"]
  private static let special = ["<|end|>", "<|end|>|"]

  private func encoder(
    _ vocabulary: [String] = bytes + made + special, merges: [String] = merges,
    types: [Int]? = nil, pre: String = "smollm", bos: Int32? = nil, eos: Int32 = 265,
    addsBOS: Bool? = false
  ) throws(TokenizerError) -> BytePairEncoder {
    let plain = vocabulary.count - 2
    return try BytePairEncoder(
      vocabulary: vocabulary, merges: merges,
      tokenTypes: types ?? [Int](repeating: 1, count: plain) + [3, 4], preTokenizer: pre,
      bosToken: bos, eosToken: eos, addsBOS: addsBOS)
  }

  @Test func alphabetIsGPT2s() {
    #expect(ByteAlphabet.scalars[32] == "Ġ" && ByteAlphabet.scalars[10] == "Ċ")
    #expect(ByteAlphabet.scalars[0] == "Ā" && ByteAlphabet.scalars[0xAD] == "\u{143}")
    #expect(ByteAlphabet.scalars[65] == "A" && ByteAlphabet.scalars[0xFF] == "ÿ")
    #expect(Set(ByteAlphabet.scalars).count == 256)
  }

  @Test func mergesInOrderOfRank() throws {
    let encoder = try encoder()
    #expect(encoder.encode("hello") == [259])
    #expect(encoder.encode("hell") == [258])
    #expect(encoder.encode("hhe w") == [104, 256, 260])
    #expect(encoder.encode("aaaaaa") == [262, 261])
    #expect(encoder.encode("aaa") == [261, 97])  // the leftmost pair first
    #expect(encoder.encode("abc") == [97, 263])  // b c has the lower rank
    #expect(encoder.encode("").isEmpty)
    #expect(encoder.vocabularySize == 267 && encoder.missingBytes.isEmpty)
  }

  @Test func specialTokensAreTextUnlessAskedFor() throws {
    let encoder = try encoder()
    let text = "a<|end|>|b<|end|><|en"
    // What a user added, `<|end|>|`, is no control token, and found in any text.
    let control = "<|end|>".utf8.map { Int32($0) }
    #expect(
      encoder.encode(text) == [97, 266, 98] + control + "<|en".utf8.map { Int32($0) })
    #expect(
      encoder.encodeWithSpecialTokens(text) == [97, 266, 98, 265] + encoder.encode("<|en"))
    #expect(encoder.decode(encoder.encodeWithSpecialTokens(text)) == text)
    // A merge does not reach across a special token, nor does the pattern look across it.
    #expect(encoder.encodeWithSpecialTokens("a<|end|>a") == [97, 265, 97])
  }

  @Test func decodesWhatItEncodes() throws {
    let encoder = try encoder()
    for text in ["héllo  wörld", "日本\n🐻", "e\u{301}", "\u{0}\u{7F}", "<|end|>"] {
      #expect(Array(encoder.decode(encoder.encode(text)).utf8) == Array(text.utf8))
    }
    #expect(encoder.decode([0xE6, 97, -1, 9999]) == "\u{FFFD}a\u{FFFD}\u{FFFD}")
  }

  @Test func bosOnlyWhereTheFileSaysSo() throws {
    #expect(try encoder(bos: 1).bosToken == nil)
    #expect(try encoder(bos: 1, addsBOS: true).bosToken == 1)
    #expect(throws: TokenizerError.missingBOS) { try encoder(addsBOS: true) }
    #expect(throws: TokenizerError.missingBOS) { try encoder(pre: "llama-bpe", addsBOS: nil) }
    #expect(try encoder(pre: "llama-bpe", bos: 1, addsBOS: nil).bosToken == 1)
    #expect(try encoder(pre: "qwen2", bos: 1, addsBOS: nil).bosToken == nil)
    #expect(throws: TokenizerError.tokenOutOfRange(267, count: 267)) { try encoder(eos: 267) }
    #expect(throws: TokenizerError.tokenOutOfRange(-1, count: 267)) {
      try encoder(bos: -1, addsBOS: true)
    }
  }

  @Test func leavesOutBytesWithoutAToken() throws {
    let vocabulary = Self.bytes.filter { $0 != "Ā" } + Self.made + Self.special
    let encoder = try encoder(vocabulary)
    #expect(encoder.missingBytes == [0])
    #expect(encoder.encode("a\u{0}").count == 1)
  }

  @Test func refusesBrokenVocabularies() throws {
    let whole = Self.bytes + Self.made + Self.special
    // llama.cpp's `default` is a pattern of its own, that of no model.
    #expect(throws: TokenizerError.unsupportedPreTokenizer("default")) {
      try encoder(pre: "default")
    }
    #expect(
      TokenizerError.unsupportedPreTokenizer("x").remedy
        .hasSuffix("deepseek-r1-qwen, gpt-2, llama-bpe, llama-v3, llama3, qwen2, smollm"))
    #expect(throws: TokenizerError.duplicateToken("he", first: 256, second: 267)) {
      try encoder(whole + ["he"])
    }
    #expect(throws: TokenizerError.emptyToken(267)) { try encoder(whole + [""]) }
    #expect(throws: TokenizerError.missingByte(65)) { try encoder(whole.filter { $0 != "A" }) }
    for merge in ["", "he", "h e l", " he", "he ", "h  e"] {
      #expect(throws: TokenizerError.self) { try encoder(merges: [merge]) }
    }
    #expect(throws: TokenizerError.malformedMerge("h e l", index: 0)) {
      try encoder(merges: ["h e l"])
    }
    #expect(throws: TokenizerError.mergeOutsideVocabulary("x y", index: 1)) {
      try encoder(merges: ["h e", "x y"])
    }
    #expect(throws: TokenizerError.duplicateMerge("h e", index: 2)) {
      try encoder(merges: ["h e", "l l", "h e"])
    }
    #expect(throws: TokenizerError.noMerges(tokens: 267)) { try encoder(merges: []) }
    let bytesAlone = try encoder(Self.bytes + Self.special, merges: [], eos: 256)
    #expect(bytesAlone.encode("he") == [104, 101])
    #expect(throws: TokenizerError.tokenTypeCount(types: 1, tokens: 267)) {
      try encoder(types: [1])
    }
  }

  @Test func aWholePieceIsNotMergedForLlama3() throws {
    let vocabulary = Self.bytes + Self.made + ["Ġhowl"] + Self.special
    let (text, merged): (String, [Int32]) = (" howl", [32, 104, 111, 119, 108])
    #expect(try encoder(vocabulary, pre: "gpt-2").encode(text) == merged)
    #expect(try encoder(vocabulary, pre: "qwen2").encode(text) == merged)
    #expect(try encoder(vocabulary, pre: "llama-bpe", bos: 1).encode(text) == [265])
    #expect(try encoder(vocabulary, pre: "llama-bpe", bos: 1).encode(" howls") == merged + [115])
  }

  @Test func qwen2BringsTextIntoFormC() throws {
    let bytes = { (text: String) in text.utf8.map { Int32($0) } }
    #expect(try encoder(pre: "qwen2").encode("e\u{301}") == bytes("\u{E9}"))
    #expect(try encoder(pre: "llama-bpe", bos: 1).encode("e\u{301}") == bytes("e\u{301}"))
    // What Foundation's form C makes of archaic Hangul is no text.
    #expect(try encoder(pre: "qwen2").encode("\u{1113}\u{1167}") == bytes("\u{1113}\u{1167}"))
    let tibetan = try encoder(pre: "qwen2").encode("\u{F7B}\u{F75}")
    #expect(tibetan == bytes("\u{F71}\u{F7B}\u{F74}"))
  }

  /// The plain rule, a scan for the best pair before every merge, as the definition has it.
  private func slowMerge(_ symbols: [Int32], _ table: [[Int32]: (Int, Int32)]) -> [Int32] {
    var symbols = symbols
    while true {
      var best: (rank: Int, index: Int, token: Int32)?
      for index in symbols.indices.dropLast() {
        if let merge = table[[symbols[index], symbols[index + 1]]], merge.0 < best?.rank ?? .max {
          best = (merge.0, index, merge.1)
        }
      }
      guard let best else { return symbols }
      symbols.replaceSubrange(best.index...best.index + 1, with: [best.token])
    }
  }

  @Test func mergerMatchesThePlainRule() {
    var random = SeededGenerator(11)
    // One for all, as for the pieces of a text.
    var space = BytePairMerger.Workspace()
    for _ in 0..<200 {
      var merger = BytePairMerger(capacity: 12)
      var table: [[Int32]: (Int, Int32)] = [:]
      // Results among the parts too, which no trained vocabulary has: even then it must end.
      for rank in 0..<12 {
        let pair = (0..<3).map { _ in Int32.random(in: 0..<5, using: &random) }
        if table[[pair[0], pair[1]]] != nil { continue }
        table[[pair[0], pair[1]]] = (rank, pair[2])
        let isNew = merger.add(pair[0], pair[1], .init(rank: UInt32(rank), token: pair[2]))
        #expect(isNew)
      }
      let symbols = (0..<Int.random(in: 0...30, using: &random)).map { _ in
        Int32.random(in: 0..<5, using: &random)
      }
      var merged: [Int32] = []
      merger.merge(symbols, into: &merged, using: &space)
      #expect(merged == slowMerge(symbols, table))
    }
  }

  /// Takes hours unless merging a piece is O(n log n).
  @Test func endsOnOneHugePiece() throws {
    let tokens = try encoder().encode(String(repeating: "a", count: 400_000))
    #expect(tokens == [Int32](repeating: 262, count: 100_000))
  }
}

import BearLabTestSupport
import Testing

@testable import BearLabText

struct PreTokenizerTests {
  private func pieces(_ text: String, _ preTokenizer: PreTokenizer = .smollm) -> [String] {
    let scanned = ScannedText(text)
    return preTokenizer.pieces(of: scanned).map {
      String(decoding: scanned.utf8[$0], as: UTF8.self)
    }
  }

  /// Worked by hand from the pattern.
  @Test(arguments: [
    ("", []),
    (" ", [" "]),
    ("don't we'll 'tis I'M", ["don", "'t", " we", "'ll", " '", "tis", " I", "'", "M"]),
    ("'s's", ["'s", "'s"]),
    ("''s", ["''", "s"]),
    ("a  b", ["a", " ", " b"]),
    ("a \n b", ["a", " \n", " b"]),
    ("a\nb", ["a", "\n", "b"]),
    ("a\n\nb", ["a", "\n", "\n", "b"]),
    ("a  ", ["a", "  "]),
    ("in 1234", ["in", " ", "1", "2", "3", "4"]),
    ("  12", ["  ", "1", "2"]),
    ("½ⅧA٣", ["½", "Ⅷ", "A", "٣"]),
    ("x\u{A0}y", ["x", "\u{A0}", "y"]),
    ("x\u{A0} y", ["x", "\u{A0}", " y"]),
    ("e\u{301}t!?(z", ["e", "\u{301}", "t", "!?(", "z"]),
    ("日本 🐻", ["日本", " 🐻"]),
    ("\u{200B}a\u{85}", ["\u{200B}", "a", "\u{85}"]),
  ])
  func matchesTheWorkedExamples(text: String, expected: [String]) {
    // Compared as scalars: a String's equality would overlook a lost combining mark's place.
    #expect(
      pieces(text).map { Array($0.unicodeScalars) } == expected.map { Array($0.unicodeScalars) })
  }

  /// Worked by hand from the pattern of Llama 3; Qwen2 cuts the numbers into digits.
  @Test(arguments: [
    ("", []),
    ("don't WE'LL 'tis", ["don", "'t", " WE", "'LL", " '", "tis"]),
    ("'tis'nt", ["'t", "is", "'nt"]),
    ("it'ſ", ["it", "'ſ"]),
    ("a  b", ["a", " ", " b"]),
    ("\tab\n\nc", ["\tab", "\n\n", "c"]),
    ("a \n \n  b", ["a", " \n \n", " ", " b"]),
    ("a  1", ["a", " ", " ", "1"]),
    (" (x) !\r\n\n y", [" (", "x", ")", " !\r\n\n", " y"]),
    ("--a -b", ["--", "a", " -", "b"]),
    ("\u{A0}\u{2028}é", ["\u{A0}", "\u{2028}é"]),
    ("e\u{301}t", ["e", "\u{301}t"]),
    ("end  \t", ["end", "  \t"]),
  ])
  func matchesTheWorkedExamplesOfLlama3(text: String, expected: [String]) {
    for kind in [PreTokenizer.llama3, .qwen2] {
      #expect(
        pieces(text, kind).map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(kind)")
    }
    #expect(pieces("12345½x", .llama3) == ["123", "45½", "x"])
    #expect(pieces("12345½x", .qwen2) == ["1", "2", "3", "4", "5", "½", "x"])
    #expect(pieces("12345½x", .gpt2) == ["12345½", "x"])
  }

  @Test(arguments: PreTokenizer.allCases)
  func piecesCoverAnyTextWithoutGaps(preTokenizer: PreTokenizer) {
    var random = SeededGenerator(3)
    let alphabet = Array(" \n\t'stlev1½aé日🐻\u{301}\u{A0}-".unicodeScalars)
    for _ in 0..<500 {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        scalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
      }
      let scanned = ScannedText(String(scalars))
      var end = 0
      for piece in preTokenizer.pieces(of: scanned) {
        #expect(piece.lowerBound == end && !piece.isEmpty)
        end = piece.upperBound
      }
      #expect(end == scanned.utf8.count)
    }
  }
}

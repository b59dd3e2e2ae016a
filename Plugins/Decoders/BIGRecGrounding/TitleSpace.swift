internal import BearLabCore

/// The titles of a catalogue as points, among which texts are placed.
struct TitleSpace: Sendable {
  let encoder: any TextEncoder
  /// `[titles]`: how often each title is a target in training.
  let popularity: [Double]
  /// `[titles]`.
  private let points: [[Float]]
  /// The first title of each text, as bytes, quotes stripped.
  private let titles: [[UInt8]: Int]

  /// Embeds all titles.
  init(_ context: DecoderContext, scorer: inout some PathScorer) throws {
    encoder = context.encoder
    popularity = context.targetCounts.map(Double.init)
    let texts = context.catalogue.titles.map { Self.stripped($0) }
    titles = Dictionary(
      texts.enumerated().map { (Array($0.element.utf8), $0.offset) },
      uniquingKeysWith: { first, _ in first })
    points = try scorer.embeddings(of: texts.map { Self.tokens(of: $0, context.encoder) })
  }

  /// The points of what was written.
  ///
  /// A text that is a title has the title's point to the bit, whatever else is embedded beside it.
  ///
  /// - Parameters:
  ///   - texts: the tokens of each, with or without EOS.
  ///   - limit: the tokens that are read of a text; decoded and encoded again it may have more.
  ///   - scorer: what embeds.
  /// - Returns: a point a text.
  /// - Throws: what the scorer throws.
  func points(
    of texts: [[Int32]], limit: Int, scorer: inout some PathScorer
  ) throws -> [[Float]] {
    let written = texts.map { tokens in
      Self.stripped(encoder.decode(tokens.last == encoder.eosToken ? tokens.dropLast() : tokens))
    }
    let known = written.map { titles[Array($0.utf8)] }
    let others = written.indices.filter { known[$0] == nil }
    let embedded = try scorer.embeddings(
      of: others.map { Array(Self.tokens(of: written[$0], encoder).prefix(limit)) })
    var result = known.map { title in title.map { points[$0] } ?? [] }
    for (index, point) in zip(others, embedded) { result[index] = point }
    return result
  }

  /// The Euclidean distance of every title to a point.
  func distances(to point: [Float]) -> [Double] {
    points.map { title in
      var sum: Float = 0
      for (a, b) in zip(title, point) { sum += (a - b) * (a - b) }
      return Double(sum.squareRoot())
    }
  }

  /// A text without the quotes at its ends, however many.
  private static func stripped(_ text: String) -> String {
    let quote = UInt8(ascii: "\"")
    let bytes = text.utf8.drop { $0 == quote }
    let end = bytes.lastIndex { $0 != quote }.map { bytes.index(after: $0) } ?? bytes.startIndex
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  /// What is embedded of a text: BOS and its tokens; EOS for an empty text of a model without BOS.
  private static func tokens(of text: String, _ encoder: any TextEncoder) -> [Int32] {
    let tokens = (encoder.bosToken.map { [$0] } ?? []) + encoder.encode(text)
    return tokens.isEmpty ? [encoder.eosToken] : tokens
  }
}

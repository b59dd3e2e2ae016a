/// What is done to the titles of a dump; the published data use them raw.
public struct TitleCleaning: Sendable, Codable, Equatable {
  /// Whether `&amp;` and the like become the characters that they stand for.
  public var decodesEntities = false
  /// Whether runs of white space become one space, and none is left at the ends.
  public var collapsesSpaces = false
  /// Items with a shorter title are left out, in Unicode scalars.
  public var shortest = 1
  /// Items with a longer title are left out, in Unicode scalars; nil for no limit.
  public var longest: Int?

  /// Leaves titles as they are, and leaves out items with an empty one.
  public init() {}

  /// The title to be used; nil where the item is to be left out.
  func clean(_ raw: String) -> String? {
    var title = decodesEntities ? HTMLEntities.decode(raw) : raw
    if collapsesSpaces {
      title = title.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let length = title.unicodeScalars.count
    return length >= shortest && length <= longest ?? .max ? title : nil
  }
}

/// The entities of HTML 4 that titles hold: those of Latin 1, punctuation, and numbers.
enum HTMLEntities {
  /// The names of U+00A0 to U+00FF.
  private static let latin =
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn "
    + "sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave "
    + "Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc "
    + "Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml "
    + "Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc "
    + "euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash "
    + "ugrave uacute ucirc uuml yacute thorn yuml"
  private static let others: [Substring: Unicode.Scalar] = [
    "quot": "\"", "amp": "&", "lt": "<", "gt": ">", "apos": "'", "OElig": "Œ", "oelig": "œ",
    "Scaron": "Š", "scaron": "š", "Yuml": "Ÿ", "ndash": "–", "mdash": "—", "lsquo": "‘",
    "rsquo": "’", "sbquo": "‚", "ldquo": "“", "rdquo": "”", "bdquo": "„", "dagger": "†",
    "Dagger": "‡", "bull": "•", "hellip": "…", "permil": "‰", "prime": "′", "Prime": "″",
    "lsaquo": "‹", "rsaquo": "›", "euro": "€", "trade": "™", "minus": "−", "deg": "°",
  ]
  private static let names = latin.split(separator: " ").enumerated().reduce(into: others) {
    $0[$1.element] = Unicode.Scalar(UInt8(0xA0 + $1.offset))
  }

  /// Replaces the entities that are known and closed by a semicolon; all else stays.
  static func decode(_ text: String) -> String {
    text.replacing(/&(#?)(\w{1,10});/) { match in
      let name = match.output.2
      let scalar = match.output.1.isEmpty ? names[name] : number(name).flatMap(Unicode.Scalar.init)
      return scalar.map { String($0) } ?? String(match.output.0)
    }
  }

  /// Whether a title holds something that looks like an entity.
  static func isEntity(in text: String) -> Bool {
    text.contains(/&(#[0-9]+|#[xX][0-9a-fA-F]+|\w+);/)
  }

  private static func number(_ digits: Substring) -> UInt32? {
    digits.first.map { "xX".contains($0) } == true
      ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
  }
}

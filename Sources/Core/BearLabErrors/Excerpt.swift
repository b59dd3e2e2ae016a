/// A text from a file as messages show it: on one line, cut where it is long, and without anything
/// that a terminal would obey.
///
/// - Parameters:
///   - text: whatever was read.
///   - limit: in characters (Unicode scalars).
/// - Returns: the text, control and format characters written as escapes, `…` where it was cut.
public func excerpt(of text: some StringProtocol, limit: Int = 120) -> String {
  var result = ""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == limit { return result + "…" }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      result += scalar.escaped(asASCII: true)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

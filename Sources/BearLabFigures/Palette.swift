/// Colours that people with any kind of colour vision tell apart.
///
/// - Source: Okabe and Ito, "Color Universal Design", 2008; their yellow is too light for lines on
///   white, so a grey takes its place.
public enum Palette {
  /// Red, green and blue, from 0 to 255.
  public typealias Colour = (red: Int, green: Int, blue: Int)

  static let colours: [Colour] = [
    (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73), (0xCC, 0x79, 0xA7),
    (0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9), (0x00, 0x00, 0x00), (0x99, 0x99, 0x99),
  ]

  /// The colour of a number; they begin again after the last.
  static func colour(_ index: Int) -> Colour { colours[index % colours.count] }

  /// `#0072B2`.
  static func hex(_ index: Int) -> String {
    let colour = colour(index)
    return "#"
      + [colour.red, colour.green, colour.blue].map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count < 2 ? "0" + digits : digits
      }.joined()
  }
}

/// A drawing made of braille letters, each of which holds 2 × 4 dots.
struct BrailleCanvas {
  let columns: Int
  let rows: Int
  private var dots: [UInt8]
  private var colours: [Int]
  private var signs: [Character?]

  /// An empty drawing, in letters.
  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    dots = Array(repeating: 0, count: columns * rows)
    colours = Array(repeating: 0, count: columns * rows)
    signs = Array(repeating: nil, count: columns * rows)
  }

  /// The bit of each dot of a letter, `[4 rows][2 columns]`.
  ///
  /// - Source: The Unicode Standard, Braille Patterns.
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  /// Sets the dot at a place, from 0 to 1 along each side; what is outside is left out.
  mutating func dot(_ x: Double, _ y: Double, colour: Int) {
    guard (0...1).contains(x), (0...1).contains(y) else { return }
    set(column(of: x), row(of: y), colour)
  }

  private func column(of x: Double) -> Int { Int((x * Double(columns * 2 - 1)).rounded()) }
  private func row(of y: Double) -> Int { Int(((1 - y) * Double(rows * 4 - 1)).rounded()) }

  private mutating func set(_ column: Int, _ row: Int, _ colour: Int) {
    let cell = row / 4 * columns + column / 2
    dots[cell] |= Self.bits[row % 4][column % 2]
    colours[cell] = colour
  }

  /// Draws a straight line between two places.
  mutating func line(
    from first: (x: Double, y: Double), to last: (x: Double, y: Double), colour: Int
  ) {
    let across = abs(last.x - first.x) * Double(columns * 2)
    let up = abs(last.y - first.y) * Double(rows * 4)
    let count = max(1, Int(max(across, up).rounded(.up)))
    for index in 0...count {
      let part = Double(index) / Double(count)
      dot(
        first.x + (last.x - first.x) * part, first.y + (last.y - first.y) * part, colour: colour)
    }
  }

  /// Puts a sign over the letter at a place.
  mutating func sign(_ sign: Character, _ x: Double, _ y: Double, colour: Int) {
    guard (0...1).contains(x), (0...1).contains(y) else { return }
    let cell = row(of: y) / 4 * columns + column(of: x) / 2
    signs[cell] = sign
    colours[cell] = colour
  }

  /// The letters, line by line; `paint` gives a text a colour by its number.
  func lines(_ paint: (String, Int) -> String) -> [String] {
    (0..<rows).map { row in
      (0..<columns).map { column in
        let cell = row * columns + column
        if let sign = signs[cell] { return paint(String(sign), colours[cell]) }
        guard dots[cell] != 0, let scalar = Unicode.Scalar(0x2800 + UInt32(dots[cell])) else {
          return " "
        }
        return paint(String(Character(scalar)), colours[cell])
      }.joined()
    }
  }
}

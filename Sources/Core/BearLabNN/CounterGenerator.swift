/// Random numbers as a pure function of a key and a counter (SplitMix64).
///
/// What is drawn for one thing never depends on what was drawn for another.
public struct CounterGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence of a key.
  public init(key: UInt64) { state = key }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.finalise(state)
  }

  /// A key from two others, such as a parent's key and a token.
  public static func mix(_ first: UInt64, _ second: UInt64) -> UInt64 {
    finalise(finalise(first &+ 0x9E37_79B9_7F4A_7C15) ^ (second &+ 0xD1B5_4A32_D192_ED03))
  }

  private static func finalise(_ value: UInt64) -> UInt64 {
    var word = value
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

/// The Mersenne Twister MT19937, seeded from one integer.
///
/// - Source: Matsumoto and Nishimura, "Mersenne Twister", 1998; the seeding is their `init_genrand`
///   of 2002, which NumPy's `RandomState(seed)` uses for an integer.
public struct MersenneTwister: Sendable {
  private static let size = 624
  private static let middle = 397
  private var state: [UInt32]
  private var position = MersenneTwister.size

  /// Starts the sequence of `seed`.
  ///
  ///     s_0 = seed;  s_i = 1812433253 · (s_{i−1} xor (s_{i−1} >> 30)) + i  mod 2^32
  public init(seed: UInt32) {
    state = [seed]
    state.reserveCapacity(Self.size)
    for index in 1..<Self.size {
      let previous = state[index - 1]
      state.append(1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index))
    }
  }

  /// The next 32 bits.
  public mutating func next() -> UInt32 {
    if position == Self.size { twist() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C_5680
    word ^= (word << 15) & 0xEFC6_0000
    return word ^ (word >> 18)
  }

  private mutating func twist() {
    for index in 0..<Self.size {
      let upper = state[index] & 0x8000_0000
      let lower = state[(index + 1) % Self.size] & 0x7FFF_FFFF
      let word = upper | lower
      let mixed = (word >> 1) ^ (word & 1 == 0 ? 0 : 0x9908_B0DF)
      state[index] = state[(index + Self.middle) % Self.size] ^ mixed
    }
    position = 0
  }
}

/// The permutation by which the published samples were drawn.
public enum Permutation {
  /// The seed of every published sample.
  public static let officialSeed: UInt32 = 42

  /// The indices `0..<count`, shuffled.
  ///
  /// Fisher–Yates from the end; each index is drawn from `[0, i]` by masking 32 bits and rejecting
  /// what is too large, as pandas' `sample(random_state:)` does.
  public static func shuffled(count: Int, seed: UInt32 = officialSeed) -> [Int] {
    var indices = Array(0..<count)
    var generator = MersenneTwister(seed: seed)
    for last in stride(from: count - 1, to: 0, by: -1) {
      let bound = UInt32(last)
      let mask = UInt32.max >> bound.leadingZeroBitCount
      var draw = generator.next() & mask
      while draw > bound { draw = generator.next() & mask }
      indices.swapAt(last, Int(draw))
    }
    return indices
  }

  /// The first `limit` elements in permutation order; all of them, permuted, when there are fewer.
  static func sample<Element>(
    _ elements: some RandomAccessCollection<Element>, limit: Int
  )
    -> [Element]
  {
    shuffled(count: elements.count).prefix(limit).map { offset in
      elements[elements.index(elements.startIndex, offsetBy: offset)]
    }
  }
}

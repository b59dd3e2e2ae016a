/// Distinct paths of titles, each ending with EOS, which is token 0.
///
/// Short titles over a small vocabulary share many beginnings; a title may be the beginning of
/// another one, since EOS tells them apart.
///
/// - Parameters:
///   - count: how many.
///   - vocabulary: tokens other than EOS, 1...vocabulary.
///   - longest: tokens of the longest title, EOS left out.
///   - random: the source of randomness.
/// - Returns: `count` paths, or fewer where there are no more.
public func randomPaths(
  count: Int, vocabulary: Int32, longest: Int = 4, using random: inout SeededGenerator
) -> [[Int32]] {
  var seen: Set<[Int32]> = []
  var paths: [[Int32]] = []
  for _ in 0..<count * 20 where paths.count < count {
    let length = Int.random(in: 1...longest, using: &random)
    let path = (0..<length).map { _ in Int32.random(in: 1...vocabulary, using: &random) } + [0]
    if seen.insert(path).inserted { paths.append(path) }
  }
  return paths
}

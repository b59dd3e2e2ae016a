internal import BearLabCore
internal import BearLabFormats
internal import BearLabTensor

/// Everything that the bits of a trained recommender depend on.
///
/// Its hash is the name of the file in the store: what differs in anything here is another file.
/// Instruction set and threads belong to it, since sums are rounded in another order with others:
/// who repeats a run with the same ones gets the same bits, whatever others have left in the cache.
struct RecommenderIdentity: Sendable, Equatable {
  /// The plug-in's name.
  let name: String
  /// Its parameters, a line `name: value` each, sorted.
  let settings: String
  let seed: UInt64
  let itemCount: Int
  /// Of the titles of all items, SHA-256.
  let titlesHash: String
  /// Of titles, training and validation windows, SHA-256.
  let dataHash: String
  let instructionSet: String
  let threads: Int
  /// SHA-256 of the files that it learned from besides, a line `name: hash` each.
  let files: String

  /// Notes what is in force now.
  init(
    _ choice: RunDescription.Choice, _ data: RecommenderData,
    files: [(name: String, hash: String)] = []
  ) {
    self.files = files.map { "\n\($0.name): \($0.hash)" }.joined()
    name = choice.name
    settings = Self.lines(choice.values)
    seed = data.seed
    itemCount = data.catalogue.itemCount
    titlesHash = FileHash.sha256(of: Self.bytes(ofTitles: data.catalogue))
    dataHash = Self.hash(titlesHash: titlesHash, [data.train, data.validation])
    instructionSet = Compute.instructionSet
    threads = Compute.threads
  }

  /// SHA-256 of all of it and of the program's version, in hexadecimal.
  var hash: String {
    FileHash.sha256(
      of: Array(
        """
        recommender of bear-lab \(BearLab.version)
        \(name), seed \(seed), \(instructionSet), \(threads) threads
        data \(dataHash)\(files)
        \(settings)
        """.utf8))
  }

  /// The name of its file in the store.
  var fileName: String { "\(name)-\(hash).h5" }

  /// SHA-256 of titles and windows.
  static func hash(of catalogue: Catalogue, _ windows: [[Window]]) -> String {
    hash(titlesHash: FileHash.sha256(of: bytes(ofTitles: catalogue)), windows)
  }

  private static func hash(titlesHash: String, _ windows: [[Window]]) -> String {
    FileHash.sha256(of: Array(titlesHash.utf8) + windows.flatMap(bytes))
  }

  /// Settings, a line `name: value` each, sorted.
  static func lines(_ values: ParameterValues) -> String {
    values.values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
  }

  /// Each title behind its length.
  private static func bytes(ofTitles catalogue: Catalogue) -> [UInt8] {
    (1...max(catalogue.itemCount, 1)).prefix(catalogue.itemCount).flatMap { item -> [UInt8] in
      let title = Array(catalogue.title(of: item).utf8)
      return little([title.count]) + title
    }
  }

  /// The number of windows, then each window's numbers behind the length of its history.
  private static func bytes(of windows: [Window]) -> [UInt8] {
    var numbers = [windows.count]
    for window in windows {
      numbers += [window.user, window.timestamp, window.target, window.history.count]
      numbers += window.history
    }
    return little(numbers)
  }

  /// Numbers as 64 bits each, little-endian.
  private static func little(_ numbers: [Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * numbers.count)
    for number in numbers {
      for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * place))) }
    }
    return bytes
  }
}

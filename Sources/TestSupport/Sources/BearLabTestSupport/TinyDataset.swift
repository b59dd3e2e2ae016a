internal import Foundation

/// A random data set in the official layout, small enough for tests.
///
/// Thirty items with 29 titles; half of the targets are the item after the last one of the history,
/// the others one of the first three items, so that there is something to learn.
public enum TinyDataset {
  /// The titles of items 1, 2, …: two are equal, and of two others a careless reader changes bytes.
  public static let titles = [
    "Amber", "Salt &amp; Sea", "Over  There", "The Stone", "Stone Inn", "Amber", "Anther",
    "The Sun", "Sunder", "Ember", "Sister", "Thin Ice", "In Tune", "Onset", "The Inn", "A Stand",
    "Stint", "Inner Sun", "The Thorn", "Thorn", "Ton 21", "Ton 22", "Son", "The Son", "Erst",
    "Tin", "Ice", "Sea", "Sand", "Hour",
  ]
  public static let trainCount = 300
  public static let testCount = 40

  /// The files by name.
  public static func files(seed: UInt64 = 1) -> [String: String] {
    var random = SeededGenerator(seed)
    let names = titles.enumerated().map { #""\#($0 + 1)": "\#($1)""# }.joined(separator: ", ")
    return [
      "id2name4Rec.json": "{\(names)}\n",
      "train.csv": rows(trainCount, firstUser: 1, &random),
      "test.csv": rows(testCount, firstUser: 1 + trainCount, &random),
      // Short phrases, for speed.
      "dataset.yaml": "history-phrase: 'Seen: '\ninstruction: Which one is next?\n",
    ]
  }

  private static func rows(
    _ count: Int, firstUser: Int, _ random: inout SeededGenerator
  ) -> String {
    var text = "user_id,item_ids,timestamp\n"
    for user in firstUser..<firstUser + count {
      let history = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        Int.random(in: 1...titles.count, using: &random)
      }
      let next = history[history.count - 1] % titles.count + 1
      let target = Bool.random(using: &random) ? next : Int.random(in: 1...3, using: &random)
      let items = (history + [target]).map(String.init).joined(separator: ", ")
      text += "\(user),\"[\(items)]\",\(1000 + user)\n"
    }
    return text
  }
}

/// Runs `body` with a cache folder that holds the data set and the model `tiny`.
///
/// - Parameter body: takes the folder's path; whatever it puts there is removed too.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws, or why the files cannot be written.
public func withTinyCache<Result>(_ body: (String) throws -> Result) throws -> Result {
  let cache = FileManager.default.temporaryDirectory
    .appending(path: "bear-lab-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: cache) }
  func write(_ data: Data, _ path: String) throws {
    let file = cache.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
  }
  try write(TinyGGUF().data, "models/tiny/tiny.gguf")
  for (name, text) in TinyDataset.files() { try write(Data(text.utf8), "datasets/tiny/\(name)") }
  return try body(cache.path(percentEncoded: false))
}

internal import Foundation

/// The folder of a run that has only what `compare` reads: settings and rows.
public struct MeasuredRunFolder {
  /// What a test row came to.
  public struct Row {
    public var user: Int
    public var isSeen = true
    /// From 0; nil for none.
    public var rank: Int?
    public var itemNLL: Double?
    public var target: Int

    /// A row of a user, whose target is 100 above the user's number.
    public init(user: Int, rank: Int?, itemNLL: Double? = nil, isSeen: Bool = true) {
      self.user = user
      self.rank = rank
      self.itemNLL = itemNLL
      self.isSeen = isSeen
      target = user + 100
    }

    var line: String {
      "{\"item_nll\":\(itemNLL.map { "\($0)" } ?? "null"),\"rank\":\(rank.map { "\($0)" } ?? "null"),"
        + "\"seen\":\(isSeen),\"target\":\(target),\"timestamp\":\(user * 10),"
        + "\"title\":\(target - 90),\"user\":\(user)}\n"
    }
  }

  /// Settings as `run.yaml` has them; tests replace parts of the text.
  public var settings = """
    dataset: tiny
    precision: f32
    protocol: consistent
    seed: 42
    seeds: ''
    backbone:
      name: bigrec
    decoder:
      name: constrained-beam
      width: 10
    training:
      epochs: 1
    evaluation:
      match: leaf
      users: 12
    record:
      model-sha256: a0
      test.csv-sha256: b0
      train.csv-sha256: c0

    """
  /// Rows by the name of what was measured.
  public var rows: [String: [Row]]

  /// A folder with the rows of the fine-tuned model.
  public init(_ rows: [Row]) { self.rows = ["fine-tuned": rows] }

  /// The same with parts of its settings replaced.
  public func replacing(_ part: String, with other: String) -> MeasuredRunFolder {
    precondition(settings.contains(part), "'\(part)' is not in the settings")
    var copy = self
    copy.settings = settings.replacing(part, with: other)
    return copy
  }

  /// Writes the folder.
  public func write(to path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try settings.write(toFile: "\(path)/run.yaml", atomically: true, encoding: .utf8)
    for (name, rows) in rows {
      try rows.map(\.line).joined()
        .write(toFile: "\(path)/rows-\(name).jsonl", atomically: true, encoding: .utf8)
    }
  }

  /// Rows of 40 users, every fifth with an unseen target, whose hits and likelihoods depend on
  /// `variant` and get better with it.
  public static func rows(_ variant: Int) -> [Row] {
    var random = SeededGenerator(UInt64(variant))
    return (1...40).map { user in
      let isHit = Int.random(in: 0..<10, using: &random) < 2 + variant
      let rank = Int.random(in: 0..<10, using: &random)
      let likelihood = Double(Int.random(in: 200..<900, using: &random)) / 100
      return Row(
        user: user, rank: isHit ? rank : nil, itemNLL: likelihood - Double(variant) / 2,
        isSeen: user % 5 > 0)
    }
  }
}

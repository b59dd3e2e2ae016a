public import BearLabCore
internal import BearLabFormats

/// Data sets of any size with a known structure of preferences, drawn from a seed.
///
///     P(item | cluster c before) = (follow · [its cluster is c + 1] + (1 − follow) / clusters)
///                                  · rank^−zipf / Σ_r r^−zipf       over the ranks of its cluster
///
/// Items are in clusters, in turn. A user begins in any cluster and then goes on to the next one,
/// or with a probability of 1 − `follow` to any; within a cluster items are drawn by Zipf's law.
/// The last item of a history thus says all that can be known of the next, so that the best
/// reachable figures are known: ``best(for:)``. Titles name their cluster.
public struct SyntheticSource: DatasetSource {
  public static let summary = "a data set made up from a seed: synthetic:items=N,users=N,seed=N"
  public static let parameters: [Parameter] = [
    .integer("items", default: 2000, in: 20...1_000_000, "items, each with a title of its own"),
    .integer("users", default: 2000, in: 100...10_000_000, "users"),
    .integer("clusters", default: 20, in: 1...1600, "clusters of items"),
    .integer("shortest", default: 5, in: 2...1000, "interactions of a user at least"),
    .integer("longest", default: 20, in: 2...1000, "interactions of a user at most"),
    .real("follow", default: 0.8, in: 0...1, "probability that the next cluster is the one after"),
    .real("zipf", default: 1, in: 0...3, "exponent of the popularities within a cluster"),
    .integer("seed", default: 1, in: 0...Int(UInt32.max), "seed of everything"),
  ]
  static let prefix = "synthetic:"

  let items: Int
  let users: Int
  let clusters: Int
  let lengths: ClosedRange<Int>
  let follow: Double
  let zipf: Double
  let seed: Int

  public init(_ values: ParameterValues) throws {
    items = try values["items"]
    users = try values["users"]
    clusters = try values["clusters"]
    let (shortest, longest): (Int, Int) = (try values["shortest"], try values["longest"])
    follow = try values["follow"]
    zipf = try values["zipf"]
    seed = try values["seed"]
    guard clusters <= items else {
      throw ParameterError.invalid(
        parameter: "clusters", value: "\(clusters)", accepted: "at most as many as items, \(items)")
    }
    guard shortest <= longest else {
      throw ParameterError.invalid(
        parameter: "shortest", value: "\(shortest)",
        accepted: "at most as many as longest, \(longest)")
    }
    lengths = shortest...longest
  }

  /// Reads a name such as `synthetic:items=20000,users=5000,seed=7`.
  ///
  /// - Throws: `ParameterError` for a part that is no value, an unknown name, or a name twice.
  public init(name: String) throws {
    var given: [String: ParameterValue] = [:]
    for part in name.dropFirst(Self.prefix.count).split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        .map(String.init)
      guard let parameter = Self.parameters.first(where: { $0.name == pair[0] }) else {
        throw ParameterError.unknown(
          parameter: pair[0], owner: "a synthetic data set", known: Self.parameters.map(\.name))
      }
      let text = pair.count == 2 ? pair[1] : ""
      guard given.updateValue(try parameter.parse(text), forKey: pair[0]) == nil else {
        throw ParameterError.invalid(
          parameter: pair[0], value: text, accepted: "each parameter once")
      }
    }
    try self.init(given)
  }

  /// The name with every parameter.
  public var name: String {
    Self.prefix
      + "items=\(items),users=\(users),clusters=\(clusters),shortest=\(lengths.lowerBound),"
      + "longest=\(lengths.upperBound),follow=\(follow),zipf=\(zipf),seed=\(seed)"
  }

  public static func recognises(folder: String) -> Bool { isName(folder) }

  /// Whether a text names a synthetic data set, and no folder.
  public static func isName(_ text: String) -> Bool { text.hasPrefix(prefix) }

  /// Makes the data set that `folder` names.
  ///
  /// - Throws: `ParameterError`.
  public func load(folder: String) throws -> Dataset { try parts(folder: folder).dataset }

  /// Writes the data set in the official layout.
  ///
  /// - Returns: what `preparation.json` has.
  /// - Throws: ``PreparationError``.
  public func write(to folder: String) throws -> PreparationRecord {
    let content = SyntheticPopulation(self).content
    var counts = PreparationRecord.Counts()
    (counts.users, counts.items) = (users, items)
    counts.interactions = content.interactions
    counts.interactionsRead = content.interactions
    counts.density = Double(content.interactions) / (Double(users) * Double(items))
    let files = content.files
    (counts.train, counts.validation, counts.test) =
      (files.train.count, files.validation.count, files.test.count)
    let record = PreparationRecord(
      source: name, files: [], settings: nil, counts: counts,
      notices: [best(for: files.test).notice])
    try OfficialFolder.write(files, record: record, to: folder)
    return record
  }
}

extension SyntheticSource: PartedSource {
  func parts(folder: String) throws -> DatasetParts {
    let source = try SyntheticSource(name: folder)
    let files = SyntheticPopulation(source).content.files
    let test = Array(files.test)
    return DatasetParts(
      name: "synthetic", catalogue: Catalogue(itemTitles: files.titles), choice: .items,
      train: Array(files.train),
      validation: (Array(files.validation), "the middle tenth in order of time"), test: test,
      notices: [source.best(for: test).notice],
      // Version 1 of the rules.
      fileHashes: ["synthetic": FileHash.sha256(of: Array("1 \(source.name)".utf8))])
  }
}

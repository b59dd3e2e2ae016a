internal import Foundation

extension ComparedMethod {
  /// Checks that runs were measured on the same rows of the same data, in the same way of matching.
  ///
  /// - Throws: ``ComparisonError``, which says what differs.
  static func requireComparable(_ methods: [ComparedMethod]) throws(ComparisonError) {
    let runs = methods.flatMap(\.runs)
    guard let first = runs.first else { return }
    for run in runs.dropFirst() { try first.requireComparable(run) }
  }

  /// What a reader should know of runs that may be compared and still differ.
  static func notes(_ methods: [ComparedMethod]) -> [String] {
    guard let first = methods.first else { return [] }
    var notes: [String] = []
    for method in methods.dropFirst() {
      let differing = method.runs[0].measurementDifferences(from: first.runs[0])
      if !differing.isEmpty {
        notes.append(
          "\(method.name) was measured otherwise than \(first.name): "
            + differing.joined(separator: ", "))
      }
      if method.seeds != first.seeds {
        notes.append(
          "the seeds differ: \(first.name) has \(list(first.seeds)), \(method.name) has "
            + list(method.seeds))
      }
    }
    let rows = first.runs[0].rows
    let users = Set(rows.keys.map(\.user)).count
    if users < rows.count {
      notes.append(
        "\(rows.count) rows are of \(users) users: rows of one user are not independent, so "
          + "that intervals and p-values are too small")
    }
    return notes
  }

  private static func list(_ seeds: [Int]) -> String {
    seeds.isEmpty ? "none" : seeds.map(String.init).joined(separator: ", ")
  }
}

extension ComparedRun {
  /// As messages call it.
  private var title: String { "\(path) (\(rowsName))" }

  fileprivate func requireComparable(_ other: ComparedRun) throws(ComparisonError) {
    let names = Set(dataHashes.keys).union(other.dataHashes.keys).sorted()
    let files = names.filter { dataHashes[$0] != other.dataHashes[$0] }
    guard files.isEmpty else {
      throw .otherData(first: title, second: other.title, files: files)
    }
    // Runs without a language model do not say how they match: by title in any case.
    let matching = [self, other].compactMap { $0.isDecoded ? $0.settings["evaluation.match"] : nil }
    guard Set(matching).count < 2 else {
      throw .otherMatching(first: title, second: other.title, values: matching)
    }
    try requireSameRows(other)
    let changed = rows.keys.filter {
      rows[$0]?.title != other.rows[$0]?.title || rows[$0]?.isSeen != other.rows[$0]?.isSeen
    }.sorted()
    guard let example = changed.first else { return }
    throw .otherTargets(
      first: title, second: other.title, rows: changed.count, example: example.description)
  }

  private func requireSameRows(_ other: ComparedRun) throws(ComparisonError) {
    let (own, others) = (Set(rows.keys), Set(other.rows.keys))
    guard own != others else { return }
    let (onlyOwn, onlyOther) = (
      own.subtracting(others).sorted(), others.subtracting(own).sorted()
    )
    throw .otherRows(
      first: title, second: other.title, onlyFirst: onlyOwn.count, onlySecond: onlyOther.count,
      shared: own.intersection(others).count,
      examples: (onlyOwn.prefix(2) + onlyOther.prefix(2)).map(\.description))
  }

  /// The settings of measuring that both have and that differ.
  fileprivate func measurementDifferences(from other: ComparedRun) -> [String] {
    guard isDecoded, other.isDecoded else { return [] }
    // How many users are searched side by side changes no result.
    let ignored = ["evaluation.users", "evaluation.batch-size", "evaluation.measure"]
    let names = settings.keys.filter { name in
      ["protocol", "precision", "decoder"].contains(name)
        || (name.hasPrefix("decoder.") || name.hasPrefix("evaluation."))
          && !ignored.contains(name)
    }
    var differing = names.sorted().compactMap { name -> String? in
      guard let own = settings[name], let value = other.settings[name], own != value else {
        return nil
      }
      return "\(name) \(own) instead of \(value)"
    }
    let phrases = "dataset.yaml-sha256"
    if record[phrases] != other.record[phrases] {
      differing.append("other words of the prompt (dataset.yaml)")
    }
    return differing
  }
}

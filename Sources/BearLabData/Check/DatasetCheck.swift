public import BearLabCore

/// Looks at all windows and titles of a data set.
public struct DatasetCheck {
  private let parts: DatasetParts
  private let dataset: Dataset

  /// Reads a data set.
  ///
  /// - Parameters:
  ///   - folder: a folder, or a synthetic data set's name.
  ///   - layout: a layout's name; nil for the first that recognises the folder.
  ///   - registry: the layouts.
  /// - Throws: ``DataError``, or what the layout throws.
  public init(folder: String, layout: String? = nil, registry: PluginRegistry) throws {
    let source = try DatasetLoader.source(of: folder, layout: layout, registry: registry).init([:])
    if let source = source as? any PartedSource {
      parts = try source.parts(folder: folder)
      dataset = parts.dataset
    } else {
      // A layout of someone's own gives samples only.
      dataset = try source.load(folder: folder)
      try dataset.requireKnownItems(folder: folder)
      parts = DatasetParts(
        name: dataset.name, catalogue: dataset.catalogue, choice: .items, train: dataset.train,
        validation: (dataset.validation, ""), test: dataset.test)
    }
  }

  init(_ parts: DatasetParts) {
    self.parts = parts
    dataset = parts.dataset
  }

  private var catalogue: Catalogue { parts.catalogue }

  /// The parts that there are, in order of time.
  private var named: [(name: String, windows: [Window])] {
    let all = [
      ("train", parts.train), ("validation", parts.validation?.windows ?? []), ("test", parts.test),
    ]
    return all.filter { !$0.1.isEmpty }
  }

  /// Counts everything but tokens.
  public func report() -> DatasetReport {
    DatasetReport(
      name: parts.name, size: size, parts: named.map(Self.part), titles: titles, targets: targets,
      leaks: leaks)
  }

  private static func part(_ name: String, _ windows: [Window]) -> DatasetReport.Part {
    let times = windows.map(\.timestamp)
    return DatasetReport.Part(
      name: name, windows: windows.count,
      lengths: windows.reduce(into: [:]) { $0[$1.history.count + 1, default: 0] += 1 },
      first: times.min() ?? 0, last: times.max() ?? 0,
      duplicates: windows.count - Set(windows).count,
      targetsInHistory: windows.count { $0.history.contains($0.target) })
  }

  /// A user's windows overlap; what each adds to the one before it was not there yet.
  private var size: DatasetReport.Size {
    var last: [Int: [Int]] = [:]
    var interactions = 0
    for window in named.flatMap(\.windows) {
      let items = window.history + [window.target]
      let overlap = last[window.user].map { Self.overlap($0, items) } ?? 0
      interactions += items.count - overlap
      last[window.user] = items
    }
    let (users, items) = (last.count, catalogue.itemCount)
    return DatasetReport.Size(
      users: users, items: items, interactions: interactions,
      density: Double(interactions) / max(1, Double(users) * Double(items)))
  }

  /// The longest end of `first` with which `second` begins, not all of it.
  private static func overlap(_ first: [Int], _ second: [Int]) -> Int {
    let most = min(first.count, second.count - 1)
    return stride(from: most, to: 0, by: -1).first { first.suffix($0) == second.prefix($0) } ?? 0
  }

  private var titles: DatasetReport.Titles {
    let all = (0..<catalogue.itemCount).map { catalogue.title(of: $0 + 1) }
    let shared = catalogue.titles.indices.map { catalogue.items(withTitle: $0).count }
      .filter { $0 > 1 }
    return DatasetReport.Titles(
      distinct: catalogue.titles.count, shared: shared.count,
      itemsWithShared: shared.reduce(0, +), empty: all.count(where: \.isEmpty),
      withEntity: all.count(where: HTMLEntities.isEntity),
      withQuote: all.count { $0.utf8.contains(UInt8(ascii: "\"")) },
      withNewline: all.count { $0.utf8.contains(UInt8(ascii: "\n")) },
      withSpaces: all.count { $0.contains("  ") },
      beyondASCII: all.count { !$0.utf8.allSatisfy { $0 < 0x80 } },
      prefixes: Self.prefixes(catalogue.titles.map { Array("\"\($0)\"".utf8) }))
  }

  /// How many sequences are the beginning of another one; of equal ones one is counted.
  private static func prefixes<Element: Comparable & Hashable>(_ sequences: [[Element]]) -> Int {
    // What begins with a sequence stands right behind it.
    let sorted = Set(sequences).sorted { $0.lexicographicallyPrecedes($1) }
    return zip(sorted, sorted.dropFirst()).count { short, long in
      short.count < long.count && long.starts(with: short)
    }
  }

  private var targets: DatasetReport.Targets {
    var seen: Set<Int> = []
    for window in parts.train {
      seen.formUnion(window.history)
      seen.insert(window.target)
    }
    return DatasetReport.Targets(
      windows: parts.test.count, neverSeen: parts.test.count { !seen.contains($0.target) },
      withSharedTitle: parts.test.count {
        catalogue.items(withTitle: catalogue.titleNumber(of: $0.target)).count > 1
      })
  }

  /// A target at the very time of the split is none: times are often whole days.
  private var leaks: [DatasetReport.Leak] {
    named.indices.flatMap { part in
      named[(part + 1)...].compactMap { later in
        let split = later.windows.map(\.timestamp).min() ?? .max
        let early = named[part].windows.filter { $0.timestamp > split }
        return early.first.map { first in
          DatasetReport.Leak(
            part: named[part].name, later: later.name, split: split, windows: early.count,
            user: first.user, timestamp: first.timestamp)
        }
      }
    }
  }

  /// Counts the tokens of titles and prompts.
  ///
  /// - Parameters:
  ///   - model: the model's name.
  ///   - encoder: its tokenizer.
  ///   - backbone: writes prompts and answers.
  /// - Returns: the lengths, and titles that the tokenizer cannot tell apart.
  /// - Throws: what the backbone throws.
  public func tokens(
    of model: String, _ encoder: some TextEncoder, backbone: some Backbone
  ) throws -> TokenLengths {
    let answers = catalogue.titles.map { encoder.encode(backbone.answer(title: $0)) }
    let prompts = try dataset.test.map { window in
      let prompt = try backbone.prompt(
        history: window.history, catalogue: catalogue, phrases: dataset.phrases, stage: .inference)
      return encoder.encode(prompt).elements.count
    }
    let (answerLengths, bound) = (answers.map { $0.count + 1 }, encoder.eosToken)
    return TokenLengths(
      model: model, titles: .init(answerLengths),
      targets: .init(dataset.test.map { answerLengths[catalogue.titleNumber(of: $0.target)] }),
      prompts: .init(prompts), sameTokens: answers.count - Set(answers).count,
      prefixes: Self.prefixes(answers), withEOS: answers.count { $0.contains(bound) })
  }
}

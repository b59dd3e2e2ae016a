public import BearLabStatistics

/// Runs measured on the same test rows, compared row by row.
///
/// Every metric has a table of all rows, of those whose target was seen in training, and of those
/// whose target was not. A difference is that of two runs' figures of the same row, averaged over the
/// seeds where there are several.
public struct RunComparison: Sendable {
  /// What is compared, and how.
  public struct Request: Sendable {
    /// Folders of runs or of series of seeds; `RUN:zero-shot` names other rows than those of what was
    /// trained.
    public var runs: [String]
    /// One of ``runs``; nil for the first.
    public var baseline: String?
    /// Nil for ``ComparisonMetric/defaults``, of which what a run lacks is left out.
    public var metrics: [ComparisonMetric]?
    /// The rows of the runs that do not name theirs: `zero-shot`, `popularity`, ….
    public var rows: String?
    /// Whether every two runs are compared, and not only each with the baseline.
    public var isAllPairs = false
    public var resamples = 10_000
    /// Of the intervals, between 0 and 1.
    public var confidence = 0.95
    /// Of the bootstrap.
    public var seed: UInt64 = 42

    /// Asks for a comparison with the first of the runs.
    public init(runs: [String]) { self.runs = runs }
  }

  /// Which rows a table is of.
  public enum Targets: String, Sendable, CaseIterable {
    case all, seen, unseen
  }

  /// A run's mean.
  public struct Mean: Sendable {
    public let run: String
    public let mean: Double
    /// The mean of each seed, in their order; one where there is a single run.
    public let seedMeans: [Double]
    /// The sample standard deviation over the seeds; nil for a single run.
    public let deviation: Double?
  }

  /// Two runs' difference.
  public struct Pair: Sendable {
    public let run: String
    public let baseline: String
    /// The mean of run − baseline.
    public let difference: Double
    public let bootstrap: PairedBootstrap?
    public let tTest: PairedTTest?
    public let wilcoxon: WilcoxonSignedRank
    /// p-values corrected for the comparisons of the table, by Holm; nil where there are none.
    public internal(set) var correctedBootstrap: Double?
    public internal(set) var correctedTTest: Double?
    public internal(set) var correctedWilcoxon: Double?
  }

  /// One metric over some rows.
  public struct Table: Sendable {
    public let metric: ComparisonMetric
    public let targets: Targets
    public let rows: Int
    public let means: [Mean]
    public let pairs: [Pair]
  }

  public let tables: [Table]
  /// What a reader should know beside the tables.
  public let notes: [String]
  public let request: Request

  /// Reads the runs and compares them.
  ///
  /// - Throws: ``ComparisonError`` for runs that cannot be compared, ``RunFolderError`` and what
  ///   reading their files throws.
  public init(_ request: Request) throws {
    try Self.check(request)
    var methods = try request.runs.map { try ComparedMethod($0, rows: request.rows) }
    if let baseline = request.baseline {
      // The baseline is the first of the tables.
      let place = methods.firstIndex { $0.name == baseline } ?? 0
      methods.insert(methods.remove(at: place), at: 0)
    }
    try ComparedMethod.requireComparable(methods)
    var notes = ComparedMethod.notes(methods)
    var tables: [Table] = []
    for metric in request.metrics ?? ComparisonMetric.defaults {
      try Self.requireComparable(methods, metric)
      let columns = try methods.map { try Column($0, metric) }
      let known = columns.filter { $0.values.count == $0.method.rowKeys.count }
      if let missing = columns.first(where: { $0.values.count < $0.method.rowKeys.count }) {
        guard request.metrics == nil else {
          throw ComparisonError.noLikelihoods(run: missing.method.name)
        }
        notes.append("\(missing.method.name) has no \(metric.name)")
      }
      // Without the baseline's figures there is nothing that the others differ from.
      guard known.count > 1, request.isAllPairs || known[0].method.name == methods[0].name else {
        continue
      }
      tables += Targets.allCases.compactMap { Table(known, metric, $0, request) }
    }
    self.request = request
    self.tables = tables
    self.notes = notes
  }

  /// A gain without a cutoff is higher of longer lists.
  private static func requireComparable(
    _ methods: [ComparedMethod], _ metric: ComparisonMetric
  ) throws(ComparisonError) {
    guard case .gain(let gain) = metric, gain.cutoff == nil else { return }
    let lengths = methods.map { $0.runs.compactMap(\.listLength) }
    for (method, own) in zip(methods, lengths) {
      if let first = lengths[0].first, let other = own.first(where: { $0 != first }) {
        throw .otherLists(
          methods[0].name, method.name, metric: metric.name, lengths: [first, other])
      }
    }
  }

  private static func check(_ request: Request) throws(ComparisonError) {
    guard request.runs.count > 1 else { throw .tooFewRuns(request.runs.count) }
    for (place, run) in request.runs.enumerated() where request.runs[..<place].contains(run) {
      throw .givenTwice(run)
    }
    if let baseline = request.baseline, !request.runs.contains(baseline) {
      throw .unknownBaseline(baseline, known: request.runs)
    }
    guard request.resamples > 0 else { throw .badResamples(request.resamples) }
    guard request.confidence > 0, request.confidence < 1 else {
      throw .badConfidence(request.confidence)
    }
  }
}

extension ComparedMethod {
  /// The keys of its rows in an order that the file's does not change.
  fileprivate var rowKeys: [RankedRow.Key] { runs[0].rows.keys.sorted() }
}

/// A method's figures.
private struct Column {
  let method: ComparedMethod
  /// Of each row in the order of its keys and, within it, of each seed; fewer where some are not
  /// known.
  let values: [(isSeen: Bool, seeds: [Double])]

  /// - Throws: ``ComparisonError/shortList(run:metric:length:)``.
  init(_ method: ComparedMethod, _ metric: ComparisonMetric) throws(ComparisonError) {
    if let cutoff = metric.cutoff, let length = method.runs.compactMap(\.listLength).min(),
      cutoff > length
    {
      throw .shortList(run: method.name, metric: metric.name, length: length)
    }
    self.method = method
    values = method.rowKeys.compactMap { key in
      let seeds = method.runs.compactMap { $0.rows[key].flatMap(metric.value) }
      guard let row = method.runs[0].rows[key], seeds.count == method.runs.count else {
        return nil
      }
      return (row.isSeen, seeds)
    }
  }

  /// The figures of some rows, each the mean over the seeds.
  ///
  /// In the order of their size: the same figures in other seeds are no difference, not even by the
  /// rounding of a sum.
  func rowMeans(_ targets: RunComparison.Targets) -> [Double] {
    chosen(targets).map { $0.sorted().reduce(0, +) / Double($0.count) }
  }

  private func chosen(_ targets: RunComparison.Targets) -> [[Double]] {
    values.filter { targets == .all || $0.isSeen == (targets == .seen) }.map(\.seeds)
  }

  func mean(_ targets: RunComparison.Targets) -> RunComparison.Mean {
    let rows = chosen(targets)
    let seedMeans = method.runs.indices.map { seed in
      rows.reduce(0) { $0 + $1[seed] } / Double(rows.count)
    }
    let (mean, deviation) = SeedReport.spread(seedMeans)
    return .init(
      run: method.name, mean: mean, seedMeans: seedMeans,
      deviation: seedMeans.count > 1 ? deviation : nil)
  }
}

extension RunComparison.Table {
  /// Compares columns of the same rows; nil where there are none of these targets.
  fileprivate init?(
    _ columns: [Column], _ metric: ComparisonMetric, _ targets: RunComparison.Targets,
    _ request: RunComparison.Request
  ) {
    let figures = columns.map { $0.rowMeans(targets) }
    guard let rows = figures.first?.count, rows > 0 else { return nil }
    var pairs: [RunComparison.Pair] = []
    for first in columns.indices where first == 0 || request.isAllPairs {
      for second in columns.indices.dropFirst(first + 1) {
        pairs.append(
          RunComparison.Pair(
            columns[second].method.name, figures[second], columns[first].method.name,
            figures[first], request))
      }
    }
    Self.correct(&pairs, \.bootstrap?.pValue, \.correctedBootstrap)
    Self.correct(&pairs, \.tTest?.pValue, \.correctedTTest)
    Self.correct(&pairs, \.wilcoxonPValue, \.correctedWilcoxon)
    self.init(
      metric: metric, targets: targets, rows: rows, means: columns.map { $0.mean(targets) },
      pairs: pairs)
  }

  /// Corrects the p-values of one test.
  private static func correct(
    _ pairs: inout [RunComparison.Pair], _ pValue: KeyPath<RunComparison.Pair, Double?>,
    _ corrected: WritableKeyPath<RunComparison.Pair, Double?>
  ) {
    let known = pairs.indices.filter { pairs[$0][keyPath: pValue] != nil }
    let values = Holm.corrected(known.compactMap { pairs[$0][keyPath: pValue] })
    for (place, value) in zip(known, values) { pairs[place][keyPath: corrected] = value }
  }
}

extension RunComparison.Pair {
  fileprivate var wilcoxonPValue: Double? { wilcoxon.pValue }

  fileprivate init(
    _ run: String, _ figures: [Double], _ baseline: String, _ others: [Double],
    _ request: RunComparison.Request
  ) {
    let differences = zip(figures, others).map { $0 - $1 }
    self.run = run
    self.baseline = baseline
    difference = differences.reduce(0, +) / Double(differences.count)
    bootstrap = PairedBootstrap(
      differences, confidence: request.confidence, resamples: request.resamples,
      seed: request.seed)
    tTest = PairedTTest(differences, confidence: request.confidence)
    wilcoxon = WilcoxonSignedRank(differences)
  }
}

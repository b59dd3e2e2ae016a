public import BearLabCore
internal import BearLabEvaluation

/// What a diagnosis is told beside the run.
public struct DiagnosisOptions: Sendable {
  let width: Int?
  let softmax: Diagnosis.Settings.Softmax
  let rankLimit: Int?

  /// Takes the options.
  ///
  /// - Parameters:
  ///   - width: beams; nil for those of the run's decoder, or 10 where it has none.
  ///   - softmax: one of ``softmaxNames``.
  ///   - rankLimit: the rank up to which it is found exactly; nil for every one.
  public init(width: Int? = nil, softmax: String = "as-decoded", rankLimit: Int? = nil) {
    guard let known = Diagnosis.Settings.Softmax(rawValue: softmax) else {
      preconditionFailure("no soft-max is called \(softmax)")
    }
    self.width = width
    self.softmax = known
    self.rankLimit = rankLimit
  }

  /// Where the constraint may come in the total log-probability that ranks the titles.
  public static let softmaxNames = Diagnosis.Settings.Softmax.allCases.map(\.rawValue)
}

extension Experiment {
  /// Finds out which test targets beam search loses, and where.
  ///
  /// - Parameters:
  ///   - folder: the run whose best checkpoint is asked; nil for the base model.
  ///   - options: what is compared with what.
  ///   - interruption: asked after every batch.
  ///   - observer: told of the progress, and of what a reader should know.
  /// - Returns: the figures, and a line for each row.
  /// - Throws: as ``measure(run:interruption:observer:)``.
  public func diagnose(
    run folder: RunFolder?, options: DiagnosisOptions = DiagnosisOptions(),
    interruption: Interruption = Interruption(), observer: (RunEvent) -> Void
  ) throws -> DiagnosisReport {
    notices.forEach { observer(.notice($0)) }
    let (weights, name) = try measuredWeights(of: folder, observer: observer)
    let windows = try testWindows
    observer(
      .began(stage: "pruning of \(name) on test", done: 0, total: windows.count, unit: "users"))
    let settings = settings(options)
    let diagnosis = try evaluator().diagnose(windows, weights: weights, settings: settings) {
      observer(.progress(done: $0, detail: ""))
      try interruption.check()
    }
    return DiagnosisReport(
      diagnosis, of: name, settings: settings, constraint: constraint,
      protocolSummary: description.protocolSummary, precision: loaded.model.precision)
  }

  /// Shows a title's way through the beams of a user.
  ///
  /// - Parameters:
  ///   - user: of whom a test row is taken: of several the one whose right answer is `item`, else
  ///     the last.
  ///   - item: whose title is followed; nil for the row's right answer.
  ///   - folder: the run whose best checkpoint is asked; nil for the base model.
  ///   - options: what is compared with what.
  ///   - observer: told of what a reader should know.
  /// - Returns: what beam search makes of each token, and one sentence on it.
  /// - Throws: ``ExplainError`` for a user or an item that there is not, and as
  ///   ``measure(run:interruption:observer:)``.
  public func explain(
    user: Int, item: Int? = nil, run folder: RunFolder?,
    options: DiagnosisOptions = DiagnosisOptions(), observer: (RunEvent) -> Void
  ) throws -> Explanation {
    let window = try window(of: user, item: item, observer: observer)
    let (weights, _) = try measuredWeights(of: folder, observer: observer)
    let settings = settings(options)
    let diagnosis = try evaluator().diagnose([window], weights: weights, settings: settings)
    return Explanation(
      diagnosis.rows[0], settings: settings, constraint: constraint,
      catalogue: dataset.catalogue, trie: trie, encoder: loaded.encoder)
  }

  private func window(
    of user: Int, item: Int?, observer: (RunEvent) -> Void
  ) throws(ExplainError) -> Window {
    let windows = dataset.test.filter { $0.user == user }
    guard let last = windows.last else {
      throw .unknownUser(user, known: Array(dataset.test.prefix(3).map(\.user)))
    }
    if let item, !dataset.catalogue.contains(item) {
      throw .unknownItem(item, count: dataset.catalogue.itemCount)
    }
    let own = windows.last { $0.target == item }
    if windows.count > 1, own == nil {
      observer(.notice("user \(user) has \(windows.count) test rows; the last one is taken"))
    }
    let window = own ?? last
    return Window(
      user: user, history: window.history, target: item ?? window.target,
      timestamp: window.timestamp)
  }

  private func settings(_ options: DiagnosisOptions) -> Diagnosis.Settings {
    let decoder = description.decoder.values
    return Diagnosis.Settings(
      width: options.width ?? (try? decoder["width"]) ?? Diagnosis.Settings().width,
      softmax: options.softmax, rankLimit: options.rankLimit ?? .max,
      lengthPenalty: (try? decoder["length-penalty"]) ?? 0,
      tokenLimit: (try? decoder["max-tokens"]) ?? 0)
  }
}

/// Why nothing can be explained.
public enum ExplainError: BearLabError, Equatable {
  case unknownUser(Int, known: [Int])
  case unknownItem(Int, count: Int)

  public var description: String {
    switch self {
    case .unknownUser(let user, _): "there is no test row of user \(user)"
    case .unknownItem(let item, let count): "there is no item \(item): there are \(count) items"
    }
  }

  public var remedy: String {
    switch self {
    case .unknownUser(_, let known):
      "give the number of a user in test"
        + (known.isEmpty ? "" : ", such as \(known.map(String.init).joined(separator: ", "))")
    case .unknownItem(_, let count): "give an item from 1 to \(count)"
    }
  }
}

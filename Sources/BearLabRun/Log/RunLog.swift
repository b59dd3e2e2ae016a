public import BearLabEvaluation
internal import Foundation

/// What a run has written as it went, read back.
public struct RunLog: Sendable {
  /// A step of fine-tuning.
  public struct Step: Sendable, Equatable, Decodable {
    /// From 0.
    public let step: Int
    /// From 1.
    public let epoch: Int
    /// Nats, for the objectives that are likelihoods.
    public let loss: Double
    public let gradientNorm: Double
    public let learningRate: Double
    public let samples: Int
    public let tokens: Int

    enum CodingKeys: String, CodingKey {
      case step, epoch, loss, samples, tokens
      case gradientNorm = "gradient_norm"
      case learningRate = "learning_rate"
    }
  }

  /// An epoch of a recommender's training.
  public struct RecommenderEpoch: Sendable, Equatable, Decodable {
    public let name: String
    /// From 1.
    public let epoch: Int
    public let loss: Double
    public let validationNDCG: Double?

    enum CodingKeys: String, CodingKey {
      case name, epoch, loss
      case validationNDCG = "validation_ndcg@10"
    }
  }

  public let folder: RunFolder
  /// The folder's own name.
  public let name: String
  /// Every setting in effect, in the order of `run.yaml`.
  public let settings: [RunDescription.Assignment]
  public let steps: [Step]
  public let recommenderEpochs: [RecommenderEpoch]
  /// In the order of the work.
  public let evaluations: [EvaluationFigures]

  /// Reads what is in a run's folder; the run may still be at work.
  ///
  /// - Throws: ``RunFolderError/notARun(path:)``, ``RunDescriptionError``,
  ///   ``RunLogError/malformedLine(path:line:excerpt:)``.
  public init(_ path: String) throws {
    folder = try RunFolder(existing: path)
    name = URL(filePath: path).standardizedFileURL.lastPathComponent
    settings = try RunDescription.assignments(
      yaml: folder.readDescription(), path: folder.descriptionPath)
    let lines = LogLines(path: folder.metricsPath)
    steps = try lines.decode(Step.self, event: "step")
    recommenderEpochs = try lines.decode(RecommenderEpoch.self, event: "recommender-epoch")
    evaluations = try lines.decode(EvaluationFigures.self, event: "evaluation")
  }

  /// The value of a setting by its name in `--set`, such as `objective.lambda`, or `seed`.
  public subscript(setting: String) -> String? {
    settings.first { $0.path == setting }?.text
  }

  /// The figures that the run ended with: on test, or those of its chosen epoch on validation.
  ///
  /// What the base model had, or an epoch so far, is not how a training ends.
  ///
  /// - Throws: ``RunLogError/nothingMeasured(path:)``.
  public func finalFigures() throws -> EvaluationFigures {
    let figures = try? folder.finalFigures(recommender: self["recommender"])
    let isTrained =
      (self["training.epochs"] ?? "0") != "0" && self["backbone"] != RunDescription.noBackbone
    guard let figures, figures.name == "fine-tuned" || folder.report != nil || !isTrained else {
      throw RunLogError.nothingMeasured(path: folder.path)
    }
    return figures
  }

  /// The figures of each epoch that was measured, from the first.
  public var epochFigures: [(epoch: Int, figures: EvaluationFigures)] {
    evaluations.compactMap { figures in RunFolder.epoch(of: figures).map { ($0, figures) } }
      .sorted { $0.0 < $1.0 }
  }

  /// The training time of an epoch in seconds: the median of those after the first, where there are
  /// several; nil where no step was timed.
  public var secondsPerEpoch: Double? {
    RunMeasurements.usualSeconds(RunMeasurements.epochSeconds(folder))
  }

  /// The middle value, or the mean of the two in the middle; nil of none.
  public static func median(_ values: [Double]) -> Double? { RunMeasurements.median(values) }

  /// The seconds of each step, by its number; a step that was computed again counts once.
  public func stepSeconds() throws -> [Int: Double] {
    struct Timing: Decodable {
      let step: Int
      let seconds: Double
    }
    let lines = LogLines(path: "\(folder.path)/timing.jsonl")
    return Dictionary(
      try lines.decode(Timing.self, event: "step").map { ($0.step, $0.seconds) },
      uniquingKeysWith: { $1 })
  }

  /// The runs of some folders; of a series of seeds, the run of each seed.
  ///
  /// - Throws: what reading them throws.
  public static func read(_ paths: [String]) throws -> [RunLog] {
    try paths.flatMap { path -> [RunLog] in
      let run = try RunLog(path)
      let seeds = (run["seeds"] ?? "").split(separator: ",")
        .map { "\(path)/seed-\($0.trimmingCharacters(in: .whitespaces))" }
        .filter { FileManager.default.fileExists(atPath: "\($0)/run.yaml") }
      return seeds.isEmpty ? [run] : try seeds.map { try RunLog($0) }
    }
  }

  /// Runs by the shortest ends of their paths that differ.
  public static func named(_ runs: [RunLog]) -> [(name: String, run: RunLog)] {
    var names = runs.map(\.name)
    for count in 2...6 where Set(names).count < names.count {
      names = runs.map { run in
        let parts = URL(filePath: run.folder.path).standardizedFileURL.pathComponents
        return parts.filter { $0 != "/" }.suffix(count).joined(separator: "/")
      }
    }
    return Array(zip(names, runs))
  }

  /// Runs by what tells their names apart, for legends and tables: of `book-sft-seed-42` and
  /// `book-bear-seed-42` they are `sft` and `bear`.
  public static func labelled(_ runs: [RunLog]) -> [(name: String, run: RunLog)] {
    let named = named(runs)
    return Array(zip(distinctive(named.map(\.name)), runs))
  }

  /// Names without the words, between hyphens, with which all of them begin or end.
  static func distinctive(_ names: [String]) -> [String] {
    let words = names.map { $0.split(separator: "-", omittingEmptySubsequences: false) }
    guard names.count > 1, let first = words.first, let shortest = words.map(\.count).min() else {
      return names
    }
    func common(_ word: (Int, [Substring]) -> Substring) -> Int {
      (0..<shortest - 1).prefix { place in
        words.allSatisfy { word(place, $0) == word(place, first) }
      }.count
    }
    var start = common { $1[$0] }
    // A number says nothing without the word before it.
    func isNumber(_ word: Substring) -> Bool { word.first?.isNumber != false }
    var end = common { $1[$1.count - 1 - $0] }
    while end > 0, isNumber(first[first.count - end]) { end -= 1 }
    while start > 0, words.contains(where: { isNumber($0[start]) }) { start -= 1 }
    end = min(end, shortest - 1 - start)
    return words.map { $0[start..<($0.count - end)].joined(separator: "-") }
  }
}

extension RunFolder {
  /// The file of steps and figures.
  public var metricsPath: String { "\(path)/metrics.jsonl" }
}

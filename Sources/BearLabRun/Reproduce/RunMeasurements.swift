internal import BearLabCore
package import BearLabEvaluation
internal import Foundation

/// What a finished run measured, by the names of a reproduction's columns.
struct RunMeasurements {
  /// Figures on test and seconds an epoch.
  private(set) var values: [String: Double] = [:]
  /// The rows that were ranked for.
  let rows: Int
  /// Epochs whose time is known.
  let epochs: Int

  /// Reads what a run has left.
  ///
  /// - Throws: ``RunFolderError/noCheckpoint(path:)`` where nothing was measured on test.
  init(_ folder: RunFolder, _ description: RunDescription) throws(RunFolderError) {
    let figures = try folder.finalFigures(recommender: description.recommender?.name)
    for (place, cutoff) in RankingMetrics.cutoffs.enumerated() {
      values["NDCG@\(cutoff)"] = figures.ndcg[place]
      values["HR@\(cutoff)"] = figures.hr[place]
    }
    rows = figures.rows
    let seconds = Self.epochSeconds(folder)
    epochs = seconds.count
    values["s/epoch"] = Self.usualSeconds(seconds)
  }

  /// Whether what is pruned was measured.
  private(set) var isDiagnosed = false

  /// Adds what a diagnosis found.
  mutating func add(_ diagnosis: [String: Double]) {
    values.merge(diagnosis) { $1 }
    isDiagnosed = true
  }

  private struct Line: Decodable {
    let event: String
    let step: Int?
    let epoch: Int?
    let seconds: Double?
  }

  /// The training time of each epoch, its steps summed up, in seconds.
  ///
  /// A step that was computed again, after a stop, counts once. An epoch with a step whose time is not
  /// known is left out.
  static func epochSeconds(_ folder: RunFolder) -> [(epoch: Int, seconds: Double)] {
    func lines(_ name: String) -> [Line] {
      let text = (try? String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)) ?? ""
      return text.split(separator: "\n").compactMap {
        try? JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
    }
    var seconds: [Int: Double] = [:]
    for line in lines("timing.jsonl") where line.event == "step" {
      if let step = line.step { seconds[step] = line.seconds }
    }
    var sums: [Int: Double?] = [:]
    for line in lines("metrics.jsonl") where line.event == "step" {
      guard let step = line.step, let epoch = line.epoch else { continue }
      let known = sums[epoch] ?? 0
      sums[epoch] = .some(known.flatMap { sum in seconds[step].map { sum + $0 } })
    }
    return sums.sorted { $0.key < $1.key }.compactMap { epoch, sum in sum.map { (epoch, $0) } }
  }

  /// The median of the epochs after the first, where their time is known; else that of the first.
  static func usualSeconds(_ epochs: [(epoch: Int, seconds: Double)]) -> Double? {
    let later = epochs.filter { $0.epoch > 1 }
    return median((later.isEmpty ? epochs : later).map(\.seconds))
  }

  /// The middle value, or the mean of the two in the middle; nil of none.
  static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

extension RunFolder {
  /// The figures on test that a run ended with: of what it trained, else of what was there before;
  /// of a run that looks at validation alone, those of its chosen epoch there.
  ///
  /// - Parameter recommender: the run's, if it has one.
  /// - Returns: the figures.
  /// - Throws: ``RunFolderError/noCheckpoint(path:)`` where nothing was measured.
  package func finalFigures(recommender: String?) throws(RunFolderError) -> EvaluationFigures {
    let measured = evaluations().filter { $0.split == "test" }
    let names = ["fine-tuned", "zero-shot"] + (recommender.map { [$0] } ?? [])
    if let figures = names.lazy.compactMap({ name in measured.last { $0.name == name } }).first {
      return figures
    }
    let name = "epoch-\(try bestEpoch())"
    guard let figures = evaluations().last(where: { $0.name == name }) else {
      throw .noCheckpoint(path: path)
    }
    return figures
  }
}

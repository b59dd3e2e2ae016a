internal import BearLabEvaluation
public import BearLabRun
internal import Foundation
internal import SwiftProtobuf

/// Runs as TensorBoard reads them: scalars, and settings with metrics for its HPARAMS tab.
public struct TensorBoardExport {
  /// The one file of a run: writing it again replaces it.
  public static let fileName = "events.out.tfevents.1.bear-lab"

  private let runs: [(name: String, run: RunLog)]

  /// Takes runs.
  public init(_ runs: [RunLog]) { self.runs = RunLog.named(runs) }

  /// Writes a folder for each run.
  ///
  /// - Parameter folder: made where it is not there.
  /// - Returns: the number of values written.
  /// - Throws: ``ExportError/notWritable(path:reason:)``, and what reading the runs' files throws.
  public func write(to folder: String) throws -> Int {
    var count = 0
    let experiment = try HyperParameters.experiment(of: runs.map(\.run))
    for (name, run) in runs {
      let events = try EventLog(run, name: name, experiment: experiment)
      count += events.scalarCount
      let file = "\(folder)/\(name)/\(Self.fileName)"
      let data = try events.data()
      do {
        try FileManager.default.createDirectory(
          atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        try data.write(to: URL(filePath: file), options: .atomic)
      } catch {
        throw ExportError.notWritable(path: file, reason: error.localizedDescription)
      }
    }
    return count
  }
}

/// A value that a run has logged, under the name that TensorBoard shows.
struct LoggedScalar: Equatable {
  let tag: String
  /// Optimiser steps, or epochs of a recommender, that were done.
  let step: Int
  let value: Double
}

extension RunLog {
  /// Every value that the run has logged, in the order of its files.
  func scalars() -> [LoggedScalar] {
    let last = (steps.last?.step ?? -1) + 1
    var scalars = steps.flatMap { step in
      [
        ("train/loss", step.loss), ("train/gradient_norm", step.gradientNorm),
        ("train/learning_rate", step.learningRate),
      ].map { LoggedScalar(tag: $0, step: step.step + 1, value: $1) }
    }
    for epoch in recommenderEpochs {
      let values = [("loss", epoch.loss), ("validation_ndcg@10", epoch.validationNDCG)]
      scalars += values.compactMap { name, value in
        value.map {
          LoggedScalar(tag: "recommender-\(epoch.name)/\(name)", step: epoch.epoch, value: $0)
        }
      }
    }
    let ends = epochEnds
    for figures in evaluations {
      let epoch = RunLog.epoch(of: figures)
      let step = epoch.map { ends[$0] ?? last } ?? (figures.name == "fine-tuned" ? last : 0)
      let group = Self.group(of: figures)
      scalars += figures.metrics.map {
        LoggedScalar(tag: "\(group)/\($0.name)", step: step, value: $0.value)
      }
    }
    return scalars
  }

  /// `validation` of an epoch, `test-fine-tuned` of what is measured once.
  static func group(of figures: EvaluationFigures) -> String {
    epoch(of: figures) == nil ? "\(figures.split)-\(figures.name)" : figures.split
  }

  /// The optimiser steps that were done when each epoch ended.
  private var epochEnds: [Int: Int] {
    Dictionary(steps.map { ($0.epoch, $0.step + 1) }, uniquingKeysWith: max)
  }
}

/// The events of a run.
struct EventLog {
  private var events: [TBEvent] = []
  let scalarCount: Int

  init(_ run: RunLog, name: String, experiment: TBExperiment) throws {
    let scalars = run.scalars()
    scalarCount = scalars.count
    let times = try EventTimes(run)
    var version = TBEvent()
    version.wallTime = times.start
    version.fileVersion = "brain.Event:2"
    events = [version]
    var data = TBHParamsPluginData()
    data.experiment = experiment
    events.append(HyperParameters.event("experiment", data, at: times.start))
    data.sessionStartInfo = HyperParameters.start(of: run, name: name, at: times.start)
    events.append(HyperParameters.event("session_start_info", data, at: times.start))
    for scalar in scalars {
      var value = TBSummary.Value()
      value.tag = scalar.tag
      value.simpleValue = Float(scalar.value)
      var event = TBEvent()
      event.wallTime = times.after(scalar.step)
      event.step = Int64(scalar.step)
      event.summary.value = [value]
      events.append(event)
    }
    let end = HyperParameters.end(hasEnded: run.folder.report != nil, at: times.end)
    data.sessionEndInfo = end
    events.append(HyperParameters.event("session_end_info", data, at: times.end))
  }

  /// The bytes of the file.
  func data() throws -> Data {
    EventRecords.data(try events.map { try $0.serializedData() })
  }
}

/// When things happened: a run notes durations alone, so its time begins with the last change of
/// `run.yaml`, which is written first.
private struct EventTimes {
  /// Seconds since 1970.
  let start: Double
  private let ends: [Double]

  init(_ run: RunLog) throws {
    let attributes = try FileManager.default.attributesOfItem(atPath: run.folder.descriptionPath)
    let began = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    start = began
    let seconds = try run.stepSeconds()
    var time = began
    ends = run.steps.map { step in
      time += seconds[step.step] ?? 0
      return time
    }
  }

  var end: Double { ends.last ?? start }

  /// When a number of steps was done.
  func after(_ steps: Int) -> Double {
    steps == 0 || ends.isEmpty ? start : ends[min(steps, ends.count) - 1]
  }
}

internal import BearLabEvaluation
internal import BearLabRun
internal import Foundation
internal import SwiftProtobuf

/// What the HPARAMS tab reads: the settings of each run and the metrics to show beside them.
enum HyperParameters {
  /// The settings and metrics of all runs together, which each run's file repeats.
  static func experiment(of runs: [RunLog]) throws -> TBExperiment {
    var experiment = TBExperiment()
    experiment.description_p = "bear-lab"
    var names: [String] = []
    var types: [String: TBDataType] = [:]
    for setting in runs.flatMap(\.settings) {
      let type = type(of: setting.text)
      if types[setting.path] == nil { names.append(setting.path) }
      // A setting that is a number here and a word there is a word.
      types[setting.path] = types[setting.path].map { $0 == type ? type : .string } ?? type
    }
    experiment.hparamInfos = names.map { name in
      var info = TBHParamInfo()
      info.name = name
      info.type = types[name] ?? .string
      return info
    }
    experiment.metricInfos = metrics(of: runs).map { tag in
      var info = TBMetricInfo()
      info.name.tag = tag
      return info
    }
    return experiment
  }

  /// The figures at 10 that the runs ended with.
  private static func metrics(of runs: [RunLog]) -> [String] {
    var tags: [String] = []
    for run in runs {
      guard let figures = try? run.finalFigures() else { continue }
      let names = ["ndcg@10", "hr@10", "item_nll"].filter { figures.metric($0) != nil }
      let group = RunLog.group(of: figures)
      for tag in names.map({ "\(group)/\($0)" }) where !tags.contains(tag) { tags.append(tag) }
    }
    return tags
  }

  private static func type(of text: String) -> TBDataType {
    if Double(text) != nil { return .float64 }
    return Bool(text) == nil ? .string : .bool
  }

  static func start(of run: RunLog, name: String, at time: Double) -> TBSessionStartInfo {
    var start = TBSessionStartInfo()
    start.groupName = name
    start.startTimeSecs = time
    for setting in run.settings { start.hparams[setting.path] = value(of: setting.text) }
    return start
  }

  private static func value(of text: String) -> Google_Protobuf_Value {
    var value = Google_Protobuf_Value()
    if let number = Double(text) {
      value.numberValue = number
    } else if let flag = Bool(text) {
      value.boolValue = flag
    } else {
      value.stringValue = text
    }
    return value
  }

  static func end(hasEnded: Bool, at time: Double) -> TBSessionEndInfo {
    var end = TBSessionEndInfo()
    end.status = hasEnded ? .success : .running
    end.endTimeSecs = time
    return end
  }

  /// An event of the plug-in `hparams`, under the tag that it looks for.
  static func event(_ tag: String, _ data: TBHParamsPluginData, at time: Double) -> TBEvent {
    var value = TBSummary.Value()
    value.tag = "_hparams_/\(tag)"
    value.metadata.pluginData.pluginName = "hparams"
    value.metadata.pluginData.content = (try? data.serializedData()) ?? Data()
    var event = TBEvent()
    event.wallTime = time
    event.summary.value = [value]
    return event
  }
}

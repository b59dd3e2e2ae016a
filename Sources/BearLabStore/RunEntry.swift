public import BearLabRun
internal import Foundation

/// A run as the store knows it.
public struct RunEntry: Sendable, Equatable {
  /// Its number, which no other run of the store has or had; nil where it could not be noted.
  public internal(set) var number: Int?
  /// The path of its folder in that of the store.
  public let name: String
  /// The path of its folder.
  public let path: String
  /// Its state when it was looked at.
  public internal(set) var state = RunState.stopped
  var file: StoreFile
  let facts: RunFacts

  /// What it failed of.
  public var reason: String? { state == .failed ? file.reason : nil }
  /// When it began for the first time, ISO 8601 in UTC, as are the other times.
  public var created: String? { file.created }
  /// When it began or continued last.
  public var started: String? { file.started }
  /// When it ended or was stopped; nil while it is at work and where nobody saw it end.
  public var ended: String? { file.ended }
  public var tags: [String] { file.tags }
  public var note: String { file.note }
  /// `section.name`, or `name` of a general one, a plug-in's name `objective.name`; what the run
  /// found is `record.name`.
  public var settings: [String: String] { facts.settings }
  /// `zero-shot.ndcg@10`, `validation.hr@5`, `pr@10` and the like; without a model's name the figures
  /// that the run ended with, of a series of seeds their means.
  public var metrics: [String: Double] { facts.metrics }
  /// SHA-256 of the settings.
  public var settingsHash: String? { facts.settingsHash }
  /// SHA-256 of the names and hashes of the data set's files.
  public var datasetHash: String? { facts.datasetHash }
  /// SHA-256 of the language model's file.
  public var modelHash: String? { facts.modelHash }
  /// Seconds of optimiser steps, and of epochs of a recommender.
  public var trainingSeconds: Double { facts.trainingSeconds }
  /// Seconds of evaluations of a language model.
  public var evaluationSeconds: Double { facts.evaluationSeconds }

  /// The run with the state that it is in now.
  ///
  /// The report is the last thing that a run writes, and a process that works on it holds its lock.
  func looked() -> RunEntry {
    var entry = self
    if facts.hasReport {
      entry.state = .finished
    } else if RunLock.isHeld(path) {
      entry.state = .running
    } else {
      switch file.state {
      case .running: entry.state = .lost
      case .failed: entry.state = .failed
      default: entry.state = .stopped
      }
    }
    return entry
  }
}

extension RunEntry: Encodable {
  private enum Key: String, CodingKey {
    case number, name, path, state, reason, created, started, ended, tags, note, settings, metrics
    case settingsHash = "settings_sha256"
    case datasetHash = "dataset_sha256"
    case modelHash = "model_sha256"
    case trainingSeconds = "training_seconds"
    case evaluationSeconds = "evaluation_seconds"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    // Every run has these keys: null says that there is none.
    try container.encode(number, forKey: .number)
    try container.encode(name, forKey: .name)
    try container.encode(path, forKey: .path)
    try container.encode(state, forKey: .state)
    try container.encode(reason, forKey: .reason)
    try container.encode(created, forKey: .created)
    try container.encode(started, forKey: .started)
    try container.encode(ended, forKey: .ended)
    try container.encode(tags, forKey: .tags)
    try container.encode(note, forKey: .note)
    try container.encode(settings, forKey: .settings)
    try container.encode(metrics, forKey: .metrics)
    try container.encode(settingsHash, forKey: .settingsHash)
    try container.encode(datasetHash, forKey: .datasetHash)
    try container.encode(modelHash, forKey: .modelHash)
    try container.encode(trainingSeconds, forKey: .trainingSeconds)
    try container.encode(evaluationSeconds, forKey: .evaluationSeconds)
  }
}

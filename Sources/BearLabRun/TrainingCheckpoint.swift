internal import BearLabCheckpoint
internal import BearLabCore
internal import BearLabNN
internal import BearLabTensor
internal import BearLabTraining

/// What a checkpoint holds of a training: all that the next step depends on.
///
///     /lora/<layer>/<projection>/A, B                     f32
///     /backbone/<name>                                    f32, what fills the slots: trained
///     /frozen/<name>                                      f32, what it builds on: not trained here
///     /optimizer/<layer>/<projection>/A/first, second     f32, AdamW's moments
///     /optimizer/<layer>/<projection>/A/steps             f32, where fewer than `step`
///     /optimizer/backbone/<name>/first, second, steps     f32
///     attributes: version, settings, seed, step, epoch, metrics-bytes, objective/<name>,
///                 best-epoch and best-ndcg-10 once there is a best epoch
///
/// Random numbers are functions of the seed, the epoch and the step (`CounterGenerator`), so these
/// are the state of the generator; the step is the position in the data as well.
struct TrainingCheckpoint {
  private static let version = 1

  /// Optimiser steps done.
  let step: Int
  /// The length of `metrics.jsonl`, in bytes, when this was written.
  let metricsLength: Int
  /// The epoch with the best figures so far, numbered from 1.
  let bestEpoch: Int?
  private let path: String
  private let file: CheckpointFile

  /// What a checkpoint says besides the state of the trainer.
  struct Context {
    /// The run's settings, as `run.yaml` holds them.
    let settings: String
    let seed: UInt64
    /// Epochs finished, their evaluation included.
    let epoch: Int
    let metricsLength: Int
    let best: (epoch: Int, ndcg: Double)?
  }

  /// Writes the state of a training.
  ///
  /// - Throws: a `CheckpointError`; the former file at `path` is then as it was.
  static func write(_ trainer: Trainer, _ context: Context, to path: String) throws {
    var file = CheckpointFile()
    for (name, tensor) in Self.tensors(trainer.adapter, trainer.injector) {
      file.tensors[name] = .init(shape: tensor.shape, values: tensor.scalars)
    }
    let optimizer = trainer.optimizer.state
    for moment in optimizer.moments {
      file.tensors["/optimizer/\(moment.name)"] = .init(
        shape: moment.shape, values: moment.values)
    }
    file.attributes = [
      "version": .integer(version), "settings": .text(context.settings),
      "seed": .text("\(context.seed)"), "step": .integer(optimizer.step),
      "epoch": .integer(context.epoch), "metrics-bytes": .integer(context.metricsLength),
    ]
    for (name, value) in trainer.objective.state {
      file.attributes["objective/\(name)"] = .real(value)
    }
    if let best = context.best {
      file.attributes["best-epoch"] = .integer(best.epoch)
      file.attributes["best-ndcg-10"] = .real(best.ndcg)
    }
    try file.write(to: path)
  }

  /// Reads a checkpoint whole, and checks that it is one of a training.
  ///
  /// - Throws: a `CheckpointError`, or
  ///   ``RunFolderError/foreignCheckpoint(path:tensor:reason:)``.
  init(readingFrom path: String) throws {
    file = try CheckpointFile(readingFrom: path)
    self.path = path
    guard file.attributes["version"] == .integer(Self.version),
      case .integer(let step) = file.attributes["step"], step >= 0,
      case .integer(let length) = file.attributes["metrics-bytes"], length >= 0
    else {
      throw RunFolderError.foreignCheckpoint(
        path: path, tensor: "attribute version, step or metrics-bytes",
        reason: "is missing or not of this version")
    }
    self.step = step
    metricsLength = length
    if case .integer(let epoch) = file.attributes["best-epoch"] {
      bestEpoch = epoch
    } else {
      bestEpoch = nil
    }
  }

  /// Checks that the settings of the run are those that this was written with.
  ///
  /// - Throws: ``RunFolderError/changedSettings(path:)``.
  func requireSettings(_ settings: String) throws(RunFolderError) {
    guard file.attributes["settings"] == .text(settings) else { throw .changedSettings(path: path) }
  }

  /// Puts a trainer back to where it was.
  ///
  /// - Throws: ``RunFolderError/foreignCheckpoint(path:tensor:reason:)`` for a checkpoint of other
  ///   shapes; the trainer is then not usable.
  func restore(_ trainer: Trainer) throws(RunFolderError) {
    try restore(trainer.adapter, trainer.injector)
    var moments: [String: [Float]] = [:]
    for moment in trainer.optimizer.state.moments {
      moments[moment.name] = try values("/optimizer/\(moment.name)", shape: moment.shape)
    }
    for (name, _) in trainer.optimizer.parameters
    where file.tensors["/optimizer/\(name)/steps"] != nil {
      moments["\(name)/steps"] = try values("/optimizer/\(name)/steps", shape: [1])
    }
    trainer.optimizer.restore(step: step, moments: moments)
    var state: [String: Double] = [:]
    for (name, value) in file.attributes {
      guard name.hasPrefix("objective/"), case .real(let number) = value else { continue }
      state[String(name.dropFirst("objective/".count))] = number
    }
    trainer.restoreObjective(state)
  }

  /// Reads the weights into an adapter and an injector of the same shape.
  ///
  /// - Throws: ``RunFolderError/foreignCheckpoint(path:tensor:reason:)``.
  func restore(_ adapter: LoRAAdapter, _ injector: (any Injector)?) throws(RunFolderError) {
    let tensors = Self.tensors(adapter, injector)
    let expected = Set(tensors.map(\.name))
    for (group, reason) in Self.groups {
      let stray = file.tensors.keys.sorted().first {
        $0.hasPrefix(group) && !expected.contains($0)
      }
      if let stray { throw .foreignCheckpoint(path: path, tensor: stray, reason: reason) }
    }
    for (name, tensor) in tensors {
      tensor.replace(with: try values(name, shape: tensor.shape))
    }
  }

  /// Reads LoRA's weights alone into an adapter of the same shape.
  ///
  /// - Throws: ``RunFolderError/foreignCheckpoint(path:tensor:reason:)``.
  func restoreLoRA(_ adapter: LoRAAdapter) throws(RunFolderError) {
    for (name, tensor) in Self.tensors(adapter, nil) {
      tensor.replace(with: try values(name, shape: tensor.shape))
    }
  }

  /// The groups of weights, and what is wrong where a stray one is there.
  private static let groups = [
    ("/lora/", "is there, but LoRA is not put on that layer"),
    ("/backbone/", "is there, but the backbone trains no such tensor"),
    ("/frozen/", "is there, but the backbone builds on no such tensor"),
  ]

  /// All weights by the names that a checkpoint gives them.
  private static func tensors(
    _ adapter: LoRAAdapter, _ injector: (any Injector)?
  ) -> [(name: String, tensor: Tensor)] {
    adapter.parameters.map { ("/lora/\($0.name)", $0.tensor) }
      + (injector?.trainable ?? []).map { ("/backbone/\($0.name)", $0.tensor) }
      + (injector?.frozen ?? []).map { ("/frozen/\($0.name)", $0.tensor) }
  }

  private func values(_ name: String, shape: [Int]) throws(RunFolderError) -> [Float] {
    guard let stored = file.tensors[name] else {
      throw .foreignCheckpoint(path: path, tensor: name, reason: "is missing")
    }
    guard stored.shape == shape else {
      throw .foreignCheckpoint(
        path: path, tensor: name, reason: "has shape \(stored.shape), not \(shape)")
    }
    return stored.values
  }
}

internal import BearLabCheckpoint
internal import BearLabNN
internal import BearLabTraining

/// What a checkpoint holds of a training: LoRA's weights, the optimiser's moments, the position.
///
///     /lora/<layer>/<projection>/A, B                     f32
///     /optimizer/<layer>/<projection>/A/first, second     f32
///     attributes: epoch, step, objective/<name>
enum TrainingCheckpoint {
  /// Writes the state of a training.
  static func write(_ trainer: Trainer, epoch: Int, to path: String) throws {
    var file = CheckpointFile()
    for (name, tensor) in trainer.adapter.parameters {
      file.tensors["/lora/\(name)"] = .init(shape: tensor.shape, values: tensor.scalars)
    }
    let optimizer = trainer.optimizer.state
    for moment in optimizer.moments {
      file.tensors["/optimizer/\(moment.name)"] = .init(
        shape: moment.shape, values: moment.values)
    }
    file.attributes["epoch"] = .integer(epoch)
    file.attributes["step"] = .integer(optimizer.step)
    for (name, value) in trainer.objective.state {
      file.attributes["objective/\(name)"] = .real(value)
    }
    try file.write(to: path)
  }

  /// Reads LoRA's weights into an adapter of the same shape.
  ///
  /// - Throws: ``RunFolderError/foreignCheckpoint(path:tensor:reason:)``, or a `CheckpointError`.
  static func read(into adapter: LoRAAdapter, from path: String) throws {
    let file = try CheckpointFile(readingFrom: path)
    for (name, tensor) in adapter.parameters {
      guard let stored = file.tensors["/lora/\(name)"] else {
        throw RunFolderError.foreignCheckpoint(
          path: path, tensor: "/lora/\(name)", reason: "is missing")
      }
      guard stored.shape == tensor.shape else {
        throw RunFolderError.foreignCheckpoint(
          path: path, tensor: "/lora/\(name)",
          reason: "has shape \(stored.shape), not \(tensor.shape)")
      }
      tensor.replace(with: stored.values)
    }
  }
}

public import BearLabCore
public import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor
internal import Foundation

/// The LoRA weights that a run has trained, on their way to other programs.
///
/// What is written is read back before it gets its name: logits behind a few sequences of tokens must
/// be those of before, within 1e-4 in single precision.
public struct AdapterExport {
  /// Which epoch's weights are taken.
  public enum Checkpoint: String, Sendable, CaseIterable {
    /// That which the run reports.
    case best
    case last
  }

  /// Which epoch's weights they are, numbered from 1.
  public let epoch: Int
  /// What a reader of the export should know.
  public let notices: [String]
  private let adapter: LoRAAdapter
  private let source: any ModelSource
  private let probe: ExportProbe
  private let shape: LanguageModelShape
  private let basePath: String
  /// Nil where another model takes its memory.
  private var base: LanguageModel?

  /// Loads a run's weights and the model that they were trained on.
  ///
  /// - Parameters:
  ///   - run: that has finished an epoch.
  ///   - checkpoint: which epoch.
  ///   - registry: the plug-ins.
  ///   - resources: where the model is.
  /// - Throws: ``AdapterExportError``, ``RunFolderError``, and what reading the model throws.
  public init(
    of run: RunFolder, checkpoint: Checkpoint = .best, registry: PluginRegistry,
    resources: ResourceLocator
  ) throws {
    let description = try RunDescription(
      RunDescription.assignments(yaml: run.readDescription(), path: run.descriptionPath),
      registry: registry)
    try description.requireModel()
    let backbone = try registry.backbones.find(description.backbone.name).init(
      description.backbone.values)
    guard backbone.trainsLanguageModel else {
      throw AdapterExportError.nothingTrained(
        run: run.path, backbone: description.backbone.name)
    }
    epoch = try checkpoint == .best ? run.bestEpoch() : run.lastEpoch()
    let loaded = try LoadedModel(path: resources.model(description.model), precision: .f32)
    if let recorded = try run.readRecord()["model-sha256"], recorded != loaded.hash {
      throw RunFolderError.changedFile(name: "model", recorded: recorded, found: loaded.hash)
    }
    adapter = try loaded.model.makeAdapter(
      for: description, from: description.adapterFolder.map { try PEFTAdapter(folder: $0) },
      backbone: backbone)
    try TrainingCheckpoint(readingFrom: run.checkpointPath(epoch: epoch)).restoreLoRA(adapter)
    source = try ModelSources.open(loaded.path)
    (base, shape, basePath) = (loaded.model, loaded.model.shape, loaded.path)
    probe = try ExportProbe(of: loaded.model, adapter: adapter)
    notices =
      backbone.needs == BackboneNeeds()
      ? []
      : [
        "backbone \(description.backbone.name) fills slots of its prompts with vectors, which are no "
          + "part of LoRA and are not exported"
      ]
  }

  /// Writes a folder that PEFT loads.
  ///
  /// - Parameter path: of a folder that does not exist, or is empty.
  /// - Returns: the largest difference of logits after the trip.
  /// - Throws: ``AdapterExportError``, or ``PEFTError``.
  public mutating func writePEFT(to path: String) throws -> Float {
    let base = try loadedBase()
    return try ExportFolder.write(path) { folder in
      try PEFTAdapter.write(adapter, baseModel: baseName, to: folder)
      let found = try PEFTAdapter(folder: folder).adapter(for: shape)
      try probe.check(found, folder: path)
      let gap = try probe.gap(to: base, adapter: found)
      try require(gap, path)
      try probe.write(to: folder)
      return gap
    }
  }

  /// Writes a file that llama.cpp loads with `--lora`.
  ///
  /// - Parameter path: of a file that does not exist.
  /// - Returns: the largest difference of logits after the trip.
  /// - Throws: ``AdapterExportError``, or `FileError`.
  public mutating func writeGGUF(to path: String) throws -> Float {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw AdapterExportError.occupied(path: path)
    }
    let layout = GGUFAdapter.Base(architecture: source.description.architecture, shape: shape)
    let temporary = "\(path).\(UInt32.random(in: 0...UInt32.max)).partial"
    defer { unlink(temporary) }
    try GGUFAdapter.write(adapter, for: layout, to: temporary)
    let gap = try probe.gap(
      to: loadedBase(),
      adapter: GGUFAdapter.read(temporary, for: layout, settings: adapter.settings))
    try require(gap, path)
    guard rename(temporary, path) == 0 else {
      throw AdapterExportError.notWritable(path: path, reason: String(cString: strerror(errno)))
    }
    return gap
  }

  /// Writes a folder of Hugging Face with the adapter added to the weights.
  ///
  /// - Parameters:
  ///   - path: of a folder that does not exist, or is empty.
  ///   - type: of the weights; in 16 bits logits are not held to any difference.
  /// - Returns: the largest difference of logits after the trip.
  /// - Throws: ``AdapterExportError``, `FileError`, and what reading the base throws.
  public mutating func writeMerged(to path: String, type: FloatType = .f32) throws -> Float {
    try writeMerged(to: path, type: type, shardBytes: MergedModel.shardBytes)
  }

  mutating func writeMerged(to path: String, type: FloatType, shardBytes: Int) throws -> Float {
    base = nil
    return try ExportFolder.write(path) { folder in
      var model = MergedModel(source: source, adapter: adapter, type: type)
      model.shardBytes = shardBytes
      try model.write(to: folder)
      let merged = try LoadedModel(path: folder, precision: .f32).model
      let gap = try probe.gap(to: merged, adapter: nil)
      if type == .f32 { try require(gap, path) }
      // Of the merged weights as they were rounded.
      try ExportProbe(of: merged, adapter: nil).write(to: folder)
      return gap
    }
  }

  private mutating func loadedBase() throws -> LanguageModel {
    if let base { return base }
    let model = try LoadedModel(path: basePath, precision: .f32).model
    base = model
    return model
  }

  /// What PEFT is told to load the adapter on: a folder of Hugging Face, and no GGUF file.
  private var baseName: String? { source is HuggingFaceModel ? source.path : nil }

  private func require(_ gap: Float, _ path: String) throws(AdapterExportError) {
    let tolerance = 1e-4 * max(1, probe.largestLogit / 16)
    guard gap <= tolerance else {
      throw .otherLogits(path: path, gap: gap, tolerance: tolerance)
    }
  }
}

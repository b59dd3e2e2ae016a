public import BearLabCore
internal import BearLabFormats
internal import BearLabNN

/// The weights of another run that a training begins with: `init-from`.
struct InitialWeights {
  /// The folder, as it was given.
  let path: String
  let epoch: Int
  /// SHA-256 of the checkpoint.
  let hash: String
  private let checkpoint: TrainingCheckpoint

  /// Finds the best epoch of the run in a folder, and checks that its weights fit.
  ///
  /// - Parameters:
  ///   - path: the folder of a run that has finished an epoch.
  ///   - description: the run that is to begin with them.
  ///   - registry: the plug-ins.
  /// - Throws: ``RunFolderError``, or ``InitialWeightsError`` for a run with another model, backbone
  ///   or LoRA.
  init(path: String, for description: RunDescription, registry: PluginRegistry) throws {
    let folder = try RunFolder(existing: path)
    let other = try RunDescription(
      RunDescription.assignments(yamlFile: folder.descriptionPath), registry: registry)
    for (setting, own, found) in [
      ("model", description.model, other.model),
      ("backbone", description.backbone.name, other.backbone.name),
      (
        "adapter", description.adapterFolder ?? "no adapter", other.adapterFolder ?? "no adapter"
      ),
    ] where own != found {
      throw InitialWeightsError.other(setting: setting, path: path, found: found, wanted: own)
    }
    guard description.backbone.values == other.backbone.values else {
      throw InitialWeightsError.other(
        setting: "backbone's parameters", path: path, found: "others", wanted: "those of this run")
    }
    let (own, found) = try (description.loraSettings, other.loraSettings)
    // An adapter brings its own.
    guard
      description.adapterFolder != nil
        || (own.rank, own.targets, own.alpha) == (found.rank, found.targets, found.alpha)
    else {
      throw InitialWeightsError.other(
        setting: "LoRA", path: path, found: Self.words(found), wanted: Self.words(own))
    }
    self.path = path
    epoch = try folder.bestEpoch()
    let file = folder.checkpointPath(epoch: epoch)
    hash = try FileHash.sha256(path: file)
    checkpoint = try TrainingCheckpoint(readingFrom: file)
  }

  /// Puts the weights into an adapter and an injector.
  ///
  /// - Throws: ``RunFolderError/foreignCheckpoint(path:tensor:reason:)``.
  func restore(_ adapter: LoRAAdapter, _ injector: (any Injector)?) throws(RunFolderError) {
    try checkpoint.restore(adapter, injector)
  }

  private static func words(_ settings: LoRASettings) -> String {
    let targets = settings.targets.map(\.rawValue).sorted().joined(separator: ",")
    return "rank \(settings.rank), alpha \(settings.alpha) on \(targets)"
  }
}

/// Why a training cannot begin with the weights of a run.
public enum InitialWeightsError: BearLabError, Equatable {
  case other(setting: String, path: String, found: String, wanted: String)

  public var description: String {
    switch self {
    case .other(let setting, let path, let found, let wanted):
      "init-from: the run in \(path) has another \(setting): \(found), not \(wanted)"
    }
  }

  public var remedy: String {
    switch self {
    case .other(let setting, _, _, _):
      "give a run with the same \(setting), or the same settings as that run"
    }
  }
}

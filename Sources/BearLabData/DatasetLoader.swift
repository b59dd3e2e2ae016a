public import BearLabCore
internal import BearLabFormats
internal import Foundation

/// Registers the layouts of data sets: `official`, `ml-100k` and `synthetic`.
public enum DatasetModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(dataset: "official", OfficialSource.self)
    try registry.register(dataset: "ml-100k", MovieLens100KSource.self)
    try registry.register(dataset: "synthetic", SyntheticSource.self)
  }
}

/// Reads data sets by any registered layout.
public enum DatasetLoader {
  /// Reads the data set in `folder`.
  ///
  /// - Parameters:
  ///   - folder: the path of the folder; its last component is the data set's name.
  ///   - layout: the registered name of a layout, or nil for the first that recognises the folder.
  ///   - registry: the layouts.
  ///   - hash: the SHA-256 of the file at a path, in hexadecimal.
  /// - Returns: the data set, with the hashes of the files that were read.
  /// - Throws: ``DataError/unrecognised(folder:present:layouts:)``,
  ///   ``DataError/unknownItem(folder:user:item:items:)``, a `RegistryError` for an unknown layout, or
  ///   what the layout and `hash` throw.
  public static func load(
    folder: String, layout: String? = nil, registry: PluginRegistry,
    hash: (String) throws -> String
  ) throws -> Dataset {
    let type = try source(of: folder, layout: layout, registry: registry)
    let dataset = try type.init([:]).load(folder: folder)
    try dataset.requireKnownItems(folder: folder)
    var hashes = dataset.fileHashes
    for name in type.fileNames where TextFile.exists(name, in: folder) {
      hashes[name] = try hash(TextFile.path(of: name, in: folder))
    }
    return Dataset(
      name: dataset.name, catalogue: dataset.catalogue, phrases: dataset.phrases,
      train: dataset.train, trainSample: dataset.trainSample, validation: dataset.validation,
      test: dataset.test, notices: dataset.notices, fileHashes: hashes)
  }

  static func source(
    of folder: String, layout: String?, registry: PluginRegistry
  ) throws -> any DatasetSource.Type {
    if let layout { return try registry.datasets.find(layout) }
    let entries = registry.datasets.all
    if let entry = entries.first(where: { $0.type.recognises(folder: folder) }) {
      return entry.type
    }
    let present: [String]
    do {
      present = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw DataError.file(.cannotOpen(path: folder, reason: error.localizedDescription))
    }
    throw DataError.unrecognised(
      folder: folder, present: present, layouts: entries.map { $0.type.summary })
  }
}

extension Dataset {
  /// Checks that the windows of a layout, which may be someone's own, are of the catalogue's items.
  ///
  /// - Throws: ``DataError/unknownItem(folder:user:item:items:)``.
  func requireKnownItems(folder: String) throws(DataError) {
    for windows in [train, trainSample, validation, test] {
      for window in windows {
        let unknown =
          catalogue.contains(window.target)
          ? window.history.first { !catalogue.contains($0) } : window.target
        if let unknown {
          throw .unknownItem(
            folder: folder, user: window.user, item: unknown, items: catalogue.itemCount)
        }
      }
    }
  }
}

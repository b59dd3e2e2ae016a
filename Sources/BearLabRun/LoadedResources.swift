public import BearLabCore
internal import BearLabData
internal import BearLabFormats
internal import BearLabTensor
internal import Foundation

/// Data sets and models that were read, for a process that runs several commands.
///
/// The last one of each is kept, as long as its files are the same.
///
/// Whoever shares it runs one command after another: a model serves one run at a time.
// The lock guards the table; what is in it is used by one command at a time, as is said above.
public final class LoadedResources: @unchecked Sendable {
  /// A file as far as it can be told without reading it.
  private struct Stamp: Equatable {
    let path: String
    let size: Int
    let modified: Date

    init?(_ path: String) {
      let found = try? FileManager.default.attributesOfItem(atPath: path)
      guard let found, let size = found[.size] as? Int,
        let modified = found[.modificationDate] as? Date
      else { return nil }
      self.path = path
      self.size = size
      self.modified = modified
    }
  }

  private struct Kept<Value> {
    let stamps: [Stamp]
    let precision: Precision?
    let value: Value
  }

  private let lock = NSLock()
  private var dataset: Kept<Dataset>?
  private var outline: Kept<ModelOutline>?
  private var model: Kept<LoadedModel>?

  /// Nothing was read yet.
  public init() {}

  fileprivate func dataset(folder: String, _ load: () throws -> Dataset) throws -> Dataset {
    try find(\.dataset, stamps(folder), nil, load)
  }

  fileprivate func outline(path: String, _ load: () throws -> ModelOutline) throws -> ModelOutline {
    try find(\.outline, stamps(path), nil, load)
  }

  fileprivate func model(
    path: String, precision: Precision, _ load: () throws -> LoadedModel
  ) throws -> LoadedModel {
    try find(\.model, stamps(path), precision, load)
  }

  /// Of a file, or of a folder and all that is in it.
  private func stamps(_ path: String) -> [Stamp?] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? []
    return [Stamp(path)] + names.map { Stamp("\(path)/\($0)") }
  }

  private func find<Value>(
    _ place: ReferenceWritableKeyPath<LoadedResources, Kept<Value>?>, _ stamps: [Stamp?],
    _ precision: Precision?, _ load: () throws -> Value
  ) throws -> Value {
    let known = stamps.compactMap { $0 }
    lock.lock()
    defer { lock.unlock() }
    switch self[keyPath: place] {
    case .some(let kept)
    where kept.stamps == known && known.count == stamps.count && kept.precision == precision:
      return kept.value
    default:
      // The old one first: two models need twice the memory.
      self[keyPath: place] = nil
      let value = try load()
      self[keyPath: place] = Kept(stamps: known, precision: precision, value: value)
      return value
    }
  }
}

extension ResourceLocator {
  /// A data set, read or as it was read before.
  func loadedDataset(_ name: String, registry: PluginRegistry) throws -> Dataset {
    let folder = try dataset(name)
    let load = {
      try DatasetLoader.load(folder: folder, registry: registry) { path in
        try FileHash.sha256(path: path)
      }
    }
    return try loaded?.dataset(folder: folder, load) ?? load()
  }

  /// A model's sizes and tokenizer.
  func loadedOutline(_ name: String) throws -> ModelOutline {
    let path = try model(name)
    let load = { try ModelOutline(path: path) }
    return try loaded?.outline(path: path, load) ?? load()
  }

  /// A model.
  func loadedModel(_ outline: ModelOutline, precision: Precision) throws -> LoadedModel {
    let load = { try LoadedModel(outline, precision: precision) }
    return try loaded?.model(path: outline.path, precision: precision, load) ?? load()
  }

  /// The titles of a data set, such as for completing them.
  ///
  /// - Throws: what the data set's files throw.
  public func titles(ofDataset name: String, registry: PluginRegistry) throws -> [String] {
    try loadedDataset(name, registry: registry).catalogue.titles
  }

  /// A model's tokenizer.
  ///
  /// - Throws: ``ResourceError``, and what the model's file throws.
  public func tokenizer(ofModel name: String) throws -> some TextEncoder {
    try loadedOutline(name).encoder
  }

  /// The names of the data sets in the cache.
  public var datasetNames: [String] { names(in: "\(cache)/datasets") }

  /// The names of the models in the cache.
  public var modelNames: [String] { names(in: "\(cache)/models") }
}

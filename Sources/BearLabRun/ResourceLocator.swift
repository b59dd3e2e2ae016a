public import BearLabCore
internal import BearLabData
internal import Foundation

/// Finds data sets, models and sentence encoders by name in the cache folder, or by path.
public struct ResourceLocator: Sendable {
  /// The cache folder: `$BEAR_LAB_CACHE`, else `bear-lab` in the user's cache directory.
  public let cache: String
  /// What was read stays here for the next one who asks; nil to read anew each time.
  public let loaded: LoadedResources?

  /// Uses a cache folder.
  public init(cache: String, loaded: LoadedResources? = nil) {
    self.cache = cache
    self.loaded = loaded
  }

  /// Uses the cache folder that the environment names.
  ///
  /// - Parameters:
  ///   - environment: of the process.
  ///   - loaded: see ``loaded``.
  public init(environment: [String: String], loaded: LoadedResources? = nil) {
    self.loaded = loaded
    if let own = environment["BEAR_LAB_CACHE"], !own.isEmpty {
      cache = own
    } else if let base = environment["XDG_CACHE_HOME"], !base.isEmpty {
      cache = "\(base)/bear-lab"
    } else {
      cache = "\(environment["HOME"] ?? ".")/.cache/bear-lab"
    }
  }

  /// The same places, where what was read stays for the next one who asks.
  var keepingLoaded: ResourceLocator {
    ResourceLocator(cache: cache, loaded: loaded ?? LoadedResources())
  }

  /// The folder of a data set: a path, or a name in the cache; a synthetic one's name stays.
  ///
  /// - Throws: ``ResourceError/notFound(kind:name:cache:known:)``, or
  ///   ``ResourceError/notAFolder(kind:path:)``.
  public func dataset(_ name: String) throws(ResourceError) -> String {
    if SyntheticSource.isName(name) { return name }
    return try folder(name, kind: "data set", in: "\(cache)/datasets")
  }

  /// The folder of a sentence encoder: a path, or a name in the cache.
  ///
  /// - Throws: ``ResourceError/notFound(kind:name:cache:known:)``, or
  ///   ``ResourceError/notAFolder(kind:path:)``.
  public func encoder(_ name: String) throws(ResourceError) -> String {
    try folder(name, kind: Self.encoderKind, in: "\(cache)/encoders")
  }

  static let encoderKind = "sentence encoder"

  private func folder(
    _ name: String, kind: String, in parent: String
  ) throws(ResourceError) -> String {
    if isFolder(name) { return name }
    let cached = "\(parent)/\(name)"
    if isName(name), isFolder(cached) { return cached }
    if FileManager.default.fileExists(atPath: name) { throw .notAFolder(kind: kind, path: name) }
    throw .notFound(kind: kind, name: name, cache: cache, known: names(in: parent))
  }

  /// A model: a path, or a name in the cache; its GGUF file, or its folder in the layout of Hugging
  /// Face (`config.json` and safetensors).
  ///
  /// - Throws: ``ResourceError``, also for a folder without a model or with several.
  public func model(_ name: String) throws(ResourceError) -> String {
    if FileManager.default.fileExists(atPath: name), !isFolder(name) {
      guard !name.hasSuffix(".safetensors") else { throw .partOfAModel(path: name) }
      return name
    }
    let cached = "\(cache)/models/\(name)"
    let folder = isFolder(name) ? name : cached
    guard isFolder(name) || (isName(name) && isFolder(cached)) else {
      throw .notFound(
        kind: "model", name: name, cache: cache, known: names(in: "\(cache)/models"))
    }
    return try model(in: folder)
  }

  private func model(in folder: String) throws(ResourceError) -> String {
    let files: [String]
    do { files = try entries(of: folder) } catch {
      throw .unreadable(folder: folder, reason: systemReason(of: error))
    }
    let models = files.filter { $0.hasSuffix(".gguf") }
    // Some publishers put a config.json beside a GGUF file: what tells is the weights.
    let isHuggingFace =
      files.contains(HuggingFaceModel.config)
      && (models.isEmpty || files.contains { $0.hasSuffix(".safetensors") })
    if isHuggingFace { return folder }
    guard let file = models.first else { throw .noModelFile(folder: folder) }
    guard models.count == 1 else { throw .severalModelFiles(folder: folder, files: models) }
    return "\(folder)/\(file)"
  }

  /// Whether a text may be a name in the cache; a path into it is none.
  private func isName(_ text: String) -> Bool { !text.isEmpty && !text.contains("/") }

  private func isFolder(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }

  private func entries(of folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// What could have been meant, for messages.
  func names(in folder: String) -> [String] { (try? entries(of: folder)) ?? [] }
}

/// Why a data set, a model or a sentence encoder is not there.
public enum ResourceError: BearLabError, Equatable {
  case notFound(kind: String, name: String, cache: String, known: [String])
  case notAFolder(kind: String, path: String)
  case unreadable(folder: String, reason: String)
  case noModelFile(folder: String)
  case severalModelFiles(folder: String, files: [String])
  case partOfAModel(path: String)

  public var description: String {
    switch self {
    case .notFound(let kind, let name, let cache, _):
      "there is no \(kind) '\(name)', neither as a path nor in \(cache)"
    case .notAFolder(let kind, let path): "\(path) is a file, not the folder of a \(kind)"
    case .unreadable(let folder, let reason): "\(folder) cannot be read: \(reason)"
    case .noModelFile(let folder):
      "\(folder) holds no model: neither a .gguf file nor a config.json with safetensors"
    case .severalModelFiles(let folder, let files):
      "\(folder) holds several models: \(files.joined(separator: ", "))"
    case .partOfAModel(let path): "\(path) holds a model's weights, but not what they mean"
    }
  }

  public var remedy: String {
    switch self {
    case .notFound(let kind, let name, _, let known):
      (kind == ResourceLocator.encoderKind
        ? "give a folder, or get the default with scripts/fetch minilm-l6"
        : "give a path, or get the defaults with scripts/fetch smollm2-135m ml-100k")
        + (known.isEmpty ? "" : "; " + Suggestion.remedy(for: name, among: known, noun: "name"))
    case .notAFolder(let kind, _): "give the folder that holds the \(kind)'s files"
    case .unreadable: "check the permissions of the folder"
    case .noModelFile:
      "give a GGUF file, or a folder of Hugging Face, of the family Llama, Qwen2 or Qwen3"
    case .partOfAModel: "give the folder that it is in, with its config.json and tokenizer.json"
    case .severalModelFiles: "give the path of one of them"
    }
  }
}

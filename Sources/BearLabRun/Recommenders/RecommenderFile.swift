internal import BearLabCheckpoint
public import BearLabCore
internal import BearLabTensor
internal import Foundation

/// A trained recommender as a file holds it.
///
///     /recommender/<tensor>                               f32, what FittedRecommender.tensors names
///     attributes: recommender (the file's version), name, settings, seed, item-count, titles-sha256,
///                 data-sha256, bear-lab, instruction-set, threads, epochs-done, validation-ndcg-10
///                 where it was measured, and epochs: a JSON array with loss and NDCG of each
struct RecommenderFile {
  private static let version = 1
  private static let prefix = "/recommender/"

  private let path: String
  private let content: CheckpointFile
  /// The training, epoch by epoch.
  let epochs: [RecommenderProgress]

  /// An epoch in the JSON.
  private struct Epoch: Codable {
    let epoch: Int
    let epochs: Int
    let loss: Double
    let ndcg: Double?
  }

  /// Writes what was learned; the file is there whole or not at all.
  ///
  /// - Throws: a `CheckpointError`.
  static func write(
    _ fitted: any FittedRecommender, _ identity: RecommenderIdentity,
    epochs: [RecommenderProgress], to path: String
  ) throws {
    var file = CheckpointFile()
    for (name, tensor) in fitted.tensors {
      file.tensors[prefix + name] = .init(shape: tensor.shape, values: tensor.scalars)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let lines = try encoder.encode(
      epochs.map {
        Epoch(epoch: $0.epoch, epochs: $0.epochs, loss: $0.loss, ndcg: $0.validationNDCG)
      })
    file.attributes = [
      "recommender": .integer(version), "name": .text(identity.name),
      "settings": .text(identity.settings), "seed": .text("\(identity.seed)"),
      "item-count": .integer(identity.itemCount), "titles-sha256": .text(identity.titlesHash),
      "data-sha256": .text(identity.dataHash), "bear-lab": .text(BearLab.version),
      "instruction-set": .text(identity.instructionSet), "threads": .integer(identity.threads),
      "epochs-done": .integer(epochs.last?.epoch ?? 0),
      "epochs": .text(String(decoding: lines, as: UTF8.self)),
    ]
    if let best = epochs.compactMap(\.validationNDCG).max() {
      file.attributes["validation-ndcg-10"] = .real(best)
    }
    try file.write(to: path)
  }

  /// Reads a file whole, and checks that it is a recommender's.
  ///
  /// - Throws: a `CheckpointError`, or ``RecommenderFileError``.
  init(readingFrom path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw RecommenderFileError.notFound(path: path)
    }
    content = try CheckpointFile(readingFrom: path)
    self.path = path
    guard content.attributes["recommender"] == .integer(Self.version),
      case .text(let text) = content.attributes["epochs"],
      let lines = try? JSONDecoder().decode([Epoch].self, from: Data(text.utf8))
    else { throw RecommenderFileError.notARecommender(path: path) }
    epochs = lines.map {
      RecommenderProgress(
        epoch: $0.epoch, epochs: $0.epochs, loss: $0.loss, validationNDCG: $0.ndcg)
    }
  }

  /// What the file holds, for the catalogue of a run.
  ///
  /// - Throws: ``RecommenderFileError`` where it is another plug-in's, or was trained with other
  ///   settings or for other items, and what the recommender throws for tensors that do not fit.
  func fitted(
    _ recommender: any Recommender, _ identity: RecommenderIdentity, catalogue: Catalogue
  ) throws -> any FittedRecommender {
    let name = text("name")
    guard name == identity.name else {
      throw RecommenderFileError.otherRecommender(path: path, found: name, expected: identity.name)
    }
    guard text("settings") == identity.settings else {
      let differing = Set(lines(text("settings"))).subtracting(lines(identity.settings)).sorted()
      // One that lacks a parameter is an older version's.
      guard !differing.isEmpty else { throw RecommenderFileError.notARecommender(path: path) }
      throw RecommenderFileError.otherSettings(path: path, name: name, differing: differing)
    }
    guard content.attributes["item-count"] == .integer(identity.itemCount),
      text("titles-sha256") == identity.titlesHash
    else {
      var items = 0
      if case .integer(let count) = content.attributes["item-count"] { items = count }
      throw RecommenderFileError.otherCatalogue(
        path: path, items: items, expected: identity.itemCount)
    }
    do {
      return try recommender.restore(tensors, catalogue: catalogue)
    } catch let error as StoredTensorError {
      throw RecommenderFileError.unfit(path: path, reason: error.description)
    }
  }

  private var tensors: StoredTensors {
    let pairs = content.tensors.compactMap { name, tensor -> (String, StoredTensors.Entry)? in
      guard name.hasPrefix(Self.prefix) else { return nil }
      return (
        String(name.dropFirst(Self.prefix.count)),
        StoredTensors.Entry(shape: tensor.shape, values: tensor.values)
      )
    }
    return StoredTensors(Dictionary(uniqueKeysWithValues: pairs))
  }

  private func text(_ attribute: String) -> String {
    guard case .text(let text) = content.attributes[attribute] else { return "" }
    return text
  }

  private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }
}

/// Why a file is not the recommender that a run needs.
public enum RecommenderFileError: BearLabError, Equatable {
  case notFound(path: String)
  case notARecommender(path: String)
  case otherRecommender(path: String, found: String, expected: String)
  case otherSettings(path: String, name: String, differing: [String])
  case otherCatalogue(path: String, items: Int, expected: Int)
  case unfit(path: String, reason: String)
  case notWritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .notFound(let path): "there is no trained recommender at \(path)"
    case .notARecommender(let path):
      "\(path) holds no trained recommender, or one of another version"
    case .otherRecommender(let path, let found, let expected):
      "\(path) holds the recommender '\(excerpt(of: found))', and the run has '\(expected)'"
    case .otherSettings(let path, let name, let differing):
      "\(path): \(name) was trained with other settings than the run says: "
        + excerpt(of: differing.joined(separator: ", "), limit: 300)
    case .otherCatalogue(let path, let items, let expected) where items != expected:
      "\(path) was trained for \(items) items, and the data set has \(expected)"
    case .otherCatalogue(let path, let items, _):
      "\(path) was trained for \(items) items with other titles than those of the data set"
    case .unfit(let path, let reason): "\(path) does not fit the run: \(reason)"
    case .notWritable(let path, let reason): "recommenders cannot be kept in \(path): \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .notFound:
      "give a file of the cache's folder recommenders, or leave backbone.recommender empty to have "
        + "one trained"
    case .notARecommender:
      "give a file of the cache's folder recommenders, which this version of bear-lab wrote"
    case .otherRecommender(_, let found, _): "say --recommender \(excerpt(of: found))"
    case .otherSettings(_, _, let differing):
      "say "
        + differing.map { "--set recommender.\($0.replacing(": ", with: "="))" }
        .joined(separator: " ")
    case .otherCatalogue: "use the data set that it was trained on"
    case .unfit: "leave backbone.recommender empty to have one trained"
    case .notWritable: "check the folder's permissions and the disk, or set BEAR_LAB_CACHE"
    }
  }
}

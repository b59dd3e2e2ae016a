public import BearLabCore
internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor
internal import Foundation

/// What a model and its adapter gave when they were exported, stored beside them: whoever loads
/// them finds out whether they are the same still.
///
/// Of each adapted layer it has a few numbers of s · B (A x) for a fixed x, which no precision of the
/// base model blurs: a factor that is transposed or scaled gives others. Of the whole it has logits
/// behind a few fixed sequences of tokens.
struct ExportProbe: Codable, Equatable {
  static let fileName = "bear-lab-probe.json"
  private static let currentVersion = 1
  /// Logits of a sequence, and numbers of a layer, that are kept.
  private static let kept = 32

  struct Sequence: Codable, Equatable {
    let ids: [Int32]
    /// Some tokens, and the logits of them behind the last of `ids`.
    let tokens: [Int32]
    let logits: [Float]
  }

  let version: Int
  /// By the name of the layer; empty for a model without an adapter.
  let updates: [String: [Float]]
  let sequences: [Sequence]

  /// Computes what a model and an adapter give.
  init(of model: LanguageModel, adapter: LoRAAdapter?) throws {
    version = Self.currentVersion
    updates = Self.updates(of: adapter)
    sequences = try Self.sequences(for: model.shape).map { ids, tokens in
      let logits = try Self.logits(of: model, adapter: adapter, behind: ids)
      return Sequence(ids: ids, tokens: tokens, logits: tokens.map { logits[Int($0)] })
    }
  }

  /// Reads the probe in a folder; nil where there is none.
  ///
  /// - Throws: `FileError`, or ``ExportProbeError/malformed(path:)``.
  init?(in folder: String) throws {
    let path = "\(folder)/\(Self.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let data = Data(try MappedFile.text(path: path).utf8)
    guard let probe = try? JSONDecoder().decode(ExportProbe.self, from: data),
      probe.version == Self.currentVersion,
      probe.sequences.allSatisfy({ $0.tokens.count == $0.logits.count && !$0.ids.isEmpty })
    else { throw ExportProbeError.malformed(path: path) }
    self = probe
  }

  /// Writes the probe into a folder.
  ///
  /// - Throws: `FileError`.
  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let file = try PartialFile(replacing: "\(folder)/\(Self.fileName)")
    try file.write(Array(try encoder.encode(self)) + [UInt8(ascii: "\n")])
    try file.finish()
  }

  // MARK: Checking

  /// Checks that every factor of an adapter is the one that was exported.
  ///
  /// - Throws: ``ExportProbeError/otherUpdate(folder:module:found:stored:)``.
  func check(_ adapter: LoRAAdapter, folder: String) throws(ExportProbeError) {
    let found = Self.updates(of: adapter)
    for module in Set(found.keys).union(updates.keys).sorted() {
      let (own, stored) = (found[module] ?? [], updates[module] ?? [])
      let size = stored.map(\.magnitude).max() ?? 0
      guard own.count == stored.count,
        zip(own, stored).allSatisfy({ abs($0 - $1) <= 1e-4 * size + 1e-12 })
      else {
        throw .otherUpdate(
          folder: folder, module: module, found: own.first ?? 0, stored: stored.first ?? 0)
      }
    }
  }

  /// Checks that a model gives the logits that it gave when it was exported.
  ///
  /// In single precision within 1e-3, in bf16 within 0.4, of logits up to 16; of larger ones in
  /// proportion.
  ///
  /// - Throws: ``ExportProbeError/otherLogits(folder:gap:tolerance:)``, or `LanguageModelError` for
  ///   tokens that the model has not.
  func check(_ model: LanguageModel, adapter: LoRAAdapter?, folder: String) throws {
    let tolerance = (model.precision == .f32 ? 1e-3 : 0.4) * max(1, largestLogit / 16)
    let gap = try gap(to: model, adapter: adapter)
    guard gap <= tolerance else {
      throw ExportProbeError.otherLogits(folder: folder, gap: gap, tolerance: tolerance)
    }
  }

  var largestLogit: Float { sequences.flatMap(\.logits).map(\.magnitude).max() ?? 0 }

  /// The largest difference between the stored logits and those of a model.
  func gap(to model: LanguageModel, adapter: LoRAAdapter?) throws -> Float {
    try sequences.reduce(0) { worst, sequence in
      let logits = try Self.logits(of: model, adapter: adapter, behind: sequence.ids)
      return zip(sequence.tokens, sequence.logits).reduce(worst) { worst, stored in
        guard logits.indices.contains(Int(stored.0)) else { return .infinity }
        let gap = abs(logits[Int(stored.0)] - stored.1)
        // NaN is no small gap.
        return gap <= worst ? worst : gap.isNaN ? .infinity : gap
      }
    }
  }

  // MARK: What is computed

  private static func logits(
    of model: LanguageModel, adapter: LoRAAdapter?, behind ids: [Int32]
  ) throws -> [Float] {
    var forest = TokenForest()
    let nodes = forest.insert(tokens: ids)
    let hidden = try model.hiddenStates(
      of: [nodes[ids.count - 1]], in: forest, adapter: adapter?.frozen())
    return model.vocabularyLogits(of: hidden).scalars
  }

  /// Tokens from all over the vocabulary.
  private static func sequences(
    for shape: LanguageModelShape
  ) -> [(ids: [Int32], tokens: [Int32])] {
    let vocabulary = shape.vocabularySize
    return [5, 9, 16].map { length in
      let ids = (0..<min(length, shape.contextLength)).map { place in
        Int32((7_919 * (place + 1) * (place + length)) % vocabulary)
      }
      let tokens = (0..<min(kept, vocabulary)).map { Int32($0 * vocabulary / kept % vocabulary) }
      return (ids, tokens)
    }
  }

  /// The first numbers of s · B (A x) of every pair, with x[i] = cos(i + 1), in double precision.
  private static func updates(of adapter: LoRAAdapter?) -> [String: [Float]] {
    guard let adapter else { return [:] }
    let rows = adapter.pairs.map { place, pair in
      let (a, b) = (pair.a.scalars, pair.b.scalars)
      let (inputs, rank) = (pair.a.shape[1], pair.rank)
      let low = (0..<rank).map { row in
        (0..<inputs).reduce(0) { $0 + Double(a[row * inputs + $1]) * cos(Double($1 + 1)) }
      }
      let high = (0..<min(kept, pair.b.shape[0])).map { row in
        Float(
          Double(pair.scale) * (0..<rank).reduce(0) { $0 + Double(b[row * rank + $1]) * low[$1] })
      }
      return (place.module, high)
    }
    return Dictionary(rows) { first, _ in first }
  }
}

/// What a stored probe finds out about an export.
public enum ExportProbeError: BearLabError, Equatable {
  case malformed(path: String)
  case otherUpdate(folder: String, module: String, found: Float, stored: Float)
  case otherLogits(folder: String, gap: Float, tolerance: Float)

  public var description: String {
    switch self {
    case .malformed(let path): "\(path) is no probe of an export"
    case .otherUpdate(let folder, let module, let found, let stored):
      "\(folder): the update of \(module) is not the one that was exported: the first number that "
        + "the probe has of it is \(stored), and is \(found) now; a factor is transposed, scaled or "
        + "trained further"
    case .otherLogits(let folder, let gap, let tolerance):
      "\(folder): logits differ by \(gap) from those at the export, more than \(tolerance): the base "
        + "model or the weights are others"
    }
  }

  public var remedy: String {
    switch self {
    case .malformed: "export again, or delete the file to do without the check"
    case .otherUpdate, .otherLogits:
      "use the base model and the files of the export; after a change on purpose delete "
        + "\(ExportProbe.fileName)"
    }
  }
}

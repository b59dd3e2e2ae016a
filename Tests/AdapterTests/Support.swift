import BearLabFormats
import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// The golden folder, which the real PEFT has written.
struct Golden: Decodable {
  let ids: [Int32]
  let base: [Double]
  let adapters: [String: [Double]]

  static var folder: String {
    get throws {
      try #require(Bundle.module.resourceURL).appending(path: "Golden").path(percentEncoded: false)
    }
  }

  static func load() throws -> Golden {
    try JSONDecoder().decode(
      Golden.self, from: Data(contentsOf: URL(filePath: "\(folder)/golden.json")))
  }

  /// The model, without a tokenizer.
  static func model(at path: String) throws -> LanguageModel {
    let source = try ModelSources.open(path)
    let description = source.description
    return try LanguageModel(shape: description.shape, tiedHead: description.tiedEmbeddings) {
      name, target in try source.copy(name, shape: description.shape, into: &target)
    }
  }

  /// The logits behind the last of the tokens.
  func logits(_ model: LanguageModel, _ adapter: LoRAAdapter?) throws -> [Float] {
    var forest = TokenForest()
    let nodes = forest.insert(tokens: ids)
    let hidden = try model.hiddenStates(
      of: nodes.suffix(1), in: forest, adapter: adapter?.frozen())
    return model.vocabularyLogits(of: hidden).scalars
  }
}

/// Runs `body` with a folder of its own.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path(percentEncoded: false).removingSlash)
}

extension String {
  fileprivate var removingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}

/// Runs `body` with a copy of a golden adapter, its settings and its tensors changed.
func withChanged<Result>(
  _ name: String = "plain", settings: [String: JSONValue] = [:],
  tensors change: (inout [String: [Float]], inout [String: [Int]]) -> Void = { _, _ in },
  _ body: (String) throws -> Result
) throws -> Result {
  try withFolder { folder in
    let origin = "\(try Golden.folder)/\(name)"
    let text = try Data(contentsOf: URL(filePath: "\(origin)/adapter_config.json"))
    let members = try JSONDecoder().decode([String: JSONValue].self, from: text)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try encoder.encode(members.merging(settings) { $1 })
      .write(to: URL(filePath: "\(folder)/adapter_config.json"))
    let file = try SafetensorsFile(path: "\(origin)/adapter_model.safetensors")
    var shapes = file.tensors.mapValues(\.shape)
    var numbers = try Dictionary(
      uniqueKeysWithValues: shapes.map { ($0, try file.floats(of: $0, shape: $1)) })
    change(&numbers, &shapes)
    try SafetensorsWriter.write(
      to: "\(folder)/adapter_model.safetensors",
      tensors: numbers.keys.sorted().map { TensorOutline(name: $0, shape: shapes[$0] ?? []) }
    ) { numbers[$0.name] ?? [] }
    return try body(folder)
  }
}

/// What is wrong with an adapter for the golden model.
func refusal(_ folder: String) throws -> PEFTError? {
  let shape = try ModelSources.open("\(Golden.folder)/base").description.shape
  do {
    _ = try PEFTAdapter(folder: folder).adapter(for: shape)
    return nil
  } catch { return error }
}

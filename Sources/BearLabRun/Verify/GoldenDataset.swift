internal import BearLabCore
internal import BearLabData
internal import BearLabLanguageModel

/// The catalogue, prompts and trie that golden item ids mean.
struct GoldenDataset {
  let catalogue: Catalogue
  let trie: ItemTrie
  private let backbone: any Backbone
  private let phrases: PromptPhrases
  private let encoder: GoldenEncoder

  /// `dataset.json`.
  private struct Description: Decodable {
    /// A name that the phrases are found by.
    let prompt: String
    let eos: Int32
    let addBos: Bool
    let preambleSpaces: Int

    private enum CodingKeys: String, CodingKey {
      case prompt, eos
      case addBos = "add_bos"
      case preambleSpaces = "preamble_spaces"
    }
  }

  /// Reads `id2name4Rec.json` and `dataset.json`.
  ///
  /// - Throws: ``GoldenError``, `DecodingError`, or what the backbone and the trie throw.
  init(_ context: GoldenContext, model: LoadedModel) throws {
    catalogue = try Catalogue(goldenTitles: context.folder.read("id2name4Rec.json"))
    let description: Description = try context.folder.read("dataset.json")
    phrases = PromptPhrases.named(description.prompt) ?? .items
    backbone = try context.registry.backbones.find("bigrec").init([
      "preamble-spaces": .integer(description.preambleSpaces),
      "inference-preamble-spaces": .integer(description.preambleSpaces),
    ])
    if description.addBos, model.encoder.bosToken == nil {
      throw GoldenError.malformed(
        what: "add_bos of dataset.json", seen: "true",
        accepted: "false, as the model's file adds no BOS,")
    }
    guard description.eos >= 0, description.eos < model.encoder.vocabularySize else {
      throw GoldenError.malformed(
        what: "eos of dataset.json", seen: "\(description.eos)",
        accepted: "a token below \(model.encoder.vocabularySize)")
    }
    encoder = GoldenEncoder(
      base: model.encoder, bosToken: description.addBos ? model.encoder.bosToken : nil,
      eosToken: description.eos)
    trie = try makeTrie(catalogue, backbone: backbone, encoder: encoder)
  }

  /// The tokens of the prompt behind a history.
  func prompt(history: [Int], stage: PromptStage) throws -> [TokenForest.Element] {
    try checkItems(history)
    return encoder.encode(
      try backbone.prompt(history: history, catalogue: catalogue, phrases: phrases, stage: stage)
    ).elements
  }

  /// Checks that the catalogue has some items.
  ///
  /// - Throws: ``GoldenError/malformed(what:seen:accepted:)``.
  func checkItems(_ items: [Int]) throws(GoldenError) {
    for item in items where !catalogue.contains(item) {
      throw .malformed(
        what: "an item", seen: "\(item)",
        accepted: "one of 1 to \(catalogue.itemCount), as in id2name4Rec.json,")
    }
  }
}

/// A model's tokenizer with the BOS and EOS that the golden numbers were computed with.
private struct GoldenEncoder: TextEncoder {
  let base: any TextEncoder
  let bosToken: Int32?
  let eosToken: Int32

  func encode(_ text: String) -> [Int32] { base.encode(text) }
  func decode(_ tokens: [Int32]) -> String { base.decode(tokens) }
}

extension Catalogue {
  /// Takes titles by item id.
  ///
  /// - Throws: ``GoldenError/malformed(what:seen:accepted:)`` where ids are not 1…N.
  fileprivate init(goldenTitles titles: [String: String]) throws(GoldenError) {
    var ordered: [String] = []
    for item in 0..<titles.count {
      guard let title = titles["\(item + 1)"] else {
        throw .malformed(
          what: "id2name4Rec.json", seen: "without item \(item + 1)",
          accepted: "each of 1 to \(titles.count), as there are as many titles,")
      }
      ordered.append(title)
    }
    self.init(itemTitles: ordered)
  }
}

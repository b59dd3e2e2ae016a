internal import Foundation

extension BytePairEncoder {
  /// A stand-in: the tokenizer of a folder of Hugging Face.
  public init(huggingFace folder: String) throws {
    struct File: Decodable {
      struct Model: Decodable {
        let vocab: [String: Int]
        let merges: [[String]]
      }
      struct Added: Decodable {
        let id: Int
        let content: String
      }
      let model: Model
      let added_tokens: [Added]
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
    let file = try JSONDecoder().decode(File.self, from: data)
    var ids = file.model.vocab
    for added in file.added_tokens { ids[added.content] = added.id }
    let vocabulary = ids.sorted { $0.value < $1.value }.map(\.key)
    let special = Set(file.added_tokens.map(\.id))
    try self.init(
      vocabulary: vocabulary, merges: file.model.merges.map { $0.joined(separator: " ") },
      tokenTypes: vocabulary.indices.map { special.contains($0) ? 3 : 1 }, preTokenizer: "smollm",
      bosToken: nil, eosToken: 0, addsBOS: false)
  }
}

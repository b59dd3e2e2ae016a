internal import BearLabCore

/// The sizes of a BERT, those of `config.json`.
struct BERTShape: Equatable {
  /// Far beyond any model, and small enough that products of two sizes do not overflow.
  private static let largestSize = 1 << 28

  let layerCount: Int
  /// D, of the vectors.
  let width: Int
  let feedForwardWidth: Int
  let headCount: Int
  /// The most tokens of a text that the model has positions for.
  let positions: Int
  /// Kinds of tokens, of which texts use the first.
  let tokenTypes: Int
  /// V, in tokens.
  let vocabularySize: Int
  /// ε of the layer norms.
  let normEpsilon: Float

  /// Checks the sizes, and that the model computes what ``BERTModel`` does.
  init(_ configuration: BERTConfiguration, path: String) throws(SentenceEncoderError) {
    func require(
      _ key: String, _ value: String, is accepted: String
    ) throws(SentenceEncoderError) {
      if value != accepted {
        throw .unsupported(path: path, key: key, value: value, supported: [accepted])
      }
    }
    func size(_ key: String, _ value: Int) throws(SentenceEncoderError) -> Int {
      guard (1...Self.largestSize).contains(value) else {
        throw .badValue(
          path: path, key: key, value: "\(value)", requirement: "from 1 to \(Self.largestSize)")
      }
      return value
    }
    try require("model_type", configuration.model_type, is: "bert")
    try require("hidden_act", configuration.hidden_act, is: "gelu")
    try require(
      "position_embedding_type", configuration.position_embedding_type ?? "absolute",
      is: "absolute")
    try require("is_decoder", "\(configuration.is_decoder ?? false)", is: "false")
    layerCount = try size("num_hidden_layers", configuration.num_hidden_layers)
    width = try size("hidden_size", configuration.hidden_size)
    feedForwardWidth = try size("intermediate_size", configuration.intermediate_size)
    headCount = try size("num_attention_heads", configuration.num_attention_heads)
    positions = try size("max_position_embeddings", configuration.max_position_embeddings)
    tokenTypes = try size("type_vocab_size", configuration.type_vocab_size)
    vocabularySize = try size("vocab_size", configuration.vocab_size)
    guard width % headCount == 0 else {
      throw .badValue(
        path: path, key: "hidden_size", value: "\(width)",
        requirement: "a multiple of the \(headCount) heads")
    }
    guard (1e-30...1).contains(configuration.layer_norm_eps) else {
      throw .badValue(
        path: path, key: "layer_norm_eps", value: "\(configuration.layer_norm_eps)",
        requirement: "from 1e-30 to 1")
    }
    normEpsilon = Float(configuration.layer_norm_eps)
  }
}

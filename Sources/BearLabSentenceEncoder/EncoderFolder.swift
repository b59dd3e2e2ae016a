internal import BearLabFormats
internal import BearLabText
internal import Foundation

/// The folder of a sentence encoder, in the layout that sentence-transformers saves.
///
///     modules.json                 which modules follow each other
///     config.json                  the sizes of the transformer
///     sentence_bert_config.json    the longest text
///     tokenizer_config.json        how text becomes words
///     vocab.txt                    a token a line
///     model.safetensors            the weights
///     1_Pooling/config.json        how a text's rows become one vector
struct EncoderFolder {
  static let weights = "model.safetensors"
  static let vocabulary = "vocab.txt"

  let path: String
  let shape: BERTShape
  /// Of a text with its two ends, in tokens.
  let longestText: Int
  let normalises: Bool
  let tokenizer: WordPieceEncoder
  /// Those read, in a fixed order, for ``hash()``.
  private let files: [String]

  /// Reads everything but the weights.
  ///
  /// - Throws: ``SentenceEncoderError``.
  init(_ path: String) throws(SentenceEncoderError) {
    let list = JSONFile("modules.json", in: path)
    let modules = try ModuleList(list.decoded(as: [ModuleEntry].self), path: list.path)
    let config = JSONFile("config.json", in: path)
    let limits = JSONFile("sentence_bert_config.json", in: path)
    let words = JSONFile("tokenizer_config.json", in: path)
    let pooling = JSONFile("\(modules.poolingFolder)/config.json", in: path)
    shape = try BERTShape(config.decoded(as: BERTConfiguration.self), path: config.path)
    let longest = try limits.decoded(as: TextLimits.self).max_seq_length
    guard (2...shape.positions).contains(longest) else {
      throw .badValue(
        path: limits.path, key: "max_seq_length", value: "\(longest)",
        requirement: "from 2 to the \(shape.positions) positions of config.json")
    }
    try pooling.decoded(as: PoolingConfiguration.self).requireMean(path: pooling.path)
    let settings = try words.decoded(as: TokenizerConfiguration.self).settings(path: words.path)
    tokenizer = try Self.tokenizer(folder: path, settings, rows: shape.vocabularySize)
    longestText = longest
    normalises = modules.normalises
    self.path = path
    files = [list, config, limits, words, pooling].map(\.name) + [Self.vocabulary, Self.weights]
  }

  /// The SHA-256 of the SHA-256 of each file that decides a vector, in hexadecimal.
  func hash() throws(SentenceEncoderError) -> String {
    do {
      let hashes = try files.map { (file) throws(FileError) in
        try FileHash.sha256(path: "\(path)/\(file)")
      }
      return FileHash.sha256(of: Array(hashes.joined().utf8))
    } catch { throw .file(error) }
  }

  private static func tokenizer(
    folder: String, _ settings: WordPieceEncoder.Settings, rows: Int
  ) throws(SentenceEncoderError) -> WordPieceEncoder {
    let path = "\(folder)/\(vocabulary)"
    let text: String
    do { text = try MappedFile.text(path: path) } catch { throw .file(error) }
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    guard lines.count <= rows else {
      throw .moreTokensThanRows(path: path, tokens: lines.count, rows: rows)
    }
    do {
      return try WordPieceEncoder(vocabulary: lines.map { String($0) }, settings: settings)
    } catch { throw .tokenizer(path: path, problem: error) }
  }
}

/// A JSON file of the folder.
struct JSONFile {
  let name: String
  let path: String

  init(_ name: String, in folder: String) {
    self.name = name
    path = "\(folder)/\(name)"
  }

  /// Reads the file.
  func decoded<Value: Decodable>(as type: Value.Type) throws(SentenceEncoderError) -> Value {
    let text: String
    do { text = try MappedFile.text(path: path) } catch { throw .file(error) }
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch { throw .malformed(path: path, problem: jsonProblem(error)) }
  }
}

public import BearLabErrors

/// What can be wrong with a model's weights or with what it is given.
public enum LanguageModelError: BearLabError, Equatable {
  case wrongSize(weight: String, count: Int, expected: Int)
  case tooLong(positions: Int, contextLength: Int)
  case unknownToken(token: Int, vocabularySize: Int)
  case memoryLimit(limit: Int, needed: Int, rows: Int)

  public var description: String {
    switch self {
    case .wrongSize(let weight, let count, let expected):
      "weight \(weight) has \(count) numbers; the shape asks for \(expected)"
    case .tooLong(let positions, let contextLength):
      "a path of \(positions) tokens is longer than the model's context of \(contextLength)"
    case .unknownToken(let token, let vocabularySize):
      "token \(token) is outside of the vocabulary of \(vocabularySize)"
    case .memoryLimit(let limit, let needed, let rows):
      "\(rows) tokens at once take \(Self.mebibytes(needed)) MiB of memory even where every layer is "
        + "computed again; the limit is \(limit >> 20) MiB"
    }
  }

  public var remedy: String {
    switch self {
    case .wrongSize: "use a file whose metadata and tensors belong together"
    case .tooLong: "shorten the history or the titles, or use a model with a longer context"
    case .unknownToken: "use the tokenizer that belongs to the model"
    case .memoryLimit(_, let needed, _):
      "set memory-limit to \(Self.mebibytes(needed))M or more, or compute fewer tokens at once: "
        + "training.micro-batch or evaluation.batch-size"
    }
  }

  /// Rounded up.
  private static func mebibytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}

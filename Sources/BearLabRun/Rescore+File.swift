public import BearLabCore
internal import BearLabEvaluation
internal import BearLabFormats
internal import Foundation

/// A file of predictions, ours or the official script's.
struct PredictionFile {
  /// What is read of a row; scores and prompts are not needed.
  struct Row: Decodable {
    let output: String
    let predict: [String]

    /// The predictions without quotes, best first; what pads a short list is no prediction, and nil.
    var answers: [String?] {
      predict.map { $0.isEmpty ? nil : TitleMatcher.unquoted($0) }
    }

    /// The target's title without quotes.
    var target: String { TitleMatcher.unquoted(output) }
  }

  let rows: [Row]

  /// Reads an array of objects with the keys `output` and `predict`.
  ///
  /// - Throws: ``RescoreError``, and `FileError` for what is no file of text.
  init(path: String) throws {
    let data = Data(try MappedFile.text(path: path).utf8)
    let decoder = JSONDecoder()
    // Python writes NaN and Infinity, which only the wider syntax has.
    decoder.allowsJSON5 = true
    do {
      rows = try decoder.decode([Row].self, from: data)
    } catch {
      let mistake = Self.mistake(error)
      throw RescoreError.malformed(path: path, place: mistake.place, reason: mistake.reason)
    }
    guard !rows.isEmpty else {
      throw RescoreError.malformed(path: path, place: "the array", reason: "it is empty")
    }
  }

  /// Where a file is wrong, and how.
  private static func mistake(_ error: any Error) -> (place: String, reason: String) {
    switch error as? DecodingError {
    case .keyNotFound(let key, let context):
      (place(context.codingPath), "the key '\(key.stringValue)' is missing")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      (place(context.codingPath), "it is no \(kind(of: type))")
    case .dataCorrupted(let context):
      (place(context.codingPath), "it is no JSON, or a part of it")
    default: ("the file", error.localizedDescription)
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    guard let row = path.first?.intValue else { return "the file" }
    let rest = path.dropFirst().map { key in
      key.intValue.map { "entry \($0 + 1)" } ?? "'\(key.stringValue)'"
    }
    return (["row \(row + 1)"] + rest).joined(separator: ", ")
  }

  private static func kind(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is [String: Any].Type: "object"
    default: "array"
    }
  }
}

/// Why a file of predictions cannot be scored.
public enum RescoreError: BearLabError, Equatable {
  case malformed(path: String, place: String, reason: String)
  case unknownMatch(String)
  case leafWithoutDataset

  public var description: String {
    switch self {
    case .malformed(let path, let place, let reason):
      "\(path) holds no predictions: \(place): \(reason)"
    case .unknownMatch(let name): "there is no match '\(name)'"
    case .leafWithoutDataset: "match 'leaf' needs the titles of a data set"
    }
  }

  public var remedy: String {
    switch self {
    case .malformed:
      #"give an array of rows {"output": "\"title\"", "predict": ["\"title\"", …]}"#
    case .unknownMatch(let name):
      Suggestion.remedy(for: name, among: TitleMatch.allCases.map(\.rawValue), noun: "match")
    case .leafWithoutDataset: "give --dataset, or --match text"
    }
  }
}

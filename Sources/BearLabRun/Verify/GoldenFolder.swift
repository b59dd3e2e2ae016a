internal import Foundation

/// A folder of golden files.
struct GoldenFolder {
  let path: String

  func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: url(name).path(percentEncoded: false))
  }

  /// Names of the entries, sorted.
  ///
  /// - Throws: ``GoldenError/unreadable(file:reason:)``.
  func names() throws(GoldenError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw .unreadable(file: path, reason: systemReason(of: error))
    }
  }

  /// Reads a JSON file.
  ///
  /// - Throws: ``GoldenError/unreadable(file:reason:)``, or what the decoder throws.
  func read<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    let data: Data
    do {
      data = try Data(contentsOf: url(name))
    } catch {
      throw GoldenError.unreadable(file: name, reason: systemReason(of: error))
    }
    return try JSONDecoder().decode(type, from: data)
  }

  private func url(_ name: String) -> URL { URL(filePath: path).appending(path: name) }
}

/// One entry of a list, read or not: a malformed case does not hide the others.
struct GoldenCase<Value: Decodable>: Decodable {
  private let result: Result<Value, any Error>

  init(from decoder: any Swift.Decoder) {
    result = Result { try Value(from: decoder) }
  }

  /// The entry.
  ///
  /// - Throws: `DecodingError`.
  var value: Value { get throws { try result.get() } }
}

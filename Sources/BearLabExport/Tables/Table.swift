internal import Foundation

/// A tidy table: a row an observation, a column a variable.
public struct Table: Sendable, Equatable {
  /// A cell; empty where there is no value.
  public enum Cell: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case real(Double)
    case flag(Bool)
    case empty
  }

  public let columns: [String]
  public let rows: [[Cell]]

  /// Takes rows as long as the header.
  init(_ columns: [String], _ rows: [[Cell]]) {
    self.columns = columns
    self.rows = rows
  }

  /// Gathers rows of named cells; columns come in the order in which they appear first.
  init(_ rows: [[(String, Cell)]]) {
    var columns: [String] = []
    var places: [String: Int] = [:]
    for (name, _) in rows.joined() where places[name] == nil {
      places[name] = columns.count
      columns.append(name)
    }
    self.columns = columns
    self.rows = rows.map { row in
      var cells = Array(repeating: Cell.empty, count: columns.count)
      for (name, cell) in row { if let place = places[name] { cells[place] = cell } }
      return cells
    }
  }

  /// CSV with a header, as RFC 4180 has it, but for line ends, which are those of Unix.
  public var csv: String {
    ([columns] + rows.map { $0.map(\.text) }).map { cells in
      cells.map(Self.quoted).joined(separator: ",") + "\n"
    }.joined()
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  /// A JSON object a line, its keys sorted; an empty cell is null.
  public var jsonLines: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
      return try rows.map { row in
        let object = Dictionary(uniqueKeysWithValues: zip(columns, row))
        return String(decoding: try encoder.encode(object), as: UTF8.self) + "\n"
      }.joined()
    }
  }
}

extension Table.Cell: Encodable {
  /// The cell of a CSV file; numbers have all their digits.
  var text: String {
    switch self {
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .real(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    case .empty: ""
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .integer(let number): try container.encode(number)
    case .real(let number): try container.encode(number)
    case .flag(let flag): try container.encode(flag)
    case .empty: try container.encodeNil()
    }
  }

  /// A number that may be missing.
  init(_ value: Double?) { self = value.map(Self.real) ?? .empty }
  /// A number that may be missing.
  init(_ value: Int?) { self = value.map(Self.integer) ?? .empty }
}

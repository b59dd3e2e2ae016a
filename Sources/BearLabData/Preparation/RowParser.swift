internal import BearLabCore
internal import BearLabFormats
internal import Foundation

/// Makes rows of the records of a file.
struct RowParser {
  private let format: DumpFormat
  private let decoder = JSONDecoder()
  private let keys: JSONRow.Keys
  /// Where each role's columns are; empty for JSON.
  private var places: [DumpRole: [Int]] = [:]
  private var fewestCells = 0
  private var mostCells = Int.max

  /// Reads the header of a file that has one.
  ///
  /// - Throws: ``DataError/missingColumn(file:column:present:)`` or
  ///   ``DataError/empty(file:what:)``, and what the reader throws.
  init(_ format: DumpFormat, records: inout RecordReader) throws {
    self.format = format
    keys = JSONRow.Keys(format.columns)
    guard format.syntax != .json else { return }
    let path = records.lines.path
    let header: [String]
    if let known = format.header {
      header = known
    } else {
      guard let first = try records.next(), let cells = format.syntax.cells(of: first) else {
        throw DataError.empty(file: path, what: "header")
      }
      // RecBole's names bear a type.
      header = cells.map { String(String(decoding: $0, as: UTF8.self).prefix { $0 != ":" }) }
      mostCells = header.count
    }
    fewestCells = header.count
    for (role, names) in format.columns {
      places[role] = names.compactMap { header.firstIndex(of: $0) }
      guard role == .year || places[role]?.isEmpty == false else {
        throw DataError.missingColumn(
          file: path, column: names.joined(separator: "' or '"), present: header)
      }
    }
  }

  /// The row of a record.
  func row(_ record: ArraySlice<UInt8>) throws(MalformedLine) -> DumpRow {
    let row = format.syntax == .json ? try jsonRow(record) : try tableRow(record)
    if format.required.contains(.user), row.user.isEmpty { throw MalformedLine(what: "no user") }
    if row.item.isEmpty { throw MalformedLine(what: "no item") }
    return row
  }

  private func jsonRow(_ record: ArraySlice<UInt8>) throws(MalformedLine) -> DumpRow {
    let data: Data
    if PythonLiteral.isDictionary(record) {
      guard let json = PythonLiteral.json(record) else {
        throw MalformedLine(what: "a text without an end, or an escape that is none")
      }
      data = Data(json)
    } else {
      data = Data(record)
    }
    do {
      let row = try decoder.decode(JSONRow.self, from: data, configuration: keys).row
      if format.required.contains(.time), row.time == nil { throw MalformedLine(what: "no time") }
      return DumpRow(user: row.user, item: row.item, time: row.time ?? 0, title: row.title)
    } catch let error as MalformedLine {
      throw error
    } catch {
      throw MalformedLine(what: jsonProblem(error))
    }
  }

  private func tableRow(_ record: ArraySlice<UInt8>) throws(MalformedLine) -> DumpRow {
    guard let cells = format.syntax.cells(of: record) else {
      throw MalformedLine(what: "quotes that are not around whole cells")
    }
    guard cells.count >= fewestCells, cells.count <= mostCells else {
      throw MalformedLine(what: "\(cells.count) cells instead of \(fewestCells)")
    }
    func text(_ role: DumpRole) throws(MalformedLine) -> String? {
      guard let places = places[role] else { return nil }
      let place = places.first { !cells[$0].isEmpty }
      return try place.map { (place) throws(MalformedLine) in try self.text(cells[place]) }
    }
    var row = DumpRow(user: try text(.user) ?? "", item: try text(.item) ?? "")
    if format.required.contains(.time) {
      let time = try text(.time) ?? ""
      guard let seconds = DumpTime.seconds(time) else {
        throw MalformedLine(what: "'\(excerpt(of: time))' is no time")
      }
      row.time = seconds
    }
    row.title = try text(.title)
    if let title = row.title, let year = try text(.year) {
      row.title = DumpRow.title(title, year: year)
    }
    return row
  }

  private func text(_ cell: ArraySlice<UInt8>) throws(MalformedLine) -> String {
    if let text = String(validating: cell, as: UTF8.self) { return text }
    guard format.isOftenLatin1 else { throw MalformedLine(what: "no UTF-8") }
    return String(String.UnicodeScalarView(cell.map { Unicode.Scalar($0) }))
  }
}

/// The keys of an object that matter.
private struct JSONRow: DecodableWithConfiguration {
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// By role, in order of preference.
  struct Keys {
    let user: [Key]
    let item: [Key]
    let time: [Key]
    let title: [Key]

    init(_ columns: [DumpRole: [String]]) {
      func keys(_ role: DumpRole) -> [Key] { (columns[role] ?? []).map(Key.init) }
      (user, item, time, title) = (keys(.user), keys(.item), keys(.time), keys(.title))
    }
  }

  let row: (user: String, item: String, time: Int?, title: String?)

  init(from decoder: any Swift.Decoder, configuration keys: Keys) throws {
    let object = try decoder.container(keyedBy: Key.self)
    row = (
      try object.text(keys.user) ?? "", try object.text(keys.item) ?? "",
      try object.time(keys.time), try object.text(keys.title)
    )
  }
}

extension KeyedDecodingContainer<JSONRow.Key> {
  /// The first text that is not empty, or a whole number's digits.
  fileprivate func text(_ keys: [Key]) throws -> String? {
    for key in keys where contains(key) {
      let text: String?
      do {
        text = try decodeIfPresent(String.self, forKey: key)
      } catch DecodingError.typeMismatch {
        text = String(try decode(Int.self, forKey: key))
      }
      if let text, !text.isEmpty { return text }
    }
    return nil
  }

  /// Unix seconds from the first key that is there.
  fileprivate func time(_ keys: [Key]) throws -> Int? {
    for key in keys where contains(key) {
      if let number = try? decode(Int.self, forKey: key) { return DumpTime.seconds(number) }
      if let text = try? decode(String.self, forKey: key) { return DumpTime.seconds(text) }
      return DumpTime.seconds(try decode(Double.self, forKey: key))
    }
    return nil
  }
}

internal import BearLabCore
internal import Foundation

/// The JSON at the start of a safetensors file, checked against the file's size.
struct SafetensorsHeader {
  /// What weights may be stored as; other tensors may be in the file, and are not read.
  static let readableTypes: [String: GGMLType] = ["F32": .f32, "F16": .f16, "BF16": .bf16]
  /// Of the header, in bytes: that of the reference implementation.
  private static let largestHeader = 100_000_000
  /// Where the header starts, in bytes.
  private static let start = 8

  private let path: String
  private let members: [String: Member]
  /// From the start of the file, in bytes.
  private let dataStart: Int
  private let fileBytes: Int

  /// Reads the header.
  init(_ file: MappedFile) throws(SafetensorsError) {
    let path = file.path
    guard let announced = try? file.integer(UInt64.self, at: 0) else {
      throw .malformedHeader(path: path, problem: "the file ends inside the header's length")
    }
    let limit = min(Self.largestHeader, file.byteCount - Self.start)
    guard announced <= UInt64(limit), let bytes = try? file.bytes(at: 8, count: Int(announced))
    else {
      throw .malformedHeader(
        path: path, problem: "a header of \(announced) bytes is announced, at most \(limit) fit")
    }
    do {
      members = try JSONDecoder().decode([String: Member].self, from: Data(bytes))
    } catch {
      throw .malformedHeader(path: path, problem: jsonProblem(error))
    }
    self.path = path
    dataStart = Self.start + bytes.count
    fileBytes = file.byteCount
  }

  /// The tensors by name.
  ///
  /// They must fill the rest of the file in some order, without a gap: two over the same bytes, as
  /// well as one that a second one of the same name hides, are then seen.
  func tensors() throws(SafetensorsError) -> [String: SafetensorsFile.TensorInfo] {
    var tensors: [String: SafetensorsFile.TensorInfo] = [:]
    for (name, member) in members {
      if case .tensor(let entry) = member { tensors[name] = try info(name, entry) }
    }
    var end = dataStart
    // A tensor without weights goes before the one that starts where it does.
    for info in tensors.values.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) })
    {
      guard info.offset == end else {
        throw malformed(
          info.name, "begins at byte \(info.offset), but the one before it ends at \(end)")
      }
      end += info.byteCount
    }
    guard end == fileBytes else {
      throw .malformedHeader(
        path: path, problem: "the tensors end at byte \(end) of a file of \(fileBytes)")
    }
    return tensors
  }

  private func info(
    _ name: String, _ entry: Entry
  ) throws(SafetensorsError) -> SafetensorsFile.TensorInfo {
    let offsets = entry.data_offsets
    guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0],
      offsets[1] <= fileBytes - dataStart
    else {
      throw malformed(
        name, "its data_offsets are \(offsets) where the file has \(fileBytes - dataStart) bytes")
    }
    let byteCount = offsets[1] - offsets[0]
    let bytes = try size(name, entry)
    if let bytes, bytes != byteCount {
      throw malformed(
        name, "\(entry.dtype) of shape \(entry.shape) takes \(bytes) bytes, not \(byteCount)")
    }
    return .init(
      name: name, shape: entry.shape, type: entry.dtype, offset: dataStart + offsets[0],
      byteCount: byteCount)
  }

  /// The bytes that a tensor must have; nil for a type whose numbers' size is not known here.
  private func size(_ name: String, _ entry: Entry) throws(SafetensorsError) -> Int? {
    var bytes = Self.readableTypes[entry.dtype]?.blockBytes ?? 1
    for extent in entry.shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else {
        throw malformed(name, "impossible shape \(excerpt(of: "\(entry.shape)"))")
      }
      bytes = product
    }
    return Self.readableTypes[entry.dtype] == nil ? nil : bytes
  }

  private func malformed(_ name: String, _ problem: String) -> SafetensorsError {
    .malformedTensor(path: path, tensor: name, problem: excerpt(of: problem))
  }

  /// What the header says of a tensor, in the names of the file.
  private struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  private enum Member: Decodable {
    /// `__metadata__`: texts by name, of no use here.
    case metadata
    case tensor(Entry)

    init(from decoder: any Swift.Decoder) throws {
      let isMetadata = decoder.codingPath.last?.stringValue == "__metadata__"
      self = isMetadata ? .metadata : .tensor(try Entry(from: decoder))
    }
  }
}

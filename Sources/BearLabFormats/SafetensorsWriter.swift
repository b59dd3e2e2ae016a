internal import Foundation

/// Writes safetensors files, of which one tensor at a time is in memory.
///
/// The file is there whole or not at all; see ``SafetensorsFile`` for its layout.
public enum SafetensorsWriter {
  /// Writes a file.
  ///
  /// - Parameters:
  ///   - path: of the file; what is there is replaced.
  ///   - tensors: in the order in which they are asked for and stored; of different names.
  ///   - metadata: texts of the header; Hugging Face's reader wants `format`.
  ///   - numbers: gives a tensor's, row-major; called once for each.
  /// - Throws: ``FileError``, and what `numbers` throws; what was at the path is then as it was.
  public static func write(
    to path: String, tensors: [TensorOutline], metadata: [String: String] = ["format": "pt"],
    numbers: (TensorOutline) throws -> [Float]
  ) throws {
    let file = try PartialFile(replacing: path)
    let header = try header(tensors, metadata)
    try file.write(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header)
    for tensor in tensors { try file.write(try numbers(tensor), of: tensor, path: path) }
    try file.finish()
  }

  /// The JSON, filled up with spaces so that numbers begin at a multiple of eight.
  private static func header(
    _ tensors: [TensorOutline], _ metadata: [String: String]
  ) throws -> [UInt8] {
    var members: [String: Member] = [:]
    var end = 0
    for tensor in tensors {
      let entry = Entry(
        dtype: tensor.type.safetensorsName, shape: tensor.shape,
        data_offsets: [end, end + tensor.byteCount])
      let former = members.updateValue(.tensor(entry), forKey: tensor.name)
      precondition(former == nil, "two tensors are called \(tensor.name)")
      end += tensor.byteCount
    }
    if !metadata.isEmpty { members["__metadata__"] = .metadata(metadata) }
    let encoder = JSONEncoder()
    // The same tensors give the same bytes.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = Array(try encoder.encode(members))
    return text + [UInt8](repeating: UInt8(ascii: " "), count: -text.count & 7)
  }

  /// What the header says of a tensor, in the names of the file.
  private struct Entry: Encodable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  private enum Member: Encodable {
    case metadata([String: String])
    case tensor(Entry)

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .metadata(let texts): try texts.encode(to: encoder)
      case .tensor(let entry): try entry.encode(to: encoder)
      }
    }
  }
}

internal import BearLabCore

extension GGUFFile {
  /// Of the tensors' bytes, where the file does not say.
  private static let defaultAlignment = 32
  private static let maximumDimensions = 4

  /// Magic and version.
  static func checkStart(_ reader: inout GGUFReader) throws(GGUFError) {
    let path = reader.file.path
    let firstBytes = (try? reader.file.bytes(at: 0, count: min(4, reader.file.byteCount))) ?? []
    guard firstBytes == Array("GGUF".utf8) else {
      throw .notGGUF(path: path, firstBytes: firstBytes)
    }
    _ = try reader.integer(UInt32.self, of: "the magic")
    let version = try reader.integer(UInt32.self, of: "the version")
    guard version == 2 || version == 3 else {
      throw .unsupportedVersion(path: path, version: version)
    }
  }

  static func metadata(
    _ reader: inout GGUFReader, count: Int
  ) throws(GGUFError) -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    for number in 0..<count {
      let key = try reader.string("key \(number)")
      let shownKey = excerpt(of: key)
      let value = try reader.value(key: shownKey)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw reader.malformed("key \(shownKey) appears twice")
      }
    }
    return metadata
  }

  /// The alignment of tensors, a power of two.
  static func alignment(
    _ metadata: [String: GGUFValue], _ path: String
  ) throws(GGUFError) -> Int {
    let key = "general.alignment"
    guard let value = metadata[key] else { return defaultAlignment }
    guard case .integer(let alignment) = value else {
      throw .wrongType(path: path, key: key, expected: "an integer", found: value.kind)
    }
    guard (1...1 << 20).contains(alignment), alignment.nonzeroBitCount == 1 else {
      throw .badValue(
        path: path, key: key, value: "\(alignment)",
        requirement: "a power of two of at most \(1 << 20)")
    }
    return alignment
  }

  static func tensors(
    _ reader: inout GGUFReader, count: Int, alignment: Int
  ) throws(GGUFError) -> [String: TensorInfo] {
    var headers: [TensorHeader] = []
    for number in 0..<count { headers.append(try TensorHeader(&reader, number: number)) }
    let dataStart = (reader.offset + alignment - 1) & ~(alignment - 1)
    var tensors: [String: TensorInfo] = [:]
    for header in headers {
      let info = try header.info(
        in: reader.file, dataStart: dataStart, alignment: alignment)
      guard tensors.updateValue(info, forKey: info.name) == nil else {
        throw header.malformed(reader.file.path, "appears twice")
      }
    }
    try requireDisjoint(tensors.values, reader.file.path)
    return tensors
  }

  /// Many tensors over the same bytes would take more memory than the file could honestly ask for.
  private static func requireDisjoint(
    _ tensors: some Collection<TensorInfo>, _ path: String
  ) throws(GGUFError) {
    let sorted = tensors.sorted { ($0.offset, $0.name) < ($1.offset, $1.name) }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where first.offset + first.byteCount > second.offset {
      throw .malformedTensor(
        path: path, tensor: second.name,
        problem: "begins at byte \(second.offset), inside of tensor \(excerpt(of: first.name)), "
          + "which ends at \(first.offset + first.byteCount)")
    }
  }

  /// What the header says of a tensor, before anything is checked but sizes that it needs itself.
  private struct TensorHeader {
    let name: String
    /// In the file's order: the length of a row first.
    let dimensions: [UInt64]
    let typeNumber: UInt32
    /// From the start of the tensors' bytes.
    let offset: UInt64

    init(_ reader: inout GGUFReader, number: Int) throws(GGUFError) {
      let name = try reader.string("the name of tensor \(number)")
      let shownName = excerpt(of: name)
      let rank = try reader.integer(UInt32.self, of: "tensor \(shownName)")
      guard (1...maximumDimensions).contains(Int(rank)) else {
        throw reader.malformed(
          "tensor \(shownName) has \(rank) dimensions, not 1 to \(maximumDimensions)")
      }
      var dimensions: [UInt64] = []
      for _ in 0..<rank {
        dimensions.append(try reader.integer(UInt64.self, of: "the shape of tensor \(shownName)"))
      }
      self.name = name
      self.dimensions = dimensions
      typeNumber = try reader.integer(UInt32.self, of: "the type of tensor \(shownName)")
      offset = try reader.integer(UInt64.self, of: "the offset of tensor \(shownName)")
    }

    func malformed(_ path: String, _ problem: String) -> GGUFError {
      .malformedTensor(path: path, tensor: name, problem: problem)
    }

    /// Checks type, shape and place.
    func info(
      in file: MappedFile, dataStart: Int, alignment: Int
    ) throws(GGUFError) -> TensorInfo {
      guard let type = GGMLType(rawValue: typeNumber) else {
        throw .unsupportedTensorType(
          path: file.path, tensor: name, type: GGMLType.name(of: typeNumber))
      }
      let byteCount = try byteCount(type, path: file.path)
      guard offset % UInt64(alignment) == 0 else {
        throw malformed(file.path, "offset \(offset) is no multiple of \(alignment)")
      }
      let room = UInt64(max(0, file.byteCount - dataStart))
      guard offset <= room, byteCount <= room - offset else {
        throw malformed(
          file.path,
          "\(byteCount) bytes at offset \(offset) do not fit the \(room) bytes of tensors")
      }
      return TensorInfo(
        name: name, shape: dimensions.reversed().map { Int($0) }, type: type,
        offset: dataStart + Int(offset), byteCount: Int(byteCount))
    }

    private func byteCount(_ type: GGMLType, path: String) throws(GGUFError) -> UInt64 {
      let block = UInt64(type.blockSize)
      guard dimensions[0] % block == 0 else {
        throw malformed(
          path, "rows of \(dimensions[0]) are no whole number of \(type) blocks of \(block)")
      }
      var bytes = UInt64(type.blockBytes)
      for size in [dimensions[0] / block] + dimensions.dropFirst() {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
        guard size > 0, !overflow else {
          throw malformed(path, "impossible shape \(Array(dimensions.reversed()))")
        }
        bytes = product
      }
      return bytes
    }
  }
}

/// A GGUF file (version 2 or 3, little-endian) mapped into memory: metadata and named tensors.
///
/// The header is checked in full when the file is opened: names are unique and every tensor lies
/// within the file. Weights are read when asked for.
///
/// - Source: ggml-org/ggml, `docs/gguf.md`.
public struct GGUFFile {
  /// Where a tensor lies and how it is stored.
  public struct TensorInfo: Sendable, Equatable {
    public let name: String
    /// Row-major, the reverse of the file's order: a linear layer is `[out, in]`.
    public let shape: [Int]
    public let type: GGMLType
    /// From the start of the file, in bytes.
    public let offset: Int
    public let byteCount: Int

    /// The number of weights.
    public var count: Int { shape.reduce(1, *) }
  }

  public let metadata: [String: GGUFValue]
  public let tensors: [String: TensorInfo]
  private let file: MappedFile

  public var path: String { file.path }

  /// Maps a file and reads its header.
  ///
  /// - Throws: ``GGUFError`` for anything that is not a complete, supported GGUF file.
  public init(path: String) throws(GGUFError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw .file(error) }
    var reader = GGUFReader(file)
    try Self.checkStart(&reader)
    // The least that a tensor and a key take: 8 + 4 + 8 + 4 + 8 and 8 + 1 + 4 + 1 bytes.
    let tensorCount = try reader.count(of: "tensors", minimumBytes: 32)
    let keyCount = try reader.count(of: "keys", minimumBytes: 14)
    metadata = try Self.metadata(&reader, count: keyCount)
    tensors = try Self.tensors(
      &reader, count: tensorCount, alignment: Self.alignment(metadata, path))
    self.file = file
  }

  /// The weights of a tensor, row-major, as 32-bit floats.
  ///
  /// - Throws: ``GGUFError/missingTensor(path:tensor:)``, or
  ///   ``GGUFError/notFinite(path:tensor:index:value:)`` for a NaN or an infinity.
  public func floats(of name: String) throws(GGUFError) -> [Float] {
    let info = try info(of: name)
    let floats: [Float]
    do throws(FileError) {
      floats = try file.withBytes(at: info.offset, count: info.byteCount) { bytes in
        [Float](unsafeUninitializedCapacity: info.count) { floats, count in
          widen(bytes, as: info.type, into: floats)
          count = info.count
        }
      }
      try file.forget(at: info.offset, count: info.byteCount)
    } catch { throw .file(error) }
    try floats.withUnsafeBufferPointer { (floats) throws(GGUFError) in
      try requireFinite(floats, of: name)
    }
    return floats
  }

  /// Writes the weights of a tensor, all of them finite, to memory of the caller.
  ///
  /// - Throws: ``GGUFError``, as ``floats(of:)`` does.
  package func dequantiseFinite(
    _ name: String, into floats: UnsafeMutableBufferPointer<Float>
  ) throws(GGUFError) {
    try dequantise(name, into: floats)
    try requireFinite(
      UnsafeBufferPointer(rebasing: floats[..<(try info(of: name).count)]), of: name)
  }

  private func requireFinite(
    _ floats: UnsafeBufferPointer<Float>, of name: String
  ) throws(GGUFError) {
    if let index = firstNotFinite(floats) {
      throw .notFinite(path: path, tensor: name, index: index, value: floats[index])
    }
  }

  /// The weights of a tensor that must have the shape `shape`, row-major.
  ///
  /// - Throws: ``GGUFError/wrongShape(path:tensor:expected:found:)`` as well.
  public func floats(of name: String, shape: [Int]) throws(GGUFError) -> [Float] {
    let info = try info(of: name)
    guard info.shape == shape else {
      throw .wrongShape(path: path, tensor: name, expected: shape, found: info.shape)
    }
    return try floats(of: name)
  }

  /// Writes the weights of a tensor to memory of the caller, which must have room for all.
  package func dequantise(
    _ name: String, into floats: UnsafeMutableBufferPointer<Float>
  ) throws(GGUFError) {
    let info = try info(of: name)
    precondition(
      floats.count >= info.count, "\(name): room for \(floats.count) of \(info.count) weights")
    do throws(FileError) {
      // A part at a time: the file is never in memory beside what is made of it.
      let step = (1 << 22) / info.type.blockBytes
      let blocks = info.byteCount / info.type.blockBytes
      for start in stride(from: 0, to: blocks, by: step) {
        let part = start..<min(start + step, blocks)
        let offset = info.offset + start * info.type.blockBytes
        let count = part.count * info.type.blockBytes
        let target = UnsafeMutableBufferPointer(
          rebasing: floats[(start * info.type.blockSize)...])
        try file.withBytes(at: offset, count: count) { widen($0, as: info.type, into: target) }
        try file.forget(at: offset, count: count)
      }
    } catch { throw .file(error) }
  }

  private func info(of name: String) throws(GGUFError) -> TensorInfo {
    guard let info = tensors[name] else { throw .missingTensor(path: path, tensor: name) }
    return info
  }
}

/// A safetensors file mapped into memory: named tensors, as Hugging Face checkpoints have them.
///
///     8 bytes     n, the length of the header, little-endian
///     n bytes     JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
///     the rest    the tensors' numbers, row-major, without gaps
///
/// The header is checked in full when the file is opened. Weights are read when asked for.
///
/// - Source: huggingface/safetensors, `README.md`.
public struct SafetensorsFile {
  /// Where a tensor lies and how it is stored.
  public struct TensorInfo: Sendable, Equatable {
    public let name: String
    /// Row-major: a linear layer is `[out, in]`.
    public let shape: [Int]
    /// As the file names it, such as `F32`.
    public let type: String
    /// From the start of the file, in bytes.
    public let offset: Int
    public let byteCount: Int

    /// The number of weights.
    public var count: Int { shape.reduce(1, *) }
  }

  public let tensors: [String: TensorInfo]
  private let file: MappedFile

  public var path: String { file.path }

  /// Maps a file and reads its header.
  ///
  /// - Throws: ``SafetensorsError`` for anything that is not a complete safetensors file.
  public init(path: String) throws(SafetensorsError) {
    do { file = try MappedFile(path: path) } catch { throw .file(error) }
    tensors = try SafetensorsHeader(file).tensors()
  }

  /// The weights of a tensor that must have the shape `shape`, row-major, as 32-bit floats.
  ///
  /// - Throws: ``SafetensorsError`` where the tensor is missing, has another shape, is stored in a
  ///   type that cannot be read, or holds a NaN or an infinity.
  public func floats(of name: String, shape: [Int]) throws(SafetensorsError) -> [Float] {
    let (info, type) = try readable(name, shape: shape)
    let floats: [Float]
    do throws(FileError) {
      floats = try file.withBytes(at: info.offset, count: info.byteCount) { bytes in
        [Float](unsafeUninitializedCapacity: info.count) { floats, count in
          widen(bytes, as: type, into: floats)
          count = info.count
        }
      }
    } catch { throw .file(error) }
    if let index = floats.withUnsafeBufferPointer({ firstNotFinite($0) }) {
      throw .notFinite(path: path, tensor: name, index: index, value: floats[index])
    }
    return floats
  }

  /// Writes the weights of a tensor to memory of the caller, and gives the pages back that they were
  /// read from: the file is never in memory beside what is made of it.
  ///
  /// - Throws: ``SafetensorsError``, as ``floats(of:shape:)`` does.
  package func copyFinite(
    _ name: String, shape: [Int], into floats: UnsafeMutableBufferPointer<Float>
  ) throws(SafetensorsError) {
    let (info, type) = try readable(name, shape: shape)
    precondition(floats.count == info.count, "\(name): \(info.count) weights, not \(floats.count)")
    let step = Self.chunk * type.blockSize / type.blockBytes
    for start in stride(from: 0, to: info.count, by: step) {
      let part = UnsafeMutableBufferPointer(
        rebasing: floats[start..<min(start + step, info.count)])
      let (offset, count) = (
        info.offset + start * type.blockBytes, part.count * type.blockBytes
      )
      do throws(FileError) {
        try file.withBytes(at: offset, count: count) { widen($0, as: type, into: part) }
        try file.forget(at: offset, count: count)
      } catch { throw .file(error) }
      if let index = firstNotFinite(UnsafeBufferPointer(part)) {
        throw .notFinite(path: path, tensor: name, index: start + index, value: part[index])
      }
    }
  }

  /// Bytes that are read at a time.
  private static let chunk = 1 << 22

  /// Checks that a tensor could be read, without taking memory for it.
  ///
  /// - Throws: ``SafetensorsError``, as ``floats(of:shape:)`` does, but for what the numbers are.
  public func require(_ name: String, shape: [Int]) throws(SafetensorsError) {
    _ = try readable(name, shape: shape)
  }

  private func readable(
    _ name: String, shape: [Int]
  ) throws(SafetensorsError) -> (info: TensorInfo, type: GGMLType) {
    guard let info = tensors[name] else { throw .missingTensor(path: path, tensor: name) }
    guard info.shape == shape else {
      throw .wrongShape(path: path, tensor: name, expected: shape, found: info.shape)
    }
    guard let type = SafetensorsHeader.readableTypes[info.type] else {
      throw .unsupportedType(path: path, tensor: name, type: info.type)
    }
    return (info, type)
  }
}

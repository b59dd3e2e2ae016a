/// A tensor that is to be written.
public struct TensorOutline: Sendable, Equatable {
  public let name: String
  /// Row-major: a linear layer is `[out, in]`.
  public let shape: [Int]
  public let type: FloatType

  /// Describes a tensor.
  public init(name: String, shape: [Int], type: FloatType = .f32) {
    self.name = name
    self.shape = shape
    self.type = type
  }

  /// The number of weights.
  public var count: Int { shape.reduce(1, *) }
  public var byteCount: Int { count * type.byteCount }
}

extension PartialFile {
  /// Numbers that are narrowed at a time.
  private static let piece = 1 << 18

  /// Writes a tensor's numbers in its type, a piece at a time.
  func write(_ numbers: [Float], of tensor: TensorOutline, path: String) throws(FileError) {
    precondition(
      numbers.count == tensor.count,
      "\(tensor.name) of shape \(tensor.shape) was given \(numbers.count) numbers")
    for start in stride(from: 0, to: numbers.count, by: Self.piece) {
      let piece = numbers[start..<min(start + Self.piece, numbers.count)]
      if let stray = piece.first(where: { !tensor.type.isFinite($0) }) {
        throw .notStorable(
          path: path, tensor: tensor.name, value: stray, type: tensor.type.rawValue)
      }
      try write(tensor.type.bytes(of: piece))
    }
  }
}

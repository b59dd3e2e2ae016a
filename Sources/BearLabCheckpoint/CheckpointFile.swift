/// Named tensors and attributes, kept in one HDF5 file.
///
/// Names of tensors are paths, `/lora/<layer>/<projection>/A`; the groups on the way are made. The
/// same content gives the same bytes.
public struct CheckpointFile: Sendable, Equatable {
  /// By path, such as `/optimizer/first-moment/0`.
  public var tensors: [String: StoredTensor]
  /// Of the whole file, by name, such as `step` or `objective/tau`.
  public var attributes: [String: AttributeValue]

  /// Creates a checkpoint in memory.
  public init(
    tensors: [String: StoredTensor] = [:], attributes: [String: AttributeValue] = [:]
  ) {
    self.tensors = tensors
    self.attributes = attributes
  }

  /// A tensor as a checkpoint holds it: plain numbers, kept bit for bit.
  public struct StoredTensor: Sendable, Equatable {
    /// The extents; empty for a scalar.
    public let shape: [Int]
    /// Row-major, as many as the shape holds.
    public let values: [Float]

    /// Creates a tensor of given numbers.
    public init(shape: [Int], values: [Float]) {
      precondition(
        shape.allSatisfy { $0 >= 0 } && values.count == shape.reduce(1, *),
        "\(values.count) numbers for a tensor of shape \(shape)")
      self.shape = shape
      self.values = values
    }
  }

  /// A number or a text beside the tensors.
  public enum AttributeValue: Sendable, Equatable {
    case integer(Int)
    case real(Double)
    /// Without the character NUL, which ends a text in HDF5.
    case text(String)
  }

  /// Checks everything that HDF5 would refuse, or take for something else.
  ///
  /// - Throws: ``CheckpointError/invalidName(_:reason:)`` or ``CheckpointError/invalidText(_:)``.
  func validate() throws(CheckpointError) {
    for name in tensors.keys.sorted() {
      guard name.hasPrefix("/") else {
        throw .invalidName(name, reason: "it does not begin with '/'")
      }
      try Self.validate(path: name.dropFirst(), of: name)
      if let outer = Self.groups(of: name).first(where: { tensors[$0] != nil }) {
        throw .invalidName(name, reason: "'\(outer)' is a tensor, so it cannot be a group as well")
      }
    }
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
      try Self.validate(path: name[...], of: name)
      if case .text(let text) = value, text.utf8.contains(0) { throw .invalidText(name) }
    }
  }

  /// The groups above a tensor, outermost first: `/a` and `/a/b` for `/a/b/c`.
  static func groups(of name: String) -> [String] {
    let components = name.split(separator: "/").dropLast()
    return components.indices.map { "/" + components[...$0].joined(separator: "/") }
  }

  /// How deep names may go; a reader stops there, whatever the links of a file.
  static let maximumDepth = 32

  private static func validate(
    path: Substring, of name: String
  ) throws(CheckpointError) {
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    for component in components {
      if component.isEmpty { throw .invalidName(name, reason: "a part of it is empty") }
      if component == "." || component == ".." {
        throw .invalidName(name, reason: "'\(component)' has a meaning of its own in a path")
      }
      if let stray = component.unicodeScalars.first(where: { !isAllowed($0) }) {
        throw .invalidName(name, reason: "it contains \(stray.debugDescription)")
      }
    }
    if components.count > maximumDepth {
      throw .invalidName(name, reason: "it has \(components.count) parts")
    }
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
    default: false
    }
  }
}

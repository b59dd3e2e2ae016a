internal import CBearKernels

/// Numbers in a shape, with the operation that made them: a small define-by-run tape.
///
/// Single precision, row-major. Operations on tensors that require a gradient are recorded;
/// ``backward(seed:)`` on a scalar then adds to the ``gradient`` of every such tensor above it.
/// Not `Sendable`: one run owns its tensors.
public final class Tensor {
  /// The extents; empty for a scalar.
  public let shape: [Int]
  package let buffer: Buffer
  /// Whether ``backward(seed:)`` computes a gradient here.
  public let requiresGradient: Bool
  package private(set) var gradientBuffer: Buffer?
  private let parents: [Tensor]
  private let propagate: ((Tensor) -> Void)?

  package init(
    buffer: Buffer, shape: [Int], requiresGradient: Bool = false, parents: [Tensor] = [],
    propagate: ((Tensor) -> Void)? = nil
  ) {
    precondition(
      buffer.count == shape.reduce(1, *), "\(buffer.count) numbers for a tensor of shape \(shape)")
    self.buffer = buffer
    self.shape = shape
    self.requiresGradient = requiresGradient
    self.parents = parents
    self.propagate = propagate
  }

  /// A tensor of given numbers.
  ///
  /// - Parameters:
  ///   - scalars: row-major; as many as the shape holds.
  ///   - shape: the extents; empty for a scalar.
  ///   - requiresGradient: whether this is a leaf to differentiate with respect to.
  public convenience init(_ scalars: [Float], shape: [Int], requiresGradient: Bool = false) {
    self.init(buffer: Buffer(scalars), shape: shape, requiresGradient: requiresGradient)
  }

  /// A scalar.
  public convenience init(scalar: Float) {
    self.init([scalar], shape: [])
  }

  /// A tensor of zeros.
  public convenience init(zeros shape: [Int], requiresGradient: Bool = false) {
    self.init(
      buffer: Buffer(count: shape.reduce(1, *)), shape: shape, requiresGradient: requiresGradient)
  }

  /// The number of elements.
  public var count: Int { buffer.count }

  /// The numbers, row-major: a copy.
  public var scalars: [Float] { buffer.values }

  /// The gradient, row-major: a copy; nil where none was computed.
  public var gradient: [Float]? { gradientBuffer?.values }

  /// The same numbers, as a constant to the gradient.
  public func detached() -> Tensor {
    requiresGradient ? Tensor(buffer: buffer, shape: shape) : self
  }

  /// Makes the tensor of an operation, recorded where a parent requires a gradient.
  ///
  /// `propagate` adds to the parents' gradients, from the result's.
  package static func result(
    _ buffer: Buffer, shape: [Int], of parents: [Tensor], propagate: @escaping (Tensor) -> Void
  ) -> Tensor {
    let sources = parents.filter(\.requiresGradient)
    guard !sources.isEmpty else { return Tensor(buffer: buffer, shape: shape) }
    return Tensor(
      buffer: buffer, shape: shape, requiresGradient: true, parents: sources, propagate: propagate)
  }

  /// The gradient's memory, made when first asked for; nil where no gradient is required.
  package func gradientForAdding() -> Buffer? {
    guard requiresGradient else { return nil }
    if let gradientBuffer { return gradientBuffer }
    let fresh = Buffer(count: count)
    gradientBuffer = fresh
    return fresh
  }

  /// Adds a gradient whose memory is given up: the first one becomes the tensor's own.
  func addGradient(_ gradient: Buffer) {
    guard requiresGradient else { return }
    if let gradientBuffer {
      bear_axpy_f32(count, 1, gradient.pointer, gradientBuffer.pointer)
    } else {
      gradientBuffer = gradient
    }
  }

  /// Replaces the numbers in place, as when a checkpoint is read.
  public func replace(with scalars: [Float]) { buffer.replace(with: scalars) }

  /// Forgets the gradient.
  public func clearGradient() { gradientBuffer = nil }

  /// Adds d self / d x to the gradient of every leaf x that requires one.
  ///
  /// - Parameter seed: what the derivative is multiplied by.
  public func backward(seed: Float = 1) {
    precondition(count == 1, "backward() of a tensor of shape \(shape); a scalar is needed")
    guard let own = gradientForAdding() else { return }
    own.pointer[0] += seed
    for tensor in topologicalOrder().reversed() where tensor.propagate != nil {
      if tensor.gradientBuffer != nil { tensor.propagate?(tensor) }
      tensor.gradientBuffer = nil
    }
  }

  /// Every recorded tensor above this one, parents before children.
  private func topologicalOrder() -> [Tensor] {
    var order: [Tensor] = []
    var seen: Set<ObjectIdentifier> = []
    var stack: [(tensor: Tensor, next: Int)] = []
    func visit(_ tensor: Tensor) {
      if seen.insert(ObjectIdentifier(tensor)).inserted { stack.append((tensor, 0)) }
    }
    visit(self)
    while let (tensor, next) = stack.last {
      if next < tensor.parents.count {
        stack[stack.count - 1].next += 1
        visit(tensor.parents[next])
      } else {
        order.append(tensor)
        stack.removeLast()
      }
    }
    return order
  }
}

internal import CBearKernels
internal import COneDNN
internal import COpenBLAS

/// Frozen weights of a linear layer, `[out, in]`, packed for the engine in use: the seam between
/// the transformer and the libraries for matrix products.
///
/// Products are of one block of rows, by the thread that calls: ``Compute/forEachTile(_:height:threads:_:)``
/// gives each thread its blocks.
package final class FixedMatrix {
  package let inputs: Int
  package let outputs: Int
  package let precision: Precision
  /// Parts of the outputs with weights of their own: a product may ask for one alone.
  package let outputPanels: [Range<Int>]
  /// Parts of the inputs, for products with the transposed weights.
  package let inputPanels: [Range<Int>]
  /// As they came, where the engine takes them like that.
  private let plain: Matrix?
  private var forward: [PackedWeights] = []
  private var transposed: [PackedWeights] = []

  /// Packs weights; they are not kept where the engine has its own layout.
  ///
  /// - Parameters:
  ///   - weights: `[out, in]`.
  ///   - precision: of the packed weights and of what they are multiplied by.
  ///   - outputPanels: parts of the outputs that are computed one at a time; nil for one part.
  ///   - inputPanels: the same for products with the transposed weights.
  ///   - engine: the library that multiplies.
  package init(
    _ weights: Matrix, precision: Precision, outputPanels: [Range<Int>]? = nil,
    inputPanels: [Range<Int>]? = nil, engine: MatrixEngine = .current
  ) {
    self.precision = precision
    inputs = weights.columns
    outputs = weights.rows
    self.outputPanels = outputPanels ?? [0..<weights.rows]
    self.inputPanels = inputPanels ?? [0..<weights.columns]
    if engine == .onednn {
      plain = nil
      forward = self.outputPanels.map { panel in
        PackedWeights(transposing: weights.rows(panel), precision: precision)
      }
    } else {
      precondition(precision == .f32, "\(engine) has no products in \(precision)")
      plain = weights
    }
  }

  /// y = x Wᵀ, or y += where `accumulate`: `[n, in]` to `[n, panel]`, for one panel of outputs.
  package func apply(
    _ x: Operand, panel: Int = 0, into y: Matrix, accumulate: Bool = false
  ) {
    let range = outputPanels[panel]
    precondition(
      x.columns == inputs && y.columns == range.count && x.rows == y.rows,
      "[\(x.rows), \(x.columns)] · [\(range.count), \(inputs)]ᵀ into [\(y.rows), \(y.columns)]")
    if let plain {
      BLAS.multiply(
        x.matrix, plain.rows(range), transposed: true, into: y, accumulate: accumulate)
    } else {
      forward[panel].multiply(x, into: y, accumulate: accumulate)
    }
  }

  /// dx = dy W, or dx += where `accumulate`: `[n, out]` to `[n, panel]`, for one panel of inputs.
  ///
  /// ``prepareTransposed()`` comes first.
  package func applyTransposed(
    _ dy: Operand, panel: Int = 0, into dx: Matrix, accumulate: Bool = false
  ) {
    let range = inputPanels[panel]
    precondition(
      dy.columns == outputs && dx.columns == range.count && dy.rows == dx.rows,
      "[\(dy.rows), \(dy.columns)] · [\(outputs), \(range.count)] into [\(dx.rows), \(dx.columns)]")
    if let plain {
      BLAS.multiply(
        dy.matrix, plain.columns(range), transposed: false, into: dx, accumulate: accumulate)
    } else {
      precondition(!transposed.isEmpty, "the transposed weights were not prepared")
      transposed[panel].multiply(dy, into: dx, accumulate: accumulate)
    }
  }

  /// Packs the transposed weights, where that was not done before.
  package func prepareTransposed() {
    guard plain == nil, transposed.isEmpty else { return }
    let whole = Operand(rows: outputs, columns: inputs, precision: precision)
    for (range, part) in zip(outputPanels, forward) {
      part.unpackTransposed(into: whole.rows(range))
    }
    transposed = inputPanels.map { PackedWeights(whole.columns($0)) }
  }
}

/// Weights in oneDNN's layout for one product.
private final class PackedWeights {
  private let primitives: ProductPrimitives
  private let buffer: Buffer
  private let memory: dnnl_memory_t?
  private let inputs: Int
  private let outputs: Int
  private let precision: Precision

  /// Packs `[in, out]`.
  convenience init(_ weights: Operand) {
    self.init(
      weights.pointer, inputs: weights.rows, outputs: weights.columns,
      from: OneDNN.layout(
        rows: weights.rows, columns: weights.columns, weights.precision,
        rowStride: weights.stride), precision: weights.precision)
  }

  /// Packs the transpose of `[out, in]`, rounded to a precision.
  convenience init(transposing weights: Matrix, precision: Precision) {
    self.init(
      UnsafeMutableRawPointer(weights.pointer), inputs: weights.columns, outputs: weights.rows,
      from: OneDNN.layout(
        rows: weights.columns, columns: weights.rows, .f32, rowStride: 1,
        columnStride: weights.stride), precision: precision)
  }

  private init(
    _ source: UnsafeMutableRawPointer, inputs: Int, outputs: Int, from layout: dnnl_memory_desc_t,
    precision: Precision
  ) {
    (self.inputs, self.outputs, self.precision) = (inputs, outputs, precision)
    primitives = .of(inputs: inputs, outputs: outputs, precision: precision)
    var own = primitives.weights
    buffer = Buffer(count: (dnnl_memory_desc_get_size(&own) + 3) / 4, zeroed: false)
    OneDNN.reorder(source, layout, to: buffer.pointer, own)
    var memory: dnnl_memory_t?
    OneDNN.check(dnnl_memory_create(&memory, &own, OneDNN.engine, buffer.pointer), "weights")
    self.memory = memory
  }

  deinit { dnnl_memory_destroy(memory) }

  /// Writes the weights' transpose, `[out, in]`, in their own precision.
  func unpackTransposed(into target: Operand) {
    OneDNN.reorder(
      buffer.pointer, primitives.weights, to: target.pointer,
      OneDNN.layout(
        rows: inputs, columns: outputs, precision, rowStride: 1, columnStride: target.stride))
  }

  /// y = x W, or y += x W; both contiguous, which is what oneDNN has its best kernels for.
  func multiply(_ x: Operand, into y: Matrix, accumulate: Bool) {
    precondition(x.isContiguous && y.isContiguous && x.precision == precision)
    guard x.rows > 0 else { return }
    let use = primitives.primitive(rows: x.rows, accumulates: accumulate)
    OneDNN.memory(use.source, x.pointer) { source in
      OneDNN.memory(use.target, y.pointer) { target in
        var arguments = [
          dnnl_exec_arg_t(arg: DNNL_ARG_SRC, memory: source),
          dnnl_exec_arg_t(arg: DNNL_ARG_WEIGHTS, memory: memory),
          dnnl_exec_arg_t(arg: DNNL_ARG_DST, memory: target),
        ]
        guard use.scratchBytes > 0 else { return Self.run(use, arguments) }
        let scratch = Buffer(count: (use.scratchBytes + 3) / 4, zeroed: false)
        OneDNN.memory(
          OneDNN.bytes(use.scratchBytes), scratch.pointer
        ) { scratch in
          arguments.append(dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: scratch))
          Self.run(use, arguments)
        }
      }
    }
  }

  private static func run(_ use: ProductPrimitives.Primitive, _ arguments: [dnnl_exec_arg_t]) {
    OneDNN.check(
      dnnl_primitive_execute(
        use.primitive, OneDNN.stream, Int32(arguments.count), arguments), "product")
  }
}

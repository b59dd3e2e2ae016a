internal import CBearKernels
internal import COneDNN
internal import Synchronization

/// oneDNN's matmul, called for one block of rows by one of our threads at a time.
///
/// On AVX-512 a row of the result has the same bits whatever the number of rows. Each call is
/// single-threaded: a product is split over our threads by rows, so no second pool of threads gets
/// in the way, and a thread's rows stay in its cache between products.
enum OneDNN {
  /// Used by all threads at once, which oneDNN allows; never changed.
  nonisolated(unsafe) static let engine: dnnl_engine_t? = {
    bear_use_one_openmp_thread()
    var engine: dnnl_engine_t?
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine")
    return engine
  }()

  /// As ``engine``; a CPU stream runs what it is given in the caller.
  nonisolated(unsafe) static let stream: dnnl_stream_t? = {
    var stream: dnnl_stream_t?
    check(
      dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)), "stream")
    return stream
  }()

  /// The library's version, such as `2.6.3`.
  static var version: String {
    guard let version = dnnl_version()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }

  /// All uses are with sizes that were checked before, so a failure is lack of memory or a bug.
  static func check(_ status: dnnl_status_t, _ what: String) {
    precondition(status == dnnl_success, "oneDNN: \(what): status \(status.rawValue)")
  }

  static func type(_ precision: Precision) -> dnnl_data_type_t {
    precision == .f32 ? dnnl_f32 : dnnl_bf16
  }

  /// The description of a matrix `[rows, columns]` with given distances between rows and columns.
  static func layout(
    rows: Int, columns: Int, _ precision: Precision, rowStride: Int, columnStride: Int = 1
  ) -> dnnl_memory_desc_t {
    var layout = dnnl_memory_desc_t()
    check(
      dnnl_memory_desc_init_by_strides(
        &layout, 2, [Int64(rows), Int64(columns)], type(precision),
        [Int64(rowStride), Int64(columnStride)]), "layout")
    return layout
  }

  /// The description of plain memory.
  static func bytes(_ count: Int) -> dnnl_memory_desc_t {
    var layout = dnnl_memory_desc_t()
    check(dnnl_memory_desc_init_by_strides(&layout, 1, [Int64(count)], dnnl_u8, [1]), "layout")
    return layout
  }

  /// Runs `body` with a memory object over a pointer.
  static func memory<Result>(
    _ layout: dnnl_memory_desc_t, _ pointer: UnsafeMutableRawPointer,
    _ body: (dnnl_memory_t?) -> Result
  ) -> Result {
    var layout = layout
    var memory: dnnl_memory_t?
    check(dnnl_memory_create(&memory, &layout, engine, pointer), "memory")
    defer { dnnl_memory_destroy(memory) }
    return body(memory)
  }

  /// Copies numbers from one layout and type to another.
  static func reorder(
    _ source: UnsafeMutableRawPointer, _ sourceLayout: dnnl_memory_desc_t,
    to target: UnsafeMutableRawPointer, _ targetLayout: dnnl_memory_desc_t
  ) {
    bear_use_one_openmp_thread()
    var (sourceLayout, targetLayout) = (sourceLayout, targetLayout)
    var description: dnnl_primitive_desc_t?
    check(
      dnnl_reorder_primitive_desc_create(
        &description, &sourceLayout, engine, &targetLayout, engine, nil), "reorder")
    defer { dnnl_primitive_desc_destroy(description) }
    var primitive: dnnl_primitive_t?
    check(dnnl_primitive_create(&primitive, description), "reorder")
    defer { dnnl_primitive_destroy(primitive) }
    memory(sourceLayout, source) { source in
      memory(targetLayout, target) { target in
        let arguments = [
          dnnl_exec_arg_t(arg: DNNL_ARG_FROM, memory: source),
          dnnl_exec_arg_t(arg: DNNL_ARG_TO, memory: target),
        ]
        check(dnnl_primitive_execute(primitive, stream, 2, arguments), "reorder")
      }
    }
  }
}

/// The primitives of one shape of product, y = x W or y += x W, for each number of rows that came.
///
/// One takes 0.2 to 0.7 ms to make. `@unchecked Sendable`: the table is behind a lock, and a
/// primitive is not changed after it was made.
final class ProductPrimitives: @unchecked Sendable {
  private struct Key: Hashable {
    let inputs: Int
    let outputs: Int
    let precision: Precision
  }
  private struct Use: Hashable {
    let rows: Int
    let accumulates: Bool
  }
  struct Primitive {
    let primitive: dnnl_primitive_t?
    let source: dnnl_memory_desc_t
    let target: dnnl_memory_desc_t
    let scratchBytes: Int
  }

  private static let all = Mutex<[Key: ProductPrimitives]>([:])

  private let key: Key
  /// The layout of the weights, the same for every number of rows.
  let weights: dnnl_memory_desc_t
  private let uses = Mutex<Void>(())
  private var primitives: [Use: Primitive] = [:]

  /// The primitives for weights of one size.
  static func of(inputs: Int, outputs: Int, precision: Precision) -> ProductPrimitives {
    let key = Key(inputs: inputs, outputs: outputs, precision: precision)
    return all.withLock { all in
      if let known = all[key] { return known }
      let fresh = ProductPrimitives(key)
      all[key] = fresh
      return fresh
    }
  }

  private init(_ key: Key) {
    self.key = key
    var free = dnnl_memory_desc_t()
    OneDNN.check(
      dnnl_memory_desc_init_by_tag(
        &free, 2, [Int64(key.inputs), Int64(key.outputs)], OneDNN.type(key.precision),
        dnnl_format_tag_any), "weights")
    let description = Self.describe(
      key, rows: MatrixEngine.onednn.tileRows(key.precision), accumulates: false, weights: free)
    defer { dnnl_primitive_desc_destroy(description) }
    guard let chosen = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0) else {
      preconditionFailure("oneDNN: no layout of weights [\(key.inputs), \(key.outputs)]")
    }
    weights = chosen.pointee
  }

  /// The primitive for a number of rows; made when first asked for.
  func primitive(rows: Int, accumulates: Bool) -> Primitive {
    let use = Use(rows: rows, accumulates: accumulates)
    return uses.withLock { _ in
      if let known = primitives[use] { return known }
      let fresh = make(use)
      primitives[use] = fresh
      return fresh
    }
  }

  private func make(_ use: Use) -> Primitive {
    let description = Self.describe(
      key, rows: use.rows, accumulates: use.accumulates, weights: weights)
    defer { dnnl_primitive_desc_destroy(description) }
    var primitive: dnnl_primitive_t?
    OneDNN.check(dnnl_primitive_create(&primitive, description), "product")
    let scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
    return Primitive(
      primitive: primitive,
      source: OneDNN.layout(
        rows: use.rows, columns: key.inputs, key.precision, rowStride: key.inputs),
      target: OneDNN.layout(rows: use.rows, columns: key.outputs, .f32, rowStride: key.outputs),
      scratchBytes: scratch.map { dnnl_memory_desc_get_size($0) } ?? 0)
  }

  private static func describe(
    _ key: Key, rows: Int, accumulates: Bool, weights: dnnl_memory_desc_t
  ) -> dnnl_primitive_desc_t? {
    // The number of threads is fixed when a primitive is made.
    bear_use_one_openmp_thread()
    var weights = weights
    var source = OneDNN.layout(
      rows: rows, columns: key.inputs, key.precision, rowStride: key.inputs)
    var target = OneDNN.layout(rows: rows, columns: key.outputs, .f32, rowStride: key.outputs)
    var operation = dnnl_matmul_desc_t()
    OneDNN.check(
      dnnl_matmul_desc_init(&operation, &source, &weights, nil, &target), "product")
    var attributes: dnnl_primitive_attr_t?
    OneDNN.check(dnnl_primitive_attr_create(&attributes), "product")
    defer { dnnl_primitive_attr_destroy(attributes) }
    // oneDNN's own scratch memory belongs to the thread that made the primitive.
    OneDNN.check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "product")
    if accumulates {
      var sum: dnnl_post_ops_t?
      OneDNN.check(dnnl_post_ops_create(&sum), "product")
      defer { dnnl_post_ops_destroy(sum) }
      OneDNN.check(dnnl_post_ops_append_sum(sum, 1), "product")
      OneDNN.check(dnnl_primitive_attr_set_post_ops(attributes, sum), "product")
    }
    var description: dnnl_primitive_desc_t?
    OneDNN.check(
      dnnl_primitive_desc_create(&description, &operation, attributes, engine, nil), "product")
    return description
  }

  private static var engine: dnnl_engine_t? { OneDNN.engine }
}

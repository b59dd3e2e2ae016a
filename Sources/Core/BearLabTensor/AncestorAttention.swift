internal import CBearKernels

/// Which rows of keys each query row sees, for chains of nodes in a forest.
///
/// A chain is a run of consecutive rows, each the child of the one before. Its ancestors are
/// runs of rows as well, so no mask is ever made.
package struct AncestorPlan {
  private var tasks: [bear_attention_task] = []
  private var ranges: [bear_rows] = []
  private var costs: [Int] = []
  private var largestTask = (rows: 0, keys: 0)
  /// Rows of one task: small enough to balance threads, large enough to share keys.
  private static let rowsPerTask = 32

  /// An empty plan.
  package init() {}

  /// Adds a chain.
  ///
  /// - Parameters:
  ///   - queryRows: the chain's rows among the queries.
  ///   - ancestors: the key rows above the chain, in order of depth.
  ///   - ownStart: the key row of the chain's first node.
  package mutating func addChain(queryRows: Range<Int>, ancestors: [Range<Int>], ownStart: Int) {
    let above = ancestors.reduce(0) { $0 + $1.count }
    for start in stride(from: 0, to: queryRows.count, by: Self.rowsPerTask) {
      let rows = min(Self.rowsPerTask, queryRows.count - start)
      let first = ranges.count
      ranges += ancestors.map { bear_rows(start: Int64($0.lowerBound), count: Int64($0.count)) }
      ranges.append(bear_rows(start: Int64(ownStart), count: Int64(start + rows)))
      tasks.append(
        bear_attention_task(
          first_row: Int64(queryRows.lowerBound + start), rows: Int64(rows),
          first_range: Int64(first), range_count: Int64(ranges.count - first)))
      let keys = above + start + rows
      costs.append(rows * keys)
      largestTask = (max(largestTask.rows, rows), max(largestTask.keys, keys))
    }
  }

  /// Gives each thread tasks of about equal cost: a fixed assignment, longest first.
  private func assignment(threads: Int) -> [[Int]] {
    var loads = [Int](repeating: 0, count: threads)
    var lists = [[Int]](repeating: [], count: threads)
    for task in costs.indices.sorted(by: { (costs[$0], $1) > (costs[$1], $0) }) {
      let lightest = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      loads[lightest] += costs[task]
      lists[lightest].append(task)
    }
    return lists
  }

  /// Attention of all queries.
  ///
  /// - Parameters:
  ///   - geometry: heads and their width.
  ///   - queries: `[n, heads × width]`, by query row.
  ///   - keys: `[rows, kvHeads × width]`, by key row.
  ///   - values: of the layout of `keys`.
  ///   - output: `[n, heads × width]`, in the precision of the others.
  ///   - logSumExp: `[n, heads]`, kept for ``backward``.
  package func forward(
    _ geometry: AttentionGeometry, queries: Operand, keys: Operand, values: Operand,
    into output: Operand, logSumExp: Buffer
  ) {
    let shape = geometry.shape(queries: queries, keys: keys, output: output)
    forEachTask(shape) { task, ranges, scratch, _ in
      withUnsafePointer(to: shape) { shape in
        switch queries.precision {
        case .f32:
          bear_attention_f32(
            shape, task, ranges, queries.matrix.pointer, keys.matrix.pointer,
            values.matrix.pointer, output.matrix.pointer, logSumExp.pointer, scratch)
        case .bf16:
          bear_attention_bf16(
            shape, task, ranges, queries.halves, keys.halves, values.halves, output.halves,
            logSumExp.pointer, scratch)
        }
      }
    }
  }

  /// The gradients of ``forward``, in single precision.
  ///
  /// - Parameters:
  ///   - geometry: as in the forward pass, like the five that follow.
  ///   - queries: `[n, heads × width]`.
  ///   - keys: `[rows, kvHeads × width]`.
  ///   - values: of the layout of `keys`.
  ///   - output: `[n, heads × width]`.
  ///   - logSumExp: `[n, heads]`.
  ///   - dOutput: the gradient of `output`, of its layout.
  ///   - dQueries: written; of the layout of `queries`.
  ///   - dKeys: added to; with the stride of `keys`.
  ///   - dValues: added to; with the stride of `keys`.
  package func backward(
    _ geometry: AttentionGeometry, queries: Operand, keys: Operand, values: Operand,
    output: Operand, logSumExp: Buffer, dOutput: Operand, dQueries: Matrix, dKeys: Matrix,
    dValues: Matrix
  ) {
    let shape = geometry.shape(queries: queries, keys: keys, output: output)
    precondition(dQueries.stride == queries.stride && dOutput.stride == output.stride)
    precondition(dKeys.stride == keys.stride && dValues.stride == keys.stride)
    // Two threads meet at shared ancestors: all but the first add to memory of their own, summed
    // in a fixed order afterwards.
    let threads = max(1, min(Compute.threads, tasks.count))
    let spares = (1..<max(threads, 1)).map { _ in
      (
        keys: Buffer(count: keys.rows * keys.stride),
        values: Buffer(count: keys.rows * keys.stride)
      )
    }
    forEachTask(shape) { task, ranges, scratch, thread in
      let ownKeys = thread == 0 ? dKeys.pointer : spares[thread - 1].keys.pointer
      let ownValues = thread == 0 ? dValues.pointer : spares[thread - 1].values.pointer
      withUnsafePointer(to: shape) { shape in
        switch queries.precision {
        case .f32:
          bear_attention_backward_f32(
            shape, task, ranges, queries.matrix.pointer, keys.matrix.pointer,
            values.matrix.pointer, output.matrix.pointer, logSumExp.pointer,
            dOutput.matrix.pointer, dQueries.pointer, ownKeys, ownValues, scratch)
        case .bf16:
          bear_attention_backward_bf16(
            shape, task, ranges, queries.halves, keys.halves, values.halves, output.halves,
            logSumExp.pointer, dOutput.halves, dQueries.pointer, ownKeys, ownValues, scratch)
        }
      }
    }
    for spare in spares {
      Compute.split(keys.rows, minimum: 16) { range in
        for row in range {
          let start = row * keys.stride
          bear_axpy_f32(keys.columns, 1, spare.keys.pointer + start, dKeys.row(row))
          bear_axpy_f32(keys.columns, 1, spare.values.pointer + start, dValues.row(row))
        }
      }
    }
  }

  private func forEachTask(
    _ shape: bear_attention_shape,
    _ body: (
      UnsafePointer<bear_attention_task>, UnsafePointer<bear_rows>, UnsafeMutablePointer<Float>,
      Int
    ) -> Void
  ) {
    guard !tasks.isEmpty else { return }
    let threads = max(1, min(Compute.threads, tasks.count))
    let lists = assignment(threads: threads)
    let floats = withUnsafePointer(to: shape) {
      bear_attention_scratch($0, largestTask.rows, largestTask.keys)
    }
    let scratch = (0..<threads).map { _ in Buffer(count: floats, zeroed: false) }
    tasks.withUnsafeBufferPointer { tasks in
      ranges.withUnsafeBufferPointer { ranges in
        guard let firstTask = tasks.baseAddress, let firstRange = ranges.baseAddress else { return }
        Compute.run(threads) { thread in
          let clock = Profile.Clock()
          clock.start()
          for task in lists[thread] {
            body(firstTask + task, firstRange, scratch[thread].pointer, thread)
          }
          clock.lap(.attention)
        }
      }
    }
  }
}

/// The sizes of an attention layer.
package struct AttentionGeometry {
  package let heads: Int
  package let kvHeads: Int
  package let headWidth: Int

  /// Takes the sizes.
  package init(heads: Int, kvHeads: Int, headWidth: Int) {
    self.heads = heads
    self.kvHeads = kvHeads
    self.headWidth = headWidth
  }

  fileprivate func shape(
    queries: Operand, keys: Operand, output: Operand
  ) -> bear_attention_shape {
    bear_attention_shape(
      heads: heads, kv_heads: kvHeads, width: headWidth, q_stride: queries.stride,
      kv_stride: keys.stride, out_stride: output.stride,
      scale: 1 / Float(headWidth).squareRoot())
  }
}

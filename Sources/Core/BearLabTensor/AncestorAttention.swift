internal import CBearKernels

/// Which rows of keys each query row sees, for chains of nodes in a forest.
///
/// A chain is a run of consecutive rows, each the child of the one before. Its ancestors are
/// runs of rows as well, so no mask is ever made.
package struct AncestorPlan {
  private var chains: [AncestorChain] = []

  /// An empty plan.
  package init() {}

  /// Adds a chain.
  ///
  /// Chains that share their first ancestors should follow one another.
  ///
  /// - Parameters:
  ///   - queryRows: the chain's rows among the queries.
  ///   - ancestors: the key rows above the chain, in order of depth.
  ///   - ownStart: the key row of the chain's first node.
  package mutating func addChain(queryRows: Range<Int>, ancestors: [Range<Int>], ownStart: Int) {
    guard !queryRows.isEmpty else { return }
    chains.append(
      AncestorChain(queryRows: queryRows, ancestors: ancestors, own: ownStart, skipped: 0))
  }

  /// Attention of all queries.
  ///
  /// - Parameters:
  ///   - geometry: heads and their width.
  ///   - queries: `[n, heads × width]`, by query row.
  ///   - keys: `[rows, kvHeads × width]`, by key row.
  ///   - values: of the layout of `keys`.
  ///   - output: `[n, heads × width]`.
  ///   - logSumExp: `[n, heads]`, kept for ``backward``.
  package func forward(
    _ geometry: AttentionGeometry, queries: Matrix, keys: Matrix, values: Matrix,
    into output: Matrix, logSumExp: Buffer
  ) {
    let shape = geometry.shape(queries.stride, keys.stride, output.stride)
    forEachTask(shape) { _, task, scratch in
      withUnsafePointer(to: shape) { shape in
        bear_attention_f32(
          shape, task.task, task.chains, task.ranges, queries.pointer, keys.pointer,
          values.pointer, output.pointer, logSumExp.pointer, scratch)
      }
    }
  }

  /// The gradients of ``forward``.
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
    _ geometry: AttentionGeometry, queries: Matrix, keys: Matrix, values: Matrix, output: Matrix,
    logSumExp: Buffer, dOutput: Matrix, dQueries: Matrix, dKeys: Matrix, dValues: Matrix
  ) {
    let shape = geometry.shape(queries.stride, keys.stride, output.stride)
    precondition(dQueries.stride == queries.stride && dOutput.stride == output.stride)
    precondition(dKeys.stride == keys.stride && dValues.stride == keys.stride)
    withOwnGradients(dKeys, dValues) { gradients in
      forEachTask(shape) { thread, task, scratch in
        withUnsafePointer(to: shape) { shape in
          bear_attention_backward_f32(
            shape, task.task, task.chains, task.ranges, queries.pointer, keys.pointer,
            values.pointer, output.pointer, logSumExp.pointer, dOutput.pointer, dQueries.pointer,
            gradients[thread].keys, gradients[thread].values, scratch)
        }
      }
    }
  }

  /// Attention of all queries in bfloat16; see ``forward(_:queries:keys:values:into:logSumExp:)``.
  ///
  /// Fast where ``Compute/hasBfloat16``.
  package func forward(
    _ geometry: AttentionGeometry, queries: Bfloat16Rows, keys: Bfloat16Rows, values: Bfloat16Rows,
    into output: Bfloat16Rows, logSumExp: Buffer
  ) {
    let shape = geometry.shape(queries.stride, keys.stride, output.stride)
    precondition(values.stride == keys.stride)
    forEachTask(shape) { _, task, scratch in
      withUnsafePointer(to: shape) { shape in
        bear_attention_bf16(
          shape, task.task, task.chains, task.ranges, queries.pointer, keys.pointer,
          values.pointer, output.pointer, logSumExp.pointer, scratch)
      }
    }
  }

  /// The gradients of the forward pass in bfloat16, in single precision.
  ///
  /// `dQueries` is written with the stride of `queries`; `dKeys` and `dValues` are added to, with
  /// the stride of `keys`.
  package func backward(
    _ geometry: AttentionGeometry, queries: Bfloat16Rows, keys: Bfloat16Rows, values: Bfloat16Rows,
    output: Bfloat16Rows, logSumExp: Buffer, dOutput: Bfloat16Rows, dQueries: Matrix,
    dKeys: Matrix, dValues: Matrix
  ) {
    let shape = geometry.shape(queries.stride, keys.stride, output.stride)
    precondition(values.stride == keys.stride)
    precondition(dQueries.stride == queries.stride && dOutput.stride == output.stride)
    precondition(dKeys.stride == keys.stride && dValues.stride == keys.stride)
    withOwnGradients(dKeys, dValues) { gradients in
      forEachTask(shape) { thread, task, scratch in
        withUnsafePointer(to: shape) { shape in
          bear_attention_backward_bf16(
            shape, task.task, task.chains, task.ranges, queries.pointer, keys.pointer,
            values.pointer, output.pointer, logSumExp.pointer, dOutput.pointer, dQueries.pointer,
            gradients[thread].keys, gradients[thread].values, scratch)
        }
      }
    }
  }

  // MARK: Threads

  private typealias KeyGradients = (
    keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
  )

  /// Gives each thread memory to add to.
  ///
  /// Two threads meet at shared ancestors: all but the first add to memory of their own, summed in
  /// a fixed order afterwards.
  private func withOwnGradients(
    _ dKeys: Matrix, _ dValues: Matrix, _ body: ([KeyGradients]) -> Void
  ) {
    let spares = (1..<Compute.threads).map { _ in
      (
        keys: Buffer(count: dKeys.rows * dKeys.stride),
        values: Buffer(count: dKeys.rows * dKeys.stride)
      )
    }
    body(
      [(dKeys.pointer, dValues.pointer)] + spares.map { ($0.keys.pointer, $0.values.pointer) })
    for spare in spares {
      Compute.split(dKeys.rows, minimum: 16) { range in
        for row in range {
          let start = row * dKeys.stride
          bear_axpy_f32(dKeys.columns, 1, spare.keys.pointer + start, dKeys.row(row))
          bear_axpy_f32(dKeys.columns, 1, spare.values.pointer + start, dValues.row(row))
        }
      }
    }
  }

  private func forEachTask(
    _ shape: bear_attention_shape,
    _ body: (Int, AttentionTask, UnsafeMutablePointer<Float>) -> Void
  ) {
    let schedule = AttentionSchedule(chains, threads: Compute.threads)
    schedule.withTasks { tasks in
      let floats = withUnsafePointer(to: shape) { shape in
        tasks.joined().reduce(0) {
          max($0, bear_attention_scratch(shape, $1.task, $1.chains, $1.ranges))
        }
      }
      let scratch = tasks.map { _ in Buffer(count: floats, zeroed: false) }
      Compute.run(tasks.count) { thread in
        for task in tasks[thread] { body(thread, task, scratch[thread].pointer) }
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

  fileprivate func shape(_ queries: Int, _ keys: Int, _ output: Int) -> bear_attention_shape {
    bear_attention_shape(
      heads: heads, kv_heads: kvHeads, width: headWidth, q_stride: queries, kv_stride: keys,
      out_stride: output, scale: 1 / Float(headWidth).squareRoot())
  }
}

/// Rows of bfloat16 numbers in memory that the caller keeps alive.
package struct Bfloat16Rows {
  package let pointer: UnsafeMutablePointer<UInt16>
  /// Numbers from one row to the next.
  package let stride: Int

  /// A view of rows that start at `pointer`.
  package init(_ pointer: UnsafeMutablePointer<UInt16>, stride: Int) {
    self.pointer = pointer
    self.stride = stride
  }
}

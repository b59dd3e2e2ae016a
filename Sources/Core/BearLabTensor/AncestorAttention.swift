internal import CBearKernels

/// Which rows of keys each query row sees, for chains of nodes in a forest.
///
/// A chain is a run of consecutive rows, each the child of the one before. Its ancestors are
/// runs of rows as well, so no mask is ever made.
package final class AncestorPlan {
  private var chains: [AncestorChain] = []
  /// The same for every layer; made when first asked for.
  private var schedule: AttentionSchedule?

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
  package func addChain(queryRows: Range<Int>, ancestors: [Range<Int>], ownStart: Int) {
    guard !queryRows.isEmpty else { return }
    schedule = nil
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
  ///   - output: `[n, heads × width]`, in the precision of the others.
  ///   - logSumExp: `[n, heads]`, kept for ``backward``.
  package func forward(
    _ geometry: AttentionGeometry, queries: Operand, keys: Operand, values: Operand,
    into output: Operand, logSumExp: Buffer
  ) {
    let shape = geometry.shape(queries.stride, keys.stride, output.stride)
    forEachTask(shape) { _, task, scratch in
      withUnsafePointer(to: shape) { shape in
        switch queries.precision {
        case .f32:
          bear_attention_f32(
            shape, task.task, task.chains, task.ranges, queries.matrix.pointer,
            keys.matrix.pointer, values.matrix.pointer, output.matrix.pointer, logSumExp.pointer,
            scratch)
        case .bf16:
          bear_attention_bf16(
            shape, task.task, task.chains, task.ranges, queries.halves, keys.halves,
            values.halves, output.halves, logSumExp.pointer, scratch)
        }
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
  ///   - dKeys: written; with the stride of `keys`.
  ///   - dValues: written; with the stride of `keys`.
  package func backward(
    _ geometry: AttentionGeometry, queries: Operand, keys: Operand, values: Operand,
    output: Operand, logSumExp: Buffer, dOutput: Operand, dQueries: Matrix, dKeys: Matrix,
    dValues: Matrix
  ) {
    let shape = geometry.shape(queries.stride, keys.stride, output.stride)
    precondition(dQueries.stride == queries.stride && dOutput.stride == output.stride)
    precondition(dKeys.stride == keys.stride && dValues.stride == keys.stride)
    precondition(dKeys.isContiguous && dValues.isContiguous)
    withOwnGradients(dKeys, dValues) { gradients in
      forEachTask(shape) { thread, task, scratch in
        withUnsafePointer(to: shape) { shape in
          let (dKeys, dValues) = gradients[thread]
          switch queries.precision {
          case .f32:
            bear_attention_backward_f32(
              shape, task.task, task.chains, task.ranges, queries.matrix.pointer,
              keys.matrix.pointer, values.matrix.pointer, output.matrix.pointer,
              logSumExp.pointer, dOutput.matrix.pointer, dQueries.pointer, dKeys, dValues, scratch)
          case .bf16:
            bear_attention_backward_bf16(
              shape, task.task, task.chains, task.ranges, queries.halves, keys.halves,
              values.halves, output.halves, logSumExp.pointer, dOutput.halves, dQueries.pointer,
              dKeys, dValues, scratch)
          }
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
    let spares = (1..<max(1, schedule?.threads ?? Compute.threads)).map { _ in
      (
        keys: Buffer(count: dKeys.rows * dKeys.stride, zeroed: false),
        values: Buffer(count: dKeys.rows * dKeys.stride, zeroed: false)
      )
    }
    let all =
      [(dKeys.pointer, dValues.pointer)] + spares.map { ($0.keys.pointer, $0.values.pointer) }
    Compute.run(all.count) { thread in
      all[thread].0.update(repeating: 0, count: dKeys.rows * dKeys.stride)
      all[thread].1.update(repeating: 0, count: dKeys.rows * dKeys.stride)
    }
    body(all)
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
    let schedule = self.schedule ?? AttentionSchedule(chains, threads: Compute.threads)
    self.schedule = schedule
    schedule.withTasks { tasks in
      let floats = withUnsafePointer(to: shape) { shape in
        tasks.joined().reduce(0) {
          max($0, bear_attention_scratch(shape, $1.task, $1.chains, $1.ranges))
        }
      }
      let scratch = tasks.map { _ in Buffer(count: floats, zeroed: false) }
      Compute.run(tasks.count) { thread in
        let clock = Profile.Clock()
        clock.start()
        for task in tasks[thread] { body(thread, task, scratch[thread].pointer) }
        clock.lap(.attention)
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

public import BearLabErrors
internal import CBearKernels
internal import COpenBLAS
internal import Synchronization

/// The process's threads and instruction set, set once before any work.
public enum Compute {
  private static let threadsInUse = Atomic<Int>(1)

  /// The number of threads that kernels and matrix products use; at least 1.
  ///
  /// Results are reproducible to the bit for one number of threads and one instruction set.
  public static var threads: Int {
    get { threadsInUse.load(ordering: .relaxed) }
    set {
      precondition(newValue >= 1, "\(newValue) threads")
      // Each thread of ours calls OpenBLAS for its own block: a second pool would slow both.
      openblas_set_num_threads(1)
      bear_keep_freed_memory()
      threadsInUse.store(newValue, ordering: .relaxed)
    }
  }

  /// The instruction set in use: `portable`, `avx2`, `avx512` or `avx512_bf16`.
  public static var instructionSet: String { String(cString: bear_isa()) }

  /// Chooses the kernels.
  ///
  /// - Parameter name: `portable`, `avx2`, `avx512`, `avx512_bf16`, or nil for the best that this
  ///   CPU has.
  /// - Throws: ``ComputeError`` for a name that is unknown or that this CPU lacks.
  public static func selectInstructionSet(_ name: String?) throws(ComputeError) {
    let status = name.map { bear_select_isa($0) } ?? bear_select_isa(nil)
    guard status == 0 else {
      throw .instructionSet(
        name: name ?? "", known: status == -2, best: String(cString: bear_best_isa()))
    }
  }

  /// Runs `body` once for each index below `count`, each on a thread of its own.
  package static func run(_ count: Int, _ body: (Int) -> Void) {
    if count == 1 { return body(0) }
    withoutActuallyEscaping(body) { body in
      var box = BodyBox(body: body)
      withUnsafeMutablePointer(to: &box) { pointer in
        bear_parallel(
          count,
          { index, context in
            context?.assumingMemoryBound(to: BodyBox.self).pointee.body(index)
          }, pointer)
      }
    }
  }

  /// Splits `0..<count` evenly over the threads, at least `minimum` in each.
  package static func split(_ count: Int, minimum: Int = 1, _ body: (Range<Int>) -> Void) {
    let blocks = max(1, min(threads, count / max(minimum, 1)))
    run(blocks) { index in
      let range = count * index / blocks..<count * (index + 1) / blocks
      if !range.isEmpty { body(range) }
    }
  }

  /// Runs `body` on tiles of rows, each at most `height` high.
  ///
  /// A thread gets consecutive rows, the same for every call with as many rows, so that what one
  /// call wrote is in the cache of the thread that reads it in the next.
  ///
  /// - Parameters:
  ///   - rows: how many there are.
  ///   - height: of a tile at most.
  ///   - threads: how many there are.
  ///   - body: given a tile and the number of the thread that runs it.
  package static func forEachTile(
    _ rows: Int, height: Int, threads: Int = Compute.threads,
    _ body: (Range<Int>, _ thread: Int) -> Void
  ) {
    let threads = max(1, min(threads, rows))
    run(threads) { thread in
      let (start, end) = (rows * thread / threads, rows * (thread + 1) / threads)
      // Tiles of about equal height: a low one at the end would be slow.
      let tiles = (end - start + height - 1) / height
      for tile in 0..<tiles {
        let first = start + (end - start) * tile / tiles
        body(first..<start + (end - start) * (tile + 1) / tiles, thread)
      }
    }
  }

  private struct BodyBox {
    let body: (Int) -> Void
  }
}

/// Why an instruction set or a precision cannot be used.
public enum ComputeError: BearLabError, Equatable {
  case instructionSet(name: String, known: Bool, best: String)
  case precision(Precision, instructionSet: String, available: [Precision])

  public var description: String {
    switch self {
    case .instructionSet(let name, true, _): "this CPU has no \(name)"
    case .instructionSet(let name, false, _): "there is no instruction set '\(name)'"
    case .precision(let precision, let instructionSet, _):
      "the instruction set in use, \(instructionSet), has no products in \(precision.rawValue)"
    }
  }

  public var remedy: String {
    switch self {
    case .instructionSet(_, _, let best):
      """
      set BEAR_LAB_ISA to portable, avx2, avx512 or avx512_bf16, or leave it unset; the best here \
      is \(best)
      """
    case .precision(let precision, _, let available):
      "give --precision \(available.map(\.rawValue).joined(separator: " or ")); a run that began in "
        + "\(precision.rawValue) can be continued only on a CPU that has it, without BEAR_LAB_ISA"
    }
  }
}

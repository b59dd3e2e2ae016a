internal import CBearKernels
internal import COpenBLAS

/// A library for products with frozen weights.
public enum MatrixEngine: String, Sendable, CaseIterable {
  case openblas
  case onednn

  /// What a model that is loaded now uses.
  ///
  /// oneDNN's kernels for instruction sets before AVX-512 are no faster than OpenBLAS's, and do not
  /// give a row the same bits in blocks of any height either.
  public static var current: MatrixEngine {
    Compute.instructionSet.hasPrefix("avx512") ? .onednn : .openblas
  }

  /// The name in reports.
  public static var name: String { current.rawValue }

  /// The engines that this CPU has, with the precisions of each.
  public static var available: [(engine: MatrixEngine, precisions: [Precision])] {
    var engines: [(MatrixEngine, [Precision])] = [(.openblas, [.f32])]
    if current == .onednn { engines.append((.onednn, Precision.available)) }
    return engines
  }

  /// What OpenBLAS says of its version and build.
  public static var configuration: String { String(cString: openblas_get_config()) }

  /// The family of processors whose kernels OpenBLAS has chosen.
  public static var core: String { String(cString: openblas_get_corename()) }

  /// oneDNN's version, such as `2.6.3`.
  public static var oneDNNVersion: String { OneDNN.version }

  /// The most rows that a thread takes through products and what is between them at a time.
  ///
  /// All that is between two products stays in a core's second-level cache: 64 rows in bf16, 32 in
  /// single precision. OpenBLAS packs the weights anew for each call, which only many rows pay for.
  package func tileRows(_ precision: Precision) -> Int {
    self == .onednn ? 128 / precision.bytes : 512
  }

  /// The most rows of logits over a vocabulary that a thread has at a time: no more than pay for
  /// reading the head once, since they are far too long for any cache.
  package func headTileRows(_ precision: Precision) -> Int { min(tileRows(precision), 128) }

  /// The speed of products `[rows, depth] · [columns, depth]ᵀ` on ``Compute/threads``, as a pass
  /// through the transformer does them: tile by tile, with the weights of one layer after another.
  ///
  ///     speed = layers · 2 · rows · columns · depth / shortest seconds of a round
  ///
  /// - Parameters:
  ///   - rows: of the result.
  ///   - columns: of the result.
  ///   - depth: the length of the sums.
  ///   - precision: of weights and rows; the engine must have it.
  ///   - layers: how many different weights a round goes through.
  ///   - seconds: how long to repeat rounds at least, after one that is not counted.
  /// - Returns: floating-point operations a second.
  public func operationsPerSecond(
    rows: Int, columns: Int, depth: Int, precision: Precision = .f32, layers: Int = 1,
    seconds: Double
  ) -> Double {
    func matrix(_ rows: Int) -> Matrix {
      Matrix(Buffer([Float](repeating: 0.5, count: rows * depth)), rows: rows, columns: depth)
    }
    let x = Operand(rows: rows, columns: depth, precision: precision)
    x.store(matrix(rows))
    let weights = (0..<layers).map { _ in
      FixedMatrix(matrix(columns), precision: precision, engine: self)
    }
    let y = Matrix(rows: rows, columns: columns)
    let clock = ContinuousClock()
    func round() -> Double {
      let began = clock.now
      for weights in weights {
        Compute.forEachTile(rows, height: tileRows(precision)) { tile, _ in
          weights.apply(x.rows(tile), into: y.rows(tile))
        }
      }
      return (clock.now - began) / .seconds(1)
    }
    _ = round()
    var rounds = [round()]
    while rounds.reduce(0, +) < seconds { rounds.append(round()) }
    return Double(layers * 2 * rows * columns * depth) / (rounds.min() ?? .infinity)
  }
}

extension Compute {
  /// The instruction sets that this CPU has, the best last.
  public static var instructionSets: [String] {
    let all = ["portable", "avx2", "avx512", "avx512_bf16"]
    let best = String(cString: bear_best_isa())
    return Array(all.prefix { $0 != best }) + [best]
  }
}

internal import CBearKernels
internal import COpenBLAS

/// The engine behind matrix products, for reports on a machine.
public enum MatrixEngine {
  /// The name in reports.
  public static let name = "openblas"

  /// What the library says of its version and build.
  public static var configuration: String { String(cString: openblas_get_config()) }

  /// The family of processors whose kernels the library has chosen.
  public static var core: String { String(cString: openblas_get_corename()) }

  /// The speed of `[rows, depth] · [columns, depth]ᵀ` in single precision, on ``Compute/threads``.
  ///
  ///     speed = repetitions · 2 · rows · columns · depth / seconds
  ///
  /// - Parameters:
  ///   - rows: of the result.
  ///   - columns: of the result.
  ///   - depth: the length of the sums.
  ///   - seconds: how long to repeat the product at least, after one that is not counted.
  /// - Returns: floating-point operations a second.
  public static func operationsPerSecond(
    rows: Int, columns: Int, depth: Int, seconds: Double
  ) -> Double {
    func matrix(_ rows: Int) -> Matrix {
      Matrix(Buffer([Float](repeating: 0.5, count: rows * depth)), rows: rows, columns: depth)
    }
    let (x, weights) = (matrix(rows), FixedMatrix(matrix(columns)))
    let y = Matrix(rows: rows, columns: columns)
    weights.apply(x, into: y)
    let clock = ContinuousClock()
    let began = clock.now
    var repetitions = 0
    var elapsed = Duration.zero
    repeat {
      weights.apply(x, into: y)
      repetitions += 1
      elapsed = clock.now - began
    } while elapsed < .seconds(seconds)
    return Double(repetitions * 2 * rows * columns * depth) / (elapsed / .seconds(1))
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

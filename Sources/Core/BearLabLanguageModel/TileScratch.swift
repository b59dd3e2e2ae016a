internal import BearLabNN
internal import BearLabTensor

/// One thread's memory for what lives within a tile, made when first used.
final class TileScratch {
  private let shape: LanguageModelShape
  private let precision: Precision
  private let rows: Int
  let clock: Profile.Clock

  init(shape: LanguageModelShape, precision: Precision, rows: Int) {
    self.shape = shape
    self.precision = precision
    self.rows = rows
    clock = Profile.Clock()
  }

  /// `[rows, D]`.
  private(set) lazy var normed = operand(shape.width)
  /// `[rows, D]`: a gradient as an operand.
  private(set) lazy var gradient = operand(shape.width)
  /// `[rows, D]`.
  private(set) lazy var dNormed = matrix(shape.width)
  /// `[rows, query + 2 kv]`.
  private(set) lazy var queryKeyValue = matrix(shape.queryWidth + 2 * shape.kvWidth)
  /// `[rows, query + 2 kv]`: its gradient as an operand.
  private(set) lazy var dQueryKeyValue = operand(shape.queryWidth + 2 * shape.kvWidth)
  /// `[rows, query]`.
  private(set) lazy var dAttended = matrix(shape.queryWidth)
  /// `[rows, feed-forward]`.
  private(set) lazy var activated = operand(shape.feedForwardWidth)
  /// `[rows, 2 feed-forward]`.
  private(set) lazy var dGateUp = operand(2 * shape.feedForwardWidth)
  private lazy var panels = (0..<2).map { _ in matrix(shape.feedForwardPanels[0].count).buffer }
  private lazy var operandPanels = (0..<3).map { _ in operand(shape.feedForwardPanels[0].count) }
  private var lowGradients: [Projection: Buffer] = [:]

  /// A contiguous matrix for one panel of the feed-forward layer; there are two.
  func panel(_ index: Int, rows: Int, columns: Int) -> Matrix {
    Matrix(panels[index], rows: rows, columns: columns)
  }

  /// Operands for one panel of the feed-forward layer; there are three.
  func operandPanel(_ index: Int, rows: Int, columns: Int) -> Operand {
    operandPanels[index].rows(0..<rows).columns(0..<columns)
  }

  /// `[rows, rank]` for one projection.
  func lowGradient(_ projection: Projection, rows: Int, rank: Int) -> Matrix {
    // Layers may differ in their rank.
    if let buffer = lowGradients[projection], buffer.count >= self.rows * rank {
      return Matrix(buffer, rows: rows, columns: rank)
    }
    let buffer = Buffer(count: self.rows * rank, zeroed: false)
    lowGradients[projection] = buffer
    return Matrix(buffer, rows: rows, columns: rank)
  }

  private func matrix(_ columns: Int) -> Matrix { Matrix(rows: rows, columns: columns) }

  private func operand(_ columns: Int) -> Operand {
    Operand(rows: rows, columns: columns, precision: precision)
  }
}

public import BearLabNN
public import BearLabTensor

/// Caser of the DROS code: convolutions over the image of the last item embeddings.
///
///     X = [E[S₁]; …; E[S_n]; 0; …]                                   [L, width]
///     o = drop([max_t relu(F_h · X[t..<t+h] + b_h) …, relu(Σ_l v_l X[l] + b)])
///     scores = W o + b
///
/// Sixteen horizontal filters of each height 2, 3 and 4, and one vertical filter; histories are
/// padded on the right with rows of zeros.
///
/// - Source: Tang & Wang, "Personalized Top-N Sequential Recommendation via Convolutional Sequence
///   Embedding", WSDM 2018, without user embedding; YangZhengyi98/DROS, `A_Caser_final_bce.py`.
public final class ConvolutionalEncoder: ItemInputEncoder {
  private static let heights = [2, 3, 4]
  private static let filters = 16

  private let items: Embedding
  private let horizontal: [(height: Int, filter: Linear)]
  /// `[1, length]`.
  private let vertical: Tensor
  /// `[1]`.
  private let verticalBias: Tensor
  public let head: Linear
  private let length: Int
  private let dropoutRate: Float

  /// Draws the weights.
  ///
  /// - Parameters:
  ///   - count: of items.
  ///   - width: of the embeddings.
  ///   - length: L; heights above it are left out.
  ///   - dropoutRate: of the features.
  ///   - key: of the random numbers.
  public init(items count: Int, width: Int, length: Int, dropoutRate: Float, key: UInt64) {
    func own(_ index: Int) -> UInt64 { CounterGenerator.mix(key, UInt64(index)) }
    items = Embedding(
      rows: count, width: width, initializer: .normal(deviation: 0.01), key: own(0))
    let heights = Self.heights.filter { $0 <= length }
    horizontal = heights.map { height in
      // PyTorch counts a filter's area into both fans of Xavier's deviation.
      let fans = Double((1 + Self.filters) * height * width)
      let filter = Linear(
        inputs: height * width, outputs: Self.filters,
        weight: .normal(deviation: (2 / fans).squareRoot()), bias: .constant(0.1), key: own(height))
      return (height, filter)
    }
    vertical = Initializer.normal(deviation: (1 / Double(length)).squareRoot())(
      [length], key: own(100))
    verticalBias = Initializer.constant(0.1)([1], key: 0)
    head = Linear(
      inputs: heights.count * Self.filters + width, outputs: count, key: own(101))
    self.length = length
    self.dropoutRate = dropoutRate
  }

  public var itemTable: Tensor { items.table }
  public var itemAddend: ItemAddend?

  public var parameters: [(name: String, tensor: Tensor)] {
    items.parameters(under: "items")
      + horizontal.flatMap { $0.filter.parameters(under: "horizontal/\($0.height)") }
      + [("vertical/weight", vertical), ("vertical/bias", verticalBias)]
      + head.parameters(under: "head")
  }

  /// The features of whole histories; `positions` is not looked at.
  public func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    let image = embedded(
      items,
      histories.flatMap { history in
        (0..<length).map { $0 < history.count ? history[$0] - 1 : -1 }
      })
    let parts = horizontal.map { pooled(image, $0.height, $0.filter, count: histories.count) }
    let features = Tensor.concatenatingColumns(parts + [columns(image, count: histories.count)])
    return dropout(features, dropoutRate)
  }

  /// The largest response of each filter of one height, `[histories, filters]`.
  private func pooled(_ image: Tensor, _ height: Int, _ filter: Linear, count: Int) -> Tensor {
    let places = length - height + 1
    let starts = (0..<count).flatMap { history in (0..<places).map { history * length + $0 } }
    let patches = Tensor.concatenatingColumns(
      (0..<height).map { offset in image.rows(at: starts.map { $0 + offset }) })
    return filter(patches).relu().maxOverRows(offsets: (0...count).map { $0 * places })
  }

  /// The response of the vertical filter, `[histories, width]`.
  private func columns(_ image: Tensor, count: Int) -> Tensor {
    var sum = verticalBias.reshaped([]) + Tensor(zeros: [count, image.shape[1]])
    for place in 0..<length {
      let rows = image.rows(at: (0..<count).map { $0 * length + place })
      sum = sum + rows * vertical.gathered(at: [place]).reshaped([])
    }
    return sum.relu()
  }
}

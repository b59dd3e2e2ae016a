internal import BearLabLanguageModel
internal import BearLabNN
public import BearLabTensor

/// Times every product with frozen weights of a training step and of decoding, against the largest
/// speed that an engine reaches on a large square one.
public struct ProductBench {
  /// One shape of product: rows of `inputs` numbers to rows of `outputs`.
  struct Product: Equatable, Hashable {
    let name: String
    let inputs: Int
    let outputs: Int
    /// Rows, in parts of the rows of the pass.
    let rowShare: Double
    /// How many there are in a pass.
    let count: Int

    /// What one has of `rows` rows of the pass.
    func rows(of rows: Int) -> Int { max(1, Int((Double(rows) * rowShare).rounded())) }

    /// Of all of them: a sum is a product and an addition.
    func operations(rows: Int) -> Double {
      2 * Double(count) * Double(self.rows(of: rows)) * Double(inputs) * Double(outputs)
    }
  }

  /// An engine in a precision.
  struct Variant: Hashable, Sendable {
    let engine: MatrixEngine
    let precision: Precision
  }

  /// Gives the operations a second of a shape, with the weights of some layers in turn.
  typealias Measure = (Variant, _ rows: Int, _ inputs: Int, _ outputs: Int, _ layers: Int) -> Double

  private let outline: ModelOutline
  private let rows: Int
  private let fewRows: Int
  private let variants: [Variant]
  private let measure: Measure

  /// Prepares a bench.
  ///
  /// - Parameters:
  ///   - outline: the model whose sizes are timed.
  ///   - rows: of a training step.
  ///   - precision: nil for every one that there is.
  public init(_ outline: ModelOutline, rows: Int, precision: Precision?) {
    let variants = MatrixEngine.available.flatMap { engine, precisions in
      precisions.filter { precision == nil || $0 == precision }.map {
        Variant(engine: engine, precision: $0)
      }
    }
    self.init(outline, rows: rows, variants: variants) { variant, rows, inputs, outputs, layers in
      variant.engine.operationsPerSecond(
        rows: rows, columns: outputs, depth: inputs, precision: variant.precision,
        layers: layers, seconds: 0.1)
    }
  }

  init(
    _ outline: ModelOutline, rows: Int, fewRows: Int = 40, variants: [Variant],
    measure: @escaping Measure
  ) {
    self.outline = outline
    self.rows = rows
    self.fewRows = fewRows
    self.variants = variants
    self.measure = measure
  }

  /// Times everything, in less than a minute.
  ///
  /// - Parameter observer: told of each engine and precision before it is timed.
  /// - Returns: the speeds.
  public func run(observer: (String) -> Void = { _ in }) -> ProductReport {
    let shape = outline.shape
    let forward = Self.forwardProducts(of: shape)
    let passes = [
      ("training step", rows, forward + Self.transposedProducts(of: shape)),
      ("decoding", fewRows, Self.whole(forward)),
    ]
    let speeds = variants.map { variant in
      observer("\(variant.engine.rawValue), \(variant.precision.rawValue)")
      return ProductReport.Speeds(
        variant: variant,
        largest: [2048, 4096].map { measure(variant, $0, $0, $0, 1) }.max() ?? 0,
        products: passes.map { _, rows, products in
          products.map { speed(of: $0, rows: rows, variant) }
        })
    }
    return ProductReport(
      threads: Compute.threads,
      passes: passes.map { .init(name: $0, rows: $1, products: $2) }, speeds: speeds)
  }

  private func speed(of product: Product, rows: Int, _ variant: Variant) -> Double {
    let own = product.rows(of: rows)
    return measure(
      variant, own, product.inputs, product.outputs,
      Self.layers(of: product, rows: own, precision: variant.precision))
  }

  /// As many different weights as do not fit a cache, but no round of seconds.
  static func layers(of product: Product, rows: Int, precision: Precision) -> Int {
    let weight = product.inputs * product.outputs
    let fitting = (256 << 20) / (weight * precision.bytes)
    let quick = 20_000_000_000 / (2 * rows * weight)
    return max(1, min(product.count, fitting, quick))
  }

  // MARK: Shapes

  /// The products of a forward pass, as the transformer computes them; the head is asked for behind
  /// about a tenth of a step's tokens, and by some objectives only.
  static func forwardProducts(of shape: LanguageModelShape) -> [Product] {
    let (width, query, key) = sizes(of: shape)
    let layers = shape.layerCount
    return [
      Product(
        name: "query, key, value", inputs: width, outputs: query + 2 * key, rowShare: 1,
        count: layers),
      Product(name: "output", inputs: query, outputs: width, rowShare: 1, count: layers),
    ]
      + panels(of: shape).map { panel, count in
        Product(
          name: "gate and up, panels", inputs: width, outputs: panel, rowShare: 1,
          count: 2 * count * layers)
      } + [
        Product(
          name: "down", inputs: shape.feedForwardWidth, outputs: width, rowShare: 1,
          count: layers),
        Product(
          name: "head", inputs: width, outputs: shape.vocabularySize, rowShare: 0.1, count: 1),
      ]
  }

  /// The products of a backward pass: weights are not trained, so one for each of the forward pass.
  static func transposedProducts(of shape: LanguageModelShape) -> [Product] {
    let (width, query, key) = sizes(of: shape)
    let layers = shape.layerCount
    return [
      Product(
        name: "query, key, value, transposed", inputs: query + 2 * key, outputs: width,
        rowShare: 1, count: layers),
      Product(
        name: "output, transposed", inputs: width, outputs: query, rowShare: 1, count: layers),
      Product(
        name: "gate and up, transposed", inputs: 2 * shape.feedForwardWidth, outputs: width,
        rowShare: 1, count: layers),
    ]
      + panels(of: shape).map { panel, count in
        Product(
          name: "down, transposed, panels", inputs: width, outputs: panel, rowShare: 1,
          count: count * layers)
      } + [
        Product(
          name: "head, transposed", inputs: shape.vocabularySize, outputs: width, rowShare: 0.1,
          count: 1)
      ]
  }

  /// The same with logits behind every row.
  private static func whole(_ products: [Product]) -> [Product] {
    products.map {
      Product(
        name: $0.name, inputs: $0.inputs, outputs: $0.outputs, rowShare: 1, count: $0.count)
    }
  }

  private static func sizes(of shape: LanguageModelShape) -> (width: Int, query: Int, key: Int) {
    (shape.width, shape.size(of: .query).outputs, shape.size(of: .key).outputs)
  }

  /// The different widths of panels, the widest first, and how many there are of each.
  private static func panels(of shape: LanguageModelShape) -> [(width: Int, count: Int)] {
    Dictionary(grouping: shape.feedForwardPanels.map(\.count)) { $0 }
      .map { ($0.key, $0.value.count) }.sorted { $0.0 > $1.0 }
  }
}

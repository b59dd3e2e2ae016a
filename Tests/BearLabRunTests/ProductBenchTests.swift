import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// `bench gemm` with speeds that the tests say.
@Suite struct ProductBenchTests {
  private typealias Product = ProductBench.Product
  private static let variants: [ProductBench.Variant] = [
    .init(engine: .openblas, precision: .f32), .init(engine: .onednn, precision: .bf16),
  ]

  /// Each weight is in one product of each direction, gate and up in panels forward and down in
  /// panels backward.
  @Test(arguments: [40, 512, 1536, 8192, 1100])
  func productsCarryEveryWeight(inner: Int) throws {
    let shape = LanguageModelShape(
      layerCount: 3, width: 48, feedForwardWidth: inner, headCount: 4, kvHeadCount: 2,
      headWidth: 16, vocabularySize: 70, contextLength: 10, normEpsilon: 1e-5, ropeTheta: 1e4)
    let weights =
      3
      * Projection.allCases.reduce(0) { total, projection in
        total + shape.size(of: projection).inputs * shape.size(of: projection).outputs
      }
    for products in [
      ProductBench.forwardProducts(of: shape), ProductBench.transposedProducts(of: shape),
    ] {
      let head = products.filter { $0.name.hasPrefix("head") }
      #expect(head.map { $0.inputs * $0.outputs * $0.count } == [48 * 70])
      let rest = products.filter { !$0.name.hasPrefix("head") }
      #expect(rest.reduce(0) { $0 + $1.inputs * $1.outputs * $1.count } == weights)
      // The head has a tenth of the rows.
      #expect(
        products.reduce(0) { $0 + $1.operations(rows: 50) }
          == Double(2 * 50 * weights + 2 * 5 * 48 * 70))
    }
  }

  @Test func sharesAreOfTheFasterSquareAndOfAllOperations() throws {
    try withTinyCache { cache in
      let bench = ProductBench(
        try outline(cache), rows: 100, fewRows: 4, variants: Self.variants
      ) { variant, rows, inputs, outputs, _ in
        // The smaller square is the faster one; bf16 is twice as fast on large ones only.
        if inputs == 2048, rows == 2048 { return variant.precision == .bf16 ? 8e9 : 4e9 }
        if inputs == 4096, rows == 4096 { return 1e9 }
        return rows > 4 ? 2e9 : 1e9
      }
      let report = bench.run()
      #expect(report.passes.map(\.name) == ["training step", "decoding"])
      #expect(report.passes.map(\.rows) == [100, 4])
      #expect(report.speeds.map(\.largest) == [4e9, 8e9])
      #expect(report.passes.allSatisfy { abs($0.shares.reduce(0, +) - 1) < 1e-9 })
      #expect(abs(report.share(ofPass: 0, report.speeds[0]) - 0.5) < 1e-9)
      #expect(abs(report.share(ofPass: 0, report.speeds[1]) - 0.25) < 1e-9)
      #expect(abs(report.share(ofPass: 1, report.speeds[1]) - 0.125) < 1e-9)
      #expect(
        report.text.hasSuffix(
          "\ntraining step, weighted by operations: openblas f32 50.0 %, onednn bf16 25.0 %"))
      #expect(report.text.contains("| head, transposed "))
      // Decoding has no products backwards.
      #expect(report.passes[1].products.allSatisfy { !$0.name.contains("transposed") })
      struct Document: Decodable {
        struct Engine: Decodable { let engine: String, weighted_share: [String: Double] }
        let engines: [Engine]
        let products: [[String: Field]]
      }
      let json = try JSONDecoder().decode(Document.self, from: Data(report.json().utf8))
      #expect(json.engines.map(\.engine) == ["openblas", "onednn"])
      #expect(abs((json.engines[1].weighted_share["training step"] ?? 0) - 0.25) < 1e-9)
      #expect(json.products.count == 2 * report.passes.reduce(0) { $0 + $1.products.count })
    }
  }

  /// Weighted by operations, not by the number of products: the head is fast here, the rest slow.
  @Test func aShapeCountsByItsOperations() throws {
    try withTinyCache { cache in
      let outline = try outline(cache)
      let report = ProductBench(outline, rows: 100, fewRows: 4, variants: [Self.variants[0]]) {
        _, rows, inputs, outputs, _ in
        if inputs == outputs, rows == inputs { return 1 }
        return max(inputs, outputs) == outline.shape.vocabularySize ? 1 : 0
      }.run()
      let heads = zip(report.passes[0].products, report.passes[0].shares)
        .filter { $0.0.name.hasPrefix("head") }.reduce(0) { $0 + $1.1 }
      #expect(abs(report.share(ofPass: 0, report.speeds[0]) - heads) < 1e-9)
      #expect(heads > 0 && heads < 0.9)
    }
  }

  /// All layers where they are small; one where a round would take seconds or the memory of many.
  @Test func aRoundStaysShort() {
    func layers(_ inputs: Int, _ outputs: Int, _ rows: Int) -> Int {
      ProductBench.layers(
        of: Product(name: "", inputs: inputs, outputs: outputs, rowShare: 1, count: 30), rows: rows,
        precision: .f32)
    }
    #expect(layers(576, 576, 40) == 30)
    #expect(layers(576, 1536, 1100) == 10)
    #expect(layers(2048, 16_384, 40) == 2)
    #expect(layers(16_384, 128_256, 1100) == 1)
  }

  @Test func theEnginesOfThisMachineAreTimed() throws {
    try withTinyCache { cache in
      let report = try withCompute {
        ProductBench(
          try outline(cache), rows: 8,
          variants: [.init(engine: .current, precision: .best)]
        ) { variant, rows, inputs, outputs, layers in
          variant.engine.operationsPerSecond(
            rows: min(rows, 64), columns: min(outputs, 64), depth: min(inputs, 64),
            precision: variant.precision, layers: layers, seconds: 1e-6)
        }.run()
      }
      #expect(report.speeds.allSatisfy { $0.products.joined().allSatisfy { $0 > 0 } })
    }
  }

  private func outline(_ cache: String) throws -> ModelOutline {
    try ModelOutline(path: ResourceLocator(cache: cache).model("tiny"))
  }

  /// A number or a text.
  private struct Field: Decodable {
    init(from decoder: any Decoder) throws {}
  }
}

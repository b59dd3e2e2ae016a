internal import BearLabTensor
internal import Foundation

/// How fast products are, and how near to the largest speed.
public struct ProductReport {
  /// The products of a kind of pass.
  struct Pass {
    let name: String
    let rows: Int
    let products: [ProductBench.Product]

    /// The part of the pass's operations that each product carries.
    var shares: [Double] {
      let operations = products.map { $0.operations(rows: rows) }
      let total = operations.reduce(0, +)
      return operations.map { $0 / total }
    }
  }

  /// What one engine reaches in one precision, in operations a second.
  struct Speeds {
    let variant: ProductBench.Variant
    /// On a large square product.
    let largest: Double
    /// By pass and product.
    let products: [[Double]]

    var name: String { "\(variant.engine.rawValue) \(variant.precision.rawValue)" }
  }

  let threads: Int
  let passes: [Pass]
  let speeds: [Speeds]

  /// The share of the largest speed that a pass reaches: of its products, weighted by operations.
  ///
  ///     Σ operations · speed / largest  /  Σ operations
  func share(ofPass pass: Int, _ speeds: Speeds) -> Double {
    zip(passes[pass].shares, speeds.products[pass]).reduce(0) { $0 + $1.0 * $1.1 }
      / speeds.largest
  }

  /// Tables in GFLOP/s with the shares behind, and the weighted shares, without a line feed at the
  /// end.
  public var text: String {
    let largest = speeds.map { "\($0.name) \(Self.gigaflops($0.largest)) GFLOP/s" }
    let conclusions = passes.indices.map { pass in
      let shares = speeds.map { "\($0.name) \(Self.percent(share(ofPass: pass, $0)))" }
      return "\(passes[pass].name), weighted by operations: " + shares.joined(separator: ", ")
    }
    // A training step is what matters most: last.
    return
      (["largest speed, \(threads) threads: " + largest.joined(separator: ", "), ""]
      + passes.indices.map(table) + conclusions.reversed()).joined(separator: "\n")
  }

  private func table(_ pass: Int) -> String {
    let own = passes[pass]
    let rows = own.products.indices.map { index in
      let product = own.products[index]
      return [
        product.name, "\(product.rows(of: own.rows))", "\(product.inputs)", "\(product.outputs)",
        Self.percent(own.shares[index]),
      ]
        + speeds.flatMap { speeds in
          let speed = speeds.products[pass][index]
          return [Self.gigaflops(speed), Self.percent(speed / speeds.largest)]
        }
    }
    return MarkdownTable(
      header: [own.name, "rows", "inputs", "outputs", "of operations"]
        + speeds.flatMap { ["\($0.name), GFLOP/s", "of largest"] },
      rows: rows
    ).text
  }

  private static func gigaflops(_ speed: Double) -> String { String(format: "%.1f", speed / 1e9) }

  private static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

  // MARK: JSON

  private struct Document: Encodable {
    struct Entry: Encodable {
      let pass, product, engine, precision: String
      let rows, inputs, outputs: Int
      let gigaflops, shareOfLargest, shareOfOperations: Double
    }
    struct Summary: Encodable {
      let engine, precision: String
      let largestGigaflops: Double
      /// By pass.
      let weightedShare: [String: Double]
    }

    let bearLab: String
    let instructionSet: String
    let threads: Int
    let products: [Entry]
    let engines: [Summary]
  }

  /// The figures as one JSON object, without a line feed at the end.
  public func json() throws -> String {
    let entries = passes.indices.flatMap { pass in
      passes[pass].products.indices.flatMap { index in
        speeds.map { entry(pass: pass, index, $0) }
      }
    }
    let engines = speeds.map { speeds in
      Document.Summary(
        engine: speeds.variant.engine.rawValue, precision: speeds.variant.precision.rawValue,
        largestGigaflops: speeds.largest / 1e9,
        weightedShare: Dictionary(
          uniqueKeysWithValues: passes.indices.map {
            (passes[$0].name, share(ofPass: $0, speeds))
          }))
    }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = Document(
      bearLab: BearLab.version, instructionSet: Compute.instructionSet, threads: threads,
      products: entries, engines: engines)
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  private func entry(pass: Int, _ index: Int, _ speeds: Speeds) -> Document.Entry {
    let own = passes[pass]
    let product = own.products[index]
    let speed = speeds.products[pass][index]
    return Document.Entry(
      pass: own.name, product: product.name, engine: speeds.variant.engine.rawValue,
      precision: speeds.variant.precision.rawValue, rows: product.rows(of: own.rows),
      inputs: product.inputs, outputs: product.outputs, gigaflops: speed / 1e9,
      shareOfLargest: speed / speeds.largest, shareOfOperations: own.shares[index])
  }
}

internal import BearLabTensor
internal import Foundation

/// Where the threads' time went in the timed batches.
struct BenchProfile: Equatable {
  /// One operation in one direction.
  private struct Row: Equatable {
    let name: String
    let direction: Profile.Direction?
    let seconds: Double
  }

  private let rows: [Row]
  /// Seconds of all batches times threads.
  private let total: Double

  /// Takes an account; what is missing to the threads' time is put down as a row of its own.
  init(_ entries: [Profile.Entry], batches: [BenchReport.Batch], threads: Int = Compute.threads) {
    total = batches.reduce(0) { $0 + $1.seconds } * Double(threads)
    let counted = entries.reduce(0) { $0 + $1.seconds }
    rows =
      entries.filter { $0.seconds > 0 }.map { entry in
        Row(name: entry.operation.name, direction: entry.direction, seconds: entry.seconds)
      } + [
        // Objective, search and optimiser run on one thread, while the others wait.
        Row(name: "all else, and waiting", direction: nil, seconds: max(0, total - counted))
      ]
  }

  /// The share of the time in some operations.
  func share(of operations: Profile.Operation...) -> Double {
    let names = operations.map(\.name)
    return rows.filter { names.contains($0.name) }.reduce(0) { $0 + $1.seconds } / total
  }

  /// The rows for JSON, in shares of the threads' time.
  var values: [String: JSONScalar] {
    Dictionary(
      uniqueKeysWithValues: rows.map { row in
        let parts = ["profile", row.name, row.direction.map { "\($0)" }].compactMap { $0 }
        let name = parts.joined(separator: "_").replacing(",", with: "").replacing(" ", with: "_")
        return (name, .real(row.seconds / total))
      })
  }

  /// A table, without a line feed at the end.
  var text: String {
    let table = MarkdownTable(
      header: ["operation", "direction", "thread seconds", "share"],
      rows: rows.map { row in
        [
          row.name, row.direction.map { "\($0)" } ?? "",
          String(format: "%.3f", row.seconds), String(format: "%.1f %%", 100 * row.seconds / total),
        ]
      })
    // The head's time is nearly all in its products; attention's is not, so it is left out.
    let products = share(of: .products, .lowRank, .head)
    return table.text
      + String(
        format: "matrix products: %.1f %%, those with frozen weights alone %.1f %%",
        100 * products, 100 * share(of: .products))
  }
}

extension Profile.Operation {
  /// As reports call it.
  fileprivate var name: String {
    switch self {
    case .products: "products with frozen weights"
    case .lowRank: "products of LoRA"
    case .attention: "attention"
    case .dropout: "dropout masks"
    case .norm: "norms, copies and rounding"
    case .rotary: "rotary embedding and splitting"
    case .swiGLU: "SwiGLU"
    case .head: "head"
    case .optimiser: "optimiser"
    }
  }
}

internal import Foundation

/// What `bench all` measured on a machine.
public struct BenchResults: Codable, Equatable {
  /// The figures of one work.
  struct Entry: Codable, Equatable {
    let name: String
    let command: String
    /// The JSON object that the command printed.
    let figures: [String: JSONScalar]

    /// Seconds a sample or user.
    var seconds: Double? {
      (figures["seconds_per_sample"] ?? figures["seconds_per_user"])?.number
    }

    /// The most memory of the process, in bytes.
    var peakBytes: Double? { figures["peak_bytes"]?.number }
  }

  let bearLab: String
  let cpu: String?
  let cores: Int
  let memory: Int?
  let isQuick: Bool
  let works: [Entry]

  enum CodingKeys: String, CodingKey {
    case cpu, cores, works
    case bearLab = "bear_lab"
    case memory = "memory_bytes"
    case isQuick = "quick"
  }

  init(
    bearLab: String, cpu: String?, cores: Int, memory: Int?, isQuick: Bool, works: [Entry]
  ) {
    self.bearLab = bearLab
    self.cpu = cpu
    self.cores = cores
    self.memory = memory
    self.isQuick = isQuick
    self.works = works
  }

  /// Reads a file that ``write(to:)`` wrote.
  ///
  /// - Throws: ``BenchError/unreadableResults(path:reason:)``.
  public init(readingFrom path: String) throws(BenchError) {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw .unreadableResults(path: path, reason: systemReason(of: error))
    }
    do { self = try JSONDecoder().decode(Self.self, from: data) } catch {
      throw .unreadableResults(path: path, reason: "it holds no results of bench all")
    }
  }

  /// Writes a JSON file, in place of one that is there.
  ///
  /// - Throws: ``BenchError/unwritableResults(path:reason:)``.
  public func write(to path: String) throws(BenchError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      try (encoder.encode(self) + Data("\n".utf8)).write(
        to: URL(filePath: path), options: .atomic)
    } catch {
      throw .unwritableResults(path: path, reason: systemReason(of: error))
    }
  }

  // MARK: Tables

  /// Seconds and memory of each work, without a line feed at the end.
  public var table: String {
    Self.table(
      header: ["work", "mean tokens", "peak, GiB", "seconds"],
      works.map { work in
        [
          work.name, Self.text(work.figures["mean_tokens"]?.number, "%.1f"),
          Self.gibibytes(work.peakBytes), Self.text(work.seconds, "%.4f"),
        ]
      })
  }

  /// Seconds of each work, and their ratio to the first step or the first search, without a line feed
  /// at the end.
  public var costs: String {
    func kind(_ work: Entry) -> Substring? { work.name.split(separator: " ").last }
    return Self.table(
      header: ["work", "peak, GiB", "seconds", "times the first of its kind"],
      works.map { work in
        let first = works.first { kind($0) == kind(work) }
        return [
          work.name, Self.gibibytes(work.peakBytes), Self.text(work.seconds, "%.4f"),
          Self.ratio(work.seconds, first?.seconds),
        ]
      })
  }

  /// The same works now and before, the ratios being before to now: above 1 is faster or smaller.
  ///
  /// What one of the two lacks has no ratio.
  ///
  /// - Parameter earlier: results of this machine, or of another one, which is then said.
  /// - Returns: a table, and what keeps it from meaning much, without a line feed at the end.
  public func comparison(with earlier: BenchResults) -> String {
    let before = Dictionary(earlier.works.map { ($0.name, $0) }) { first, _ in first }
    let gone = earlier.works.filter { work in !works.contains { $0.name == work.name } }
    let pairs =
      works.map { (name: $0.name, old: before[$0.name], new: Optional($0)) }
      + gone.map { (name: $0.name, old: Optional($0), new: nil) }
    let rows = pairs.map { name, old, new in
      [
        name, Self.text(old?.seconds, "%.4f"), Self.text(new?.seconds, "%.4f"),
        Self.ratio(old?.seconds, new?.seconds), Self.gibibytes(old?.peakBytes),
        Self.gibibytes(new?.peakBytes), Self.ratio(old?.peakBytes, new?.peakBytes),
      ]
    }
    let header = [
      "work", "seconds before", "now", "before / now", "peak before, GiB", "now", "before / now",
    ]
    return ([Self.table(header: header, rows)] + differences(from: earlier))
      .joined(separator: "\n")
  }

  /// What other than the program may have changed the figures.
  private func differences(from earlier: BenchResults) -> [String] {
    func threads(_ results: BenchResults) -> Set<Double> {
      Set(results.works.compactMap { $0.figures["threads"]?.number })
    }
    var lines: [String] = []
    if (cpu, cores) != (earlier.cpu, earlier.cores) {
      lines.append(
        "another machine: \(earlier.cpu ?? "unknown"), \(earlier.cores) cores before; "
          + "\(cpu ?? "unknown"), \(cores) cores now")
    }
    if threads(self) != threads(earlier) { lines.append("another number of threads") }
    if isQuick || earlier.isQuick { lines.append("medians of two batches only (--quick)") }
    return lines
  }

  private static func table(header: [String], _ rows: [[String]]) -> String {
    String(MarkdownTable(header: header, rows: rows).text.dropLast())
  }

  private static func ratio(_ old: Double?, _ new: Double?) -> String {
    guard let old, let new, new > 0 else { return "–" }
    return String(format: "%.2f", old / new)
  }

  private static func gibibytes(_ bytes: Double?) -> String {
    text(bytes.map { $0 / 1_073_741_824 }, "%.2f")
  }

  private static func text(_ number: Double?, _ format: String) -> String {
    number.map { String(format: format, $0) } ?? "–"
  }
}

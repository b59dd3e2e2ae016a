internal import Foundation

/// What `doctor` found.
public struct DoctorReport: Encodable {
  /// Names and versions: the program, the system, the libraries.
  var versions: [String: String] = [:]
  var cpu: CPU
  var memory: Memory
  var cache: Cache
  var engines: [Engine] = []
  var resources: [Resource] = []
  var findings: [Finding] = []

  struct CPU: Encodable {
    let name: String?
    let cores: Int
    let threads: Int
    /// What the CPU has, the best last.
    let instructionSets: [String]
    /// What is used.
    let instructionSet: String
    /// What it has, the fastest last, which a run takes.
    let precisions: [String]
  }

  struct Memory: Encodable {
    let totalBytes: Int?
    let availableBytes: Int?
  }

  struct Cache: Encodable {
    let path: String
    let isWritable: Bool
    let freeBytes: Int?
  }

  struct Engine: Encodable {
    let name: String
    let precision: String
    let core: String
    let speeds: [EngineSpeed]
  }

  /// A model, a data set or a sentence encoder.
  struct Resource: Encodable {
    let kind: String
    let name: String
    let loads: Bool
    let files: [ResourceFile]
  }

  struct ResourceFile: Encodable {
    let path: String
    let bytes: Int
    let sha256: String
  }

  /// Something that a reader should act on.
  struct Finding: Encodable, Equatable {
    enum Severity: String, Encodable {
      /// It works, worse than it could.
      case warning
      /// It keeps a run from working.
      case problem
    }

    let severity: Severity
    let text: String
    let remedy: String
  }

  /// Whether something would keep a run from working.
  public var hasProblem: Bool { findings.contains { $0.severity == .problem } }

  /// The report as one JSON object, without a line feed at the end.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

/// The speed of one matrix product.
struct EngineSpeed: Encodable {
  /// `[rows, depth] · [columns, depth]ᵀ`.
  let rows: Int
  let depth: Int
  let columns: Int
  let threads: Int
  /// 10⁹ floating-point operations a second.
  let gigaflops: Double
}

extension DoctorReport {
  /// The report as lines for a reader, without a line feed at the end.
  public var text: String {
    let machine = [
      ("program", versions["bear-lab"].map { "bear-lab \($0)" } ?? ""),
      ("system", versions["system"] ?? ""),
      ("cpu", "\(cpu.name ?? "unknown"), \(cpu.cores) cores"),
      (
        "instruction set",
        "\(cpu.instructionSet); this CPU has \(cpu.instructionSets.joined(separator: ", "))"
      ),
      ("precisions", cpu.precisions.joined(separator: ", ")),
      ("threads", "\(cpu.threads)"),
      (
        "memory",
        "\(ByteCount.text(memory.totalBytes)), \(ByteCount.text(memory.availableBytes)) available"
      ),
      (
        "cache",
        "\(cache.path), \(cache.isWritable ? "writable" : "not writable"), "
          + "\(ByteCount.text(cache.freeBytes)) free"
      ),
      ("hdf5", versions["hdf5"] ?? ""),
      ("openblas", versions["openblas"] ?? ""),
      ("onednn", versions["onednn"] ?? ""),
    ]
    let lines = machine + engines.flatMap(Self.lines) + resources.flatMap(Self.lines)
    let width = lines.map(\.0.count).max() ?? 0
    let table = lines.map { name, value in
      name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value
    }
    let conclusion =
      findings.isEmpty
      ? ["nothing to complain of"]
      : findings.map { "\($0.severity.rawValue): \($0.text)\n  \($0.remedy)" }
    return (table + [""] + conclusion).joined(separator: "\n")
  }

  private static func lines(_ engine: Engine) -> [(String, String)] {
    [("engine", "\(engine.name), \(engine.precision), kernels for \(engine.core)")]
      + engine.speeds.map { speed in
        let threads = speed.threads == 1 ? "1 thread" : "\(speed.threads) threads"
        let shape = "[\(speed.rows), \(speed.depth)] · [\(speed.columns), \(speed.depth)]ᵀ"
        return ("", String(format: "%.0f GFLOP/s, ", speed.gigaflops) + "\(threads), \(shape)")
      }
  }

  private static func lines(_ resource: Resource) -> [(String, String)] {
    [(resource.kind, "\(resource.name): \(resource.loads ? "loads" : "does not load")")]
      + resource.files.flatMap { file in
        [("", "\(file.path), \(ByteCount.text(file.bytes))"), ("", "sha256 \(file.sha256)")]
      }
  }
}

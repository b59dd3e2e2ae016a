internal import BearLabCore
public import BearLabTensor
internal import Foundation

/// The works that show how fast the program is, each a command for a process of its own.
///
/// A process of its own has its own peak of memory, and finds no cache that another one warmed.
public struct BenchSet {
  /// One work.
  public struct Work: Sendable, Equatable {
    /// What it is, the same on every machine.
    public let name: String
    /// What follows `bear-lab`.
    public let arguments: [String]
  }

  /// The data sets that the figures of the documentation are about.
  static let dataSets = ["book", "office"]

  public let works: [Work]
  /// What is left out, and what would bring it in.
  public let notices: [String]
  /// Whether there are two batches a work only.
  public let isQuick: Bool

  /// Lists the works.
  ///
  /// - Parameters:
  ///   - folder: of the data sets `book` and `office`; where it lacks one, the cache may have it.
  ///   - resources: the cache. Without either data set the default one is timed.
  ///   - precisions: of weights and products, each timed.
  ///   - options: what every work is told besides, such as the model.
  ///   - isQuick: whether two batches a work are enough; medians are then of two.
  public init(
    data folder: String?, resources: ResourceLocator, precisions: [Precision], options: [String],
    isQuick: Bool
  ) {
    let found = Self.dataSets.compactMap { name -> (name: String, path: String)? in
      let own = folder.flatMap { try? resources.dataset("\($0)/\(name)") }
      return (own ?? (try? resources.dataset(name))).map { (name, $0) }
    }
    let missing = Self.dataSets.filter { name in !found.contains { $0.name == name } }
    notices = missing.map { name in
      "there is no data set '\(name)' in \(folder.map { "\($0) or " } ?? "")"
        + "\(resources.cache)/datasets, so it is not timed: give --data with the folder that holds "
        + "\(Self.dataSets.joined(separator: " and ")) as BEAR's authors published them, in the "
        + "official layout (docs/data-sets.md)"
    }
    self.isQuick = isQuick
    let batches = isQuick ? 2 : 5
    works = precisions.map(\.rawValue).flatMap { precision in
      let own = ["--precision", precision, "--json"] + options
      return found.isEmpty
        ? Self.works(on: Self.defaultDataSet, path: nil, precision, batches: batches, own)
        : found.flatMap {
          Self.works(on: $0.name, path: $0.path, precision, batches: batches, own)
        }
    }
  }

  private static var defaultDataSet: String {
    RunSections.general.first { $0.name == "dataset" }?.defaultValue.description ?? ""
  }

  /// All works on a data set; of `office`, whose prompts are long, the dearest alone.
  private static func works(
    on name: String, path: String?, _ precision: String, batches: Int, _ options: [String]
  ) -> [Work] {
    let data = path.map { ["--dataset", $0] } ?? []
    let isLong = name == dataSets[1]
    let steps = (isLong ? ["bear"] : ["sft", "msl", "bear"]).map { objective in
      Work(
        name: "\(objective) step, \(name), batch 8, \(precision)",
        arguments: ["bench", "train", "--objective", objective, "--batch-size", "8"]
          + ["--steps", "\(batches)"] + data + options)
    }
    let searches = (isLong ? [4] : [4, 16]).map { size in
      Work(
        name: "constrained beam, \(name), batch \(size), \(precision)",
        arguments: ["bench", "decode", "--decoder", "constrained-beam"]
          + ["--batch-size", "\(size)", "--users", "\(batches * size)"] + data + options)
    }
    return steps + searches
  }

  /// Lists a step of every kind of objective, and the exact search beside the beam search.
  ///
  /// - Parameters:
  ///   - options: what every work is told, such as the data set and the model.
  ///   - isQuick: whether two batches a work are enough.
  public init(ofObjectives options: [String], isQuick: Bool) {
    let batches = isQuick ? 2 : 5
    func step(_ name: String, _ objective: String, _ settings: [String] = []) -> Work {
      Work(
        name: "\(name) step",
        arguments: ["bench", "train", "--objective", objective, "--batch-size", "8"]
          + ["--steps", "\(batches)", "--json"] + settings.flatMap { ["--set", $0] } + options)
    }
    func search(_ decoder: String) -> Work {
      Work(
        name: "\(decoder) search",
        arguments: ["bench", "decode", "--decoder", decoder, "--batch-size", "4"]
          + ["--users", "\(4 * batches)", "--json"] + options)
    }
    notices = []
    self.isQuick = isQuick
    works =
      ["sft", "msl", "bear", "beam-aware", "cft", "d2lr", "igd", "cft+bear"].map { step($0, $0) }
      + [
        step("dpo", "dpo"),
        step("s-dpo, 3 negatives", "s-dpo"),
        step("s-dpo, 3 negatives, reference in each", "s-dpo", ["training.reference=step"]),
        step("s-dpo, 15 negatives", "s-dpo", ["objective.negatives=15"]),
        step("s-dpo-bear, 3 negatives", "s-dpo-bear"),
      ] + ["constrained-beam", "exact"].map(search)
  }

  /// Runs every work.
  ///
  /// - Parameters:
  ///   - program: the path of `bear-lab`.
  ///   - observer: told of each work before it runs.
  /// - Returns: the figures.
  /// - Throws: ``BenchError/workFailed(command:status:)``, or why the program cannot be started.
  public func run(program: String, observer: (Work) -> Void) throws -> BenchResults {
    let entries = try works.map { work in
      observer(work)
      return BenchResults.Entry(
        name: work.name, command: (["bear-lab"] + work.arguments).joined(separator: " "),
        figures: try Self.figures(of: work, program: program))
    }
    let machine = Machine.current
    return BenchResults(
      bearLab: BearLab.version, cpu: machine.cpu, cores: machine.cores, memory: machine.memory,
      isQuick: isQuick, works: entries)
  }

  private static func figures(
    of work: Work, program: String
  ) throws -> [String: JSONScalar] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = work.arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchError.workFailed(
        command: (["bear-lab"] + work.arguments).joined(separator: " "),
        status: Int(process.terminationStatus))
    }
    return try JSONDecoder().decode([String: JSONScalar].self, from: data)
  }
}

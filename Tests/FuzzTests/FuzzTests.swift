import Foundation
import Testing

/// Mutated files of every format: never a crash, a hang, or more than twice the memory that the
/// honest file needs; each is read, or refused by an error that says what would be accepted.
///
/// `FuzzRunner` reads them, a process of its own: `FuzzRunner gguf 17 1 10 <folder>` repeats one.
@Suite struct FuzzTests {
  private static let mutants = 2000

  @Test(arguments: [
    "gguf", "safetensors", "huggingface", "tokenizer", "csv", "json", "yaml", "hdf5", "dump",
  ])
  func mutantsAreReadOrRefused(format: String) throws {
    var results: [String] = []
    var next = 0
    var deaths = 0
    while next < Self.mutants, deaths < 5 {
      let batch = try run(format, from: next, count: Self.mutants - next, seconds: 10)
      results += batch.outcomes
      next += batch.outcomes.count
      if let death = batch.death {
        Issue.record("\(format): mutant \(next) ended the process: \(death)")
        deaths += 1
        next += 1
      }
    }
    for (number, result) in results.enumerated() where result.hasPrefix("failed") {
      Issue.record("\(format): near mutant \(number): \(result)")
    }
    let loaded = results.count { $0.hasPrefix("loaded") }
    let refused = results.count { $0.hasPrefix("refused") }
    print("\(format): of \(Self.mutants) mutants \(refused) refused, \(loaded) loaded")
    #expect(loaded + refused == Self.mutants)
    // A mutator that destroys everything, or nothing, would test nothing.
    #expect(loaded >= Self.mutants / 50 && refused >= Self.mutants / 5)
  }

  /// The tests of the test: what it looks for is made to happen.
  @Test func crashesHangsAndHungerAreSeen() throws {
    let batch = try run("broken", from: 0, count: 9, seconds: 1)
    #expect(batch.outcomes.prefix(2).map { $0.prefix(6) } == ["loaded", "failed"])
    #expect(batch.outcomes.map { $0.contains("too much memory") } == [false, true, false])
    #expect(batch.outcomes.last?.contains("Nonsense") == true)
    #expect(batch.death == "signal \(SIGALRM)")
  }

  private struct Batch {
    var outcomes: [String] = []
    /// How the process ended before its time.
    var death: String?
  }

  private func run(_ format: String, from first: Int, count: Int, seconds: Int) throws -> Batch {
    let tests = try #require(Bundle.main.executableURL)
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bear-lab-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files and not pipes: a full pipe would stop the process.
    let (output, errors) = (folder.appending(path: "output"), folder.appending(path: "errors"))
    for file in [output, errors] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = tests.deletingLastPathComponent().appending(path: "FuzzRunner")
    process.arguments = [format, "\(first)", "\(count)", "\(seconds)", folder.path]
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    // A report of a crash takes longer than the whole test.
    // Each thread of the library of matrix products has its share of the memory that is allowed.
    process.environment = ["SWIFT_BACKTRACE": "enable=no", "OPENBLAS_NUM_THREADS": "1"]
    try process.run()
    process.waitUntilExit()
    var batch = Batch()
    for line in try String(contentsOf: output, encoding: .utf8).split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2 { batch.outcomes.append(String(parts[1])) }
    }
    if process.terminationStatus != 0 {
      let kind = process.terminationReason == .uncaughtSignal ? "signal" : "status"
      let messages = try String(contentsOf: errors, encoding: .utf8)
      batch.death =
        "\(kind) \(process.terminationStatus)"
        + (messages.isEmpty ? "" : ": \(messages.prefix(500))")
    }
    return batch
  }
}

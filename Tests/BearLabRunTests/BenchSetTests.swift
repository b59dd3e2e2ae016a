import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// `bench all`: which works there are, and how figures are compared.
@Suite struct BenchSetTests {
  @Test func thereAreWorksForEachDataSetThatIsFound() throws {
    try withFolders(["data/book", "cache/datasets/office"]) { folder in
      let set = self.set(in: folder, precisions: [.f32, .bf16])
      #expect(set.notices.isEmpty)
      #expect(
        set.works.map(\.name).filter { $0.hasSuffix("bf16") } == [
          "sft step, book, batch 8, bf16", "msl step, book, batch 8, bf16",
          "bear step, book, batch 8, bf16", "constrained beam, book, batch 4, bf16",
          "constrained beam, book, batch 16, bf16", "bear step, office, batch 8, bf16",
          "constrained beam, office, batch 4, bf16",
        ])
      #expect(set.works.count == 14 && Set(set.works.map(\.name)).count == 14)
      #expect(
        set.works[4].arguments == [
          "bench", "decode", "--decoder", "constrained-beam", "--batch-size", "16", "--users", "80",
          "--dataset", "\(folder)/data/book", "--precision", "f32", "--json", "--model", "m",
        ])
      #expect(set.works[5].arguments.contains("\(folder)/cache/datasets/office"))
    }
  }

  @Test func whatIsMissingIsNamedAndTheDefaultDataSetTimed() throws {
    try withFolders(["data"]) { folder in
      let set = self.set(in: folder, isQuick: true)
      #expect(
        set.works.map(\.name) == [
          "sft step, ml-100k, batch 8, f32", "msl step, ml-100k, batch 8, f32",
          "bear step, ml-100k, batch 8, f32", "constrained beam, ml-100k, batch 4, f32",
          "constrained beam, ml-100k, batch 16, f32",
        ])
      #expect(!set.works.contains { $0.arguments.contains("--dataset") })
      #expect(set.works[0].arguments.contains("2"))
      #expect(set.notices.count == 2)
      #expect(
        set.notices[0].hasPrefix(
          "there is no data set 'book' in \(folder)/data or \(folder)/cache/datasets, so it is "
            + "not timed: give --data"), "\(set.notices)")
    }
  }

  @Test func figuresAreComparedWithEarlierOnes() throws {
    let before = results(
      cpu: "Zen",
      works: #"""
        {"name": "sft step", "command": "c", "figures":
          {"seconds_per_sample": 0.5, "peak_bytes": 2147483648, "threads": 2, "work": "train"}},
        {"name": "old", "command": "c", "figures": {"seconds_per_user": 3}}
        """#)
    let now = results(
      cpu: "Zen",
      works: #"""
        {"name": "sft step", "command": "c", "figures":
          {"seconds_per_sample": 0.2, "peak_bytes": 1073741824, "threads": 2, "work": "train"}},
        {"name": "new", "command": "c", "figures": {"seconds_per_user": 4, "threads": 2}}
        """#)
    try withFolders([]) { folder in
      func read(_ name: String, _ text: String) throws -> BenchResults {
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        return try BenchResults(readingFrom: "\(folder)/\(name)")
      }
      let (old, new) = (try read("before.json", before), try read("now.json", now))
      #expect(
        new.comparison(with: old) == """
          | work     | seconds before |    now | before / now | peak before, GiB |  now | before / now |
          | -------- | -------------: | -----: | -----------: | ---------------: | ---: | -----------: |
          | sft step |         0.5000 | 0.2000 |         2.50 |             2.00 | 1.00 |         2.00 |
          | new      |              – | 4.0000 |            – |                – |    – |            – |
          | old      |         3.0000 |      – |            – |                – |    – |            – |
          """)
      let other = try read(
        "other.json",
        before.replacing("Zen", with: "Atom").replacing("false", with: "true")
          .replacing(#""threads": 2"#, with: #""threads": 1"#))
      #expect(
        new.comparison(with: other).hasSuffix(
          """

          another machine: Atom, 2 cores before; Zen, 2 cores now
          another number of threads
          medians of two batches only (--quick)
          """))
      #expect(
        old.table == """
          | work     | mean tokens | peak, GiB | seconds |
          | -------- | ----------: | --------: | ------: |
          | sft step |           – |      2.00 |  0.5000 |
          | old      |           – |         – |  3.0000 |
          """)
      try old.write(to: "\(folder)/again.json")
      #expect(try BenchResults(readingFrom: "\(folder)/again.json") == old)
    }
  }

  @Test func whatHoldsNoResultsIsRefused() throws {
    try withFolders(["folder"]) { folder in
      try Data("{}".utf8).write(to: URL(filePath: "\(folder)/empty.json"))
      #expect(
        throws: BenchError.unreadableResults(
          path: "\(folder)/empty.json", reason: "it holds no results of bench all")
      ) { try BenchResults(readingFrom: "\(folder)/empty.json") }
      #expect(
        throws: BenchError.unreadableResults(
          path: "\(folder)/none.json", reason: "No such file or directory")
      ) { try BenchResults(readingFrom: "\(folder)/none.json") }
      let results = BenchResults(
        bearLab: "1", cpu: nil, cores: 1, memory: nil, isQuick: false, works: [])
      #expect(throws: BenchError.self) { try results.write(to: "\(folder)/none/x.json") }
    }
  }

  // MARK: Support

  private func set(
    in folder: String, precisions: [Precision] = [.f32], isQuick: Bool = false
  ) -> BenchSet {
    BenchSet(
      data: "\(folder)/data", resources: ResourceLocator(cache: "\(folder)/cache"),
      precisions: precisions, options: ["--model", "m"], isQuick: isQuick)
  }

  private func results(cpu: String, works: String) -> String {
    #"{"bear_lab": "1", "cpu": "\#(cpu)", "cores": 2, "quick": false, "works": [\#(works)]}"#
  }

  private func withFolders(_ names: [String], _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bear-lab-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in names + [""] {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    try body(folder)
  }
}

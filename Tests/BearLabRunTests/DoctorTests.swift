import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// What is read under /proc.
@Suite struct MachineTests {
  private static let memoryInfo = """
    MemTotal:       24683700 kB
    MemFree:        22727000 kB
    MemAvailable:   23492000 kB
    HugePages_Total:       0
    """

  /// Two sockets of one core with two threads each: four processors, two cores.
  @Test func coresAreCountedOnce() {
    let processors = [(0, 0), (1, 1), (2, 0), (3, 1)].map { number, socket in
      """
      processor\t: \(number)
      vendor_id\t: GenuineIntel
      model\t\t: 85
      model name\t: Intel(R) Xeon(R) CPU: 2.20GHz
      physical id\t: \(socket)
      core id\t\t: 0
      flags\t\t: fpu avx2
      power management:

      """
    }
    let machine = Machine(
      cpuInfo: processors.joined(separator: "\n"), memoryInfo: Self.memoryInfo)
    #expect(
      machine
        == Machine(
          cpu: "Intel(R) Xeon(R) CPU: 2.20GHz", cores: 2, memory: 24_683_700 * 1024,
          availableMemory: 23_492_000 * 1024))
  }

  /// ARM names neither a model nor cores, and ends with a block of its own.
  @Test func processorsStandForCoresThatAreNotNamed() {
    let machine = Machine(
      cpuInfo: """
        processor\t: 0
        BogoMIPS\t: 108.00

        processor\t: 1
        BogoMIPS\t: 108.00

        Hardware\t: BCM2835

        """, memoryInfo: "")
    #expect(machine == Machine(cpu: nil, cores: 2, memory: nil, availableMemory: nil))
  }

  @Test func thePeakIsTheHighWaterMark() throws {
    let status = "Name:\tbear-lab\nVmPeak:\t  3060 kB\nVmHWM:\t  1672 kB\nVmRSS:\t  1000 kB\n"
    #expect(Machine.peakBytes(status: status) == 1672 * 1024)
    #expect(Machine.peakBytes(status: "VmHWM:\tmany\n") == nil)
    #expect(Machine.peakBytes(status: "") == nil)
    #expect(try #require(Machine.peakBytes) > 1 << 20)
  }

  @Test func thisMachineHasCoresAndMemory() throws {
    let machine = Machine.current
    #expect(machine.cores >= 1)
    #expect(try #require(machine.availableMemory) <= #require(machine.memory))
  }
}

/// What `doctor` finds, on machines and caches made up.
@Suite struct DoctorTests {
  private typealias Finding = DoctorReport.Finding
  private static let machine = Machine(
    cpu: "Test", cores: 2, memory: 8 << 30, availableMemory: 4 << 30)

  @Test func aMachineInOrderHasNothingToComplainOf() throws {
    try withTinyCache { cache in
      let report = try examine(cache: cache, model: "tiny", dataset: "tiny")
      #expect(report.findings.isEmpty && !report.hasProblem)
      #expect(report.text.hasSuffix("\n\nnothing to complain of"))
      #expect(report.cache.isWritable && (report.cache.freeBytes ?? 0) > 0)
      #expect(report.cpu.instructionSet == report.cpu.instructionSets.last)
      #expect(report.cpu.instructionSets == availableInstructionSets)
      #expect(report.cpu.precisions.first == "f32")
      #expect(report.text.contains("\nprecisions"))
      let names = report.resources.map { resource in
        resource.files.map { String($0.path.dropFirst(cache.count)) }
      }
      #expect(names[0] == ["/models/tiny/tiny.gguf"])
      let files = ["dataset.yaml", "id2name4Rec.json", "test.csv", "train.csv"]
      #expect(names[1] == files.map { "/datasets/tiny/\($0)" })
      let model = report.resources[0].files[0]
      #expect(model.bytes == TinyGGUF().data.count && model.sha256.count == 64)
    }
  }

  /// The commands that fetch what the default run needs, which are not asked of other names.
  @Test func anEmptyCacheIsAProblemThatFetchSolves() throws {
    try withTinyCache { cache in
      let report = try examine(cache: "\(cache)/none/yet")
      #expect(report.hasProblem && report.cache.isWritable)
      #expect(report.findings.map(\.severity) == [.problem, .problem])
      #expect(
        report.findings.map(\.remedy)
          == ["run scripts/fetch smollm2-135m", "run scripts/fetch ml-100k"])
      #expect(report.resources.map(\.loads) == [false, false])
      let other = try examine(cache: "\(cache)/none/yet", model: "gpt", dataset: "none")
      #expect(other.findings.allSatisfy { $0.remedy.hasPrefix("give a path, or get the defaults") })
      #expect(!FileManager.default.fileExists(atPath: "\(cache)/none"))
    }
  }

  /// A damaged file is hashed all the same, and the reader of the format says what to do.
  @Test func aModelThatDoesNotLoadIsAProblem() throws {
    try withTinyCache { cache in
      let path = "\(cache)/models/tiny/tiny.gguf"
      try TinyGGUF().data.prefix(20_000).write(to: URL(filePath: path))
      let report = try examine(cache: cache, model: "tiny", dataset: "tiny")
      #expect(report.hasProblem && report.findings.count == 1)
      #expect(report.findings[0].remedy.hasPrefix("fetch the file again"))
      #expect(report.resources[0].files.map(\.bytes) == [20_000])
      #expect(report.resources.map(\.loads) == [false, true])
    }
  }

  /// Few runs need a sentence encoder: one that is broken is a warning, none is nothing.
  @Test func anEncoderIsShownWhereThereIsOne() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/encoders/minilm-l6"
      try TinyBERT.write(to: folder)
      let report = try examine(cache: cache, model: "tiny", dataset: "tiny")
      #expect(!report.hasProblem && report.resources.map(\.loads) == [true, true, true])
      let encoder = try #require(report.resources.last)
      #expect(encoder.kind == "sentence encoder" && encoder.name == "minilm-l6")
      #expect(encoder.files.map(\.path) == ["\(folder)/model.safetensors"])
      try Data("[]".utf8).write(to: URL(filePath: "\(folder)/modules.json"))
      let broken = try examine(cache: cache, model: "tiny", dataset: "tiny")
      #expect(!broken.hasProblem && broken.resources.last?.loads == false)
      #expect(broken.findings.last?.severity == .warning)
      #expect(broken.findings.last?.remedy == "run scripts/fetch minilm-l6")
    }
  }

  @Test func slownessIsAWarning() throws {
    try withTinyCache { cache in
      let scarce = Machine(
        cpu: "Test", cores: 2, memory: 8 << 30, availableMemory: (4 << 30) - 1)
      let report = try examine(
        cache: cache, model: "tiny", dataset: "tiny", machine: scarce,
        environment: ["OPENBLAS_CORETYPE": "Prescott", "BEAR_LAB_ISA": "portable"])
      #expect(!report.hasProblem)
      let texts = report.findings.map(\.text)
      let forced = availableInstructionSets.count > 1
      #expect(texts.count == (forced ? 3 : 2))
      #expect(texts.contains { $0.hasPrefix("OPENBLAS_CORETYPE=Prescott ") })
      #expect(texts.contains { $0.hasPrefix("4.0 GiB of memory are available") })
      #expect(texts.contains { $0.hasPrefix("BEAR_LAB_ISA forces portable") } == forced)
      #expect(report.cpu.instructionSet == "portable")
    }
  }

  @Test func anUnknownInstructionSetIsAProblem() throws {
    try withTinyCache { cache in
      let report = try examine(
        cache: cache, model: "tiny", dataset: "tiny", environment: ["BEAR_LAB_ISA": "mmx"])
      #expect(report.hasProblem && report.findings.count == 1)
      #expect(report.findings[0].text == "there is no instruction set 'mmx'")
      #expect(report.cpu.instructionSet == availableInstructionSets.last)
    }
  }

  /// A file stands where the cache's folder would be made; permissions would not stop root.
  @Test func aCacheThatCannotBeWrittenIsAWarning() throws {
    try withTinyCache { cache in
      let report = try examine(
        cache: "\(cache)/models/tiny/tiny.gguf/cache", model: "\(cache)/models/tiny",
        dataset: "\(cache)/datasets/tiny")
      #expect(!report.hasProblem && report.findings.count == 1)
      #expect(report.findings[0].severity == .warning)
      #expect(report.findings[0].remedy.hasPrefix("set BEAR_LAB_CACHE to a folder"))
    }
  }

  @Test func aWorkingFolderThatCannotBeWrittenIsAProblem() throws {
    try withTinyCache { cache in
      let report = try examine(
        cache: cache, model: "tiny", dataset: "tiny", folder: "\(cache)/none")
      #expect(report.hasProblem && report.findings.count == 1)
      #expect(report.findings[0].text == "a run could not make its folder in \(cache)/none")
    }
  }

  /// Products are timed on one thread and on all, and the figures reach text and JSON.
  @Test func enginesAreTimed() throws {
    try withTinyCache { cache in
      let report = try examine(
        cache: cache, model: "tiny", dataset: "tiny", threads: 2, seconds: 1e-6)
      let speeds = report.engines.flatMap(\.speeds)
      let precisions = Precision.available.map(\.rawValue)
      #expect(report.engines.map(\.precision) == precisions)
      #expect(speeds.map(\.threads) == precisions.flatMap { _ in [1, 2, 1, 2] })
      #expect(speeds.map(\.depth) == precisions.flatMap { _ in [576, 576, 2048, 2048] })
      #expect(speeds.allSatisfy { $0.gigaflops > 0.1 && $0.gigaflops < 1e5 })
      #expect(report.text.contains(" GFLOP/s, 2 threads, [1024, 576] · [1536, 576]ᵀ\n"))
      struct Shape: Decodable {
        struct Engine: Decodable { let name: String, speeds: [[String: Double]] }
        let engines: [Engine]
        let versions: [String: String]
        let findings: [[String: String]]
      }
      let json = try JSONDecoder().decode(Shape.self, from: Data(report.json().utf8))
      #expect(json.engines.map(\.name) == precisions.map { _ in engineOfThisCPU })
      #expect(json.engines[0].speeds.map { $0["threads"] } == [1, 2, 1, 2])
      #expect(json.versions["bear-lab"] == BearLab.version && json.findings.isEmpty)
      #expect(json.versions["openblas"]?.contains("OpenBLAS") == true)
      #expect(json.versions["onednn"]?.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
      #expect(report.text.contains("\nonednn "))
      #expect(json.versions["hdf5"]?.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
    }
  }

  private func examine(
    cache: String, model: String? = nil, dataset: String? = nil, machine: Machine = machine,
    environment: [String: String] = [:], folder: String = NSTemporaryDirectory(),
    threads: Int = 1, seconds: Double = 0
  ) throws -> DoctorReport {
    try withCompute {
      Doctor(
        environment: environment.merging(["BEAR_LAB_CACHE": cache]) { $1 }, threads: threads,
        folder: folder, registry: try .builtin(), machine: machine
      ).examine(model: model, dataset: dataset, secondsPerProduct: seconds)
    }
  }
}

internal import BearLabCheckpoint
public import BearLabCore
internal import BearLabTensor
internal import Foundation

/// Looks at everything that a run depends on: machine, cache, model, data set, working folder.
public struct Doctor {
  /// Available memory below which a warning is due, in bytes; the default run takes less than half.
  private static let ampleMemory = 4 << 30
  private let environment: [String: String]
  private let threads: Int
  private let folder: String
  private let machine: Machine
  private let registry: PluginRegistry
  private let resources: ResourceLocator

  /// Prepares an examination.
  ///
  /// - Parameters:
  ///   - environment: the variables of the process.
  ///   - threads: what a run would use.
  ///   - folder: the working folder, where a run would put its own.
  ///   - registry: the layouts of data sets.
  ///   - machine: the facts of the machine.
  public init(
    environment: [String: String], threads: Int, folder: String, registry: PluginRegistry,
    machine: Machine = .current
  ) {
    self.environment = environment
    self.threads = threads
    self.folder = folder
    self.machine = machine
    self.registry = registry
    resources = ResourceLocator(environment: environment)
  }

  /// Examines everything, with the instruction set and the threads that a run would have.
  ///
  /// They are the process's, and stay as they are set here.
  ///
  /// - Parameters:
  ///   - model: a name or path; nil for the default run's.
  ///   - dataset: a name or path; nil for the default run's.
  ///   - seconds: how long each matrix product is timed; 0 for not at all.
  /// - Returns: what was found.
  public func examine(
    model: String?, dataset: String?, secondsPerProduct seconds: Double = 0.2
  ) -> DoctorReport {
    var findings: [DoctorReport.Finding] = []
    let cpu = selectCompute(&findings)
    warnOfSlowness(&findings)
    let cache = CacheFolder(path: resources.cache)
    if !cache.isWritable {
      findings.append(
        .init(
          severity: .warning, text: "the cache folder \(cache.path) cannot be written",
          remedy: "set BEAR_LAB_CACHE to a folder that can be, or change its permissions"))
    }
    if !FileManager.default.isWritableFile(atPath: folder) {
      findings.append(
        .init(
          severity: .problem, text: "a run could not make its folder in \(folder)",
          remedy: "change to a folder that can be written, or give run an --output"))
    }
    let check = ResourceCheck(resources: resources, registry: registry)
    let found =
      [check.model(model, &findings), check.dataset(dataset, &findings)]
      + [check.encoder(&findings)].compactMap(\.self)
    return DoctorReport(
      versions: Self.versions, cpu: cpu,
      memory: .init(totalBytes: machine.memory, availableBytes: machine.availableMemory),
      cache: .init(path: cache.path, isWritable: cache.isWritable, freeBytes: cache.freeBytes),
      engines: seconds > 0 ? Precision.available.map { engine($0, seconds) } : [],
      resources: found, findings: findings)
  }

  private static var versions: [String: String] {
    [
      "bear-lab": BearLab.version, "system": ProcessInfo.processInfo.operatingSystemVersionString,
      "hdf5": CheckpointFile.libraryVersion, "openblas": MatrixEngine.configuration,
      "onednn": MatrixEngine.oneDNNVersion,
    ]
  }

  /// Sets threads and instruction set as a run would; a wrong name is a finding.
  private func selectCompute(_ findings: inout [DoctorReport.Finding]) -> DoctorReport.CPU {
    let forced = environment["BEAR_LAB_ISA"].flatMap { $0.isEmpty ? nil : $0 }
    do {
      try Compute.selectInstructionSet(forced)
    } catch {
      findings.append(.init(error))
      try? Compute.selectInstructionSet(nil)
    }
    Compute.threads = threads
    let (used, available) = (Compute.instructionSet, Compute.instructionSets)
    if let forced, forced == used, let best = available.last, best != used {
      findings.append(
        .init(
          severity: .warning, text: "BEAR_LAB_ISA forces \(used) where this CPU has \(best)",
          remedy: "unset BEAR_LAB_ISA, unless for a comparison"))
    }
    return DoctorReport.CPU(
      name: machine.cpu, cores: machine.cores, threads: threads, instructionSets: available,
      instructionSet: used, precisions: Precision.available.map(\.rawValue))
  }

  private func warnOfSlowness(_ findings: inout [DoctorReport.Finding]) {
    if let core = environment["OPENBLAS_CORETYPE"], !core.isEmpty {
      findings.append(
        .init(
          severity: .warning,
          text: "OPENBLAS_CORETYPE=\(core) keeps OpenBLAS from choosing its kernels itself",
          remedy: "unset OPENBLAS_CORETYPE, unless for a comparison"))
    }
    if let available = machine.availableMemory, available < Self.ampleMemory {
      findings.append(
        .init(
          severity: .warning,
          text: "\(ByteCount.text(available)) of memory are available; below "
            + "\(ByteCount.text(Self.ampleMemory)) a run may be slow, or be ended by the system",
          remedy: "end other programs, or run with a smaller --batch-size"))
    }
  }

  /// Times a product of the default model's feed-forward layer, and a large square one.
  private func engine(_ precision: Precision, _ seconds: Double) -> DoctorReport.Engine {
    defer { Compute.threads = threads }
    let speeds = [(1024, 576, 1536), (2048, 2048, 2048)].flatMap { rows, depth, columns in
      Set([1, threads]).sorted().map { count in
        Compute.threads = count
        let speed = MatrixEngine.current.operationsPerSecond(
          rows: rows, columns: columns, depth: depth, precision: precision, seconds: seconds)
        return EngineSpeed(
          rows: rows, depth: depth, columns: columns, threads: count, gigaflops: speed / 1e9)
      }
    }
    return DoctorReport.Engine(
      name: MatrixEngine.name, precision: precision.rawValue,
      // oneDNN takes its kernels by the CPU's instructions, OpenBLAS by the CPU.
      core: MatrixEngine.current == .onednn ? Compute.instructionSet : MatrixEngine.core,
      speeds: speeds)
  }
}

extension DoctorReport.Finding {
  /// An error as what keeps a run from working.
  init(_ error: any Error, remedy: String? = nil) {
    let known = error as? any BearLabError
    self.init(
      severity: .problem, text: known?.description ?? "\(error)",
      remedy: remedy ?? known?.remedy ?? "check the file")
  }
}

/// What the file system says of the cache folder, or of where it would be made.
private struct CacheFolder {
  let path: String
  let isWritable: Bool
  /// For a user without privileges, in bytes.
  let freeBytes: Int?

  init(path: String) {
    self.path = path
    var existing = URL(filePath: path).standardizedFileURL
    while !FileManager.default.fileExists(atPath: existing.path), existing.path != "/" {
      existing.deleteLastPathComponent()
    }
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: existing.path, isDirectory: &isFolder)
    isWritable =
      isThere && isFolder.boolValue && FileManager.default.isWritableFile(atPath: existing.path)
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: existing.path)
    freeBytes = (attributes?[.systemFreeSize] as? NSNumber)?.intValue
  }
}

internal import Foundation

/// What Linux says of the machine, under `/proc`.
public struct Machine: Sendable, Equatable {
  /// The CPU's name; nil where the kernel gives none, as on ARM.
  public let cpu: String?
  /// Cores; threads of one core count once.
  public let cores: Int
  /// In bytes; nil where the kernel does not say.
  public let memory: Int?
  /// What new work can take without swapping, in bytes; nil where the kernel does not say.
  public let availableMemory: Int?

  /// Takes the facts.
  public init(cpu: String?, cores: Int, memory: Int?, availableMemory: Int?) {
    self.cpu = cpu
    self.cores = cores
    self.memory = memory
    self.availableMemory = availableMemory
  }

  /// Reads the texts of `/proc/cpuinfo` and `/proc/meminfo`.
  public init(cpuInfo: String, memoryInfo: String) {
    let processors = cpuInfo.components(separatedBy: "\n\n").map(Self.fields)
      .filter { $0["processor"] != nil }
    // Where the kernel names no cores, each processor is taken for one.
    let cores = processors.enumerated().map { number, fields in
      fields["core id"].map { "\(fields["physical id"] ?? ""), \($0)" } ?? "\(number)"
    }
    let memory = Self.fields(memoryInfo)
    self.init(
      cpu: processors.first?["model name"], cores: Set(cores).count,
      memory: Self.bytes(memory["MemTotal"]), availableMemory: Self.bytes(memory["MemAvailable"]))
  }

  /// This machine, as it is now.
  public static var current: Machine {
    Machine(cpuInfo: text("/proc/cpuinfo"), memoryInfo: text("/proc/meminfo"))
  }

  /// The most memory that this process has held so far, in bytes.
  public static var peakBytes: Int? { peakBytes(status: text("/proc/self/status")) }

  /// Reads the text of `/proc/self/status`.
  static func peakBytes(status: String) -> Int? { bytes(fields(status)["VmHWM"]) }

  /// The lines `name: value` of a text; of equal names the first.
  private static func fields(_ text: String) -> [String: String] {
    let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let (name, value) = (line[..<colon], line[line.index(after: colon)...])
      return (name.trimmingCharacters(in: .whitespaces), value.trimmingCharacters(in: .whitespaces))
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// Reads `24683700 kB`.
  private static func bytes(_ value: String?) -> Int? {
    guard let words = value?.split(separator: " "), words.count == 2, words[1] == "kB" else {
      return nil
    }
    return Int(words[0]).map { $0 * 1024 }
  }

  private static func text(_ path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }
}

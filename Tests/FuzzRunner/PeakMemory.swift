import Foundation

/// The memory that a piece of work touches at its peak, above what was resident before it.
enum PeakMemory {
  /// Runs `body`; the size is in bytes, to the page and a little worse.
  static func measure(_ body: () -> Void) throws -> Int {
    // What is free already must not hide what the body needs.
    _ = trim?(0)
    let reset = try FileHandle(forWritingTo: URL(filePath: "/proc/self/clear_refs"))
    // 5 sets the peak back to what is resident now; see proc(5).
    try reset.write(contentsOf: Data("5".utf8))
    try reset.close()
    let before = try status("VmRSS")
    body()
    return max(0, try status("VmHWM") - before)
  }

  /// `malloc_trim`, whose header Swift's Glibc module does not import.
  private static let trim = dlsym(nil, "malloc_trim").map {
    unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
  }

  private static func status(_ name: String) throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    let number = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
    guard let number else { throw CocoaError(.fileReadCorruptFile) }
    return number * 1024
  }
}

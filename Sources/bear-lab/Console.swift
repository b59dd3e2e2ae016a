import BearLabCore
import Foundation

/// Where messages go: results to the standard output, everything else to standard error.
enum Console {
  static let isTerminal = isatty(STDERR_FILENO) == 1

  /// Whether results are read by a person.
  static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// The width of the terminal in letters; 80 where there is none.
  static var columns: Int {
    if let text = ProcessInfo.processInfo.environment["COLUMNS"], let columns = Int(text) {
      return columns
    }
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }

  static func error(_ text: String) { write(text + "\n") }

  /// Says what went wrong, then what would be accepted.
  static func show(_ error: any BearLabError) {
    self.error("error: \(error.description)\n  \(error.remedy)")
  }

  /// Writes to standard error as it is.
  static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Prints a result.
  static func print(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
  }
}

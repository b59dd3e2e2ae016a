import Foundation

/// Where messages go: results to the standard output, everything else to standard error.
enum Console {
  static let isTerminal = isatty(STDERR_FILENO) == 1

  static func error(_ text: String) { write(text + "\n") }

  /// Writes to standard error as it is.
  static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Prints a result.
  static func print(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
  }
}

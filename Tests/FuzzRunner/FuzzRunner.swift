import BearLabCore
import BearLabTensor
import Foundation

/// Reads mutants of a format's honest files, and prints a line for each.
///
///     FuzzRunner <format> <first mutant> <mutants> <seconds for each> <working folder>
///
/// A line is the mutant's number, written before it is read, so that the last number without
/// anything behind it is that of a mutant that ended the process; then `loaded` or `refused`, or
/// `failed` with what is wrong; then how much memory it took, and how much it may take.
@main
enum FuzzRunner {
  /// What a measurement of memory is wrong by, and what a page of code or an error costs.
  private static let tolerance = 1 << 20

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst().map(\.self)
    guard arguments.count == 5, let first = Int(arguments[1]), let count = Int(arguments[2]),
      let seconds = UInt32(arguments[3]),
      let target = try Target(arguments[0], folder: arguments[4])
    else { fatalError("arguments: format, first mutant, mutants, seconds, folder") }
    prepare()
    Compute.threads = 1
    let needs = try target.subjects.map(honestNeed)
    for number in first..<first + count {
      let index = number % target.subjects.count
      let subject = target.subjects[index]
      var mutator = Mutator(seed: UInt64(number))
      let mutant = subject.mutate(&mutator, subject.honest)
      try Data(mutant).write(to: URL(filePath: subject.path))
      // A longer file may take more, in proportion.
      let growth = max(1, Double(mutant.count) / Double(subject.honest.count))
      let limit = Int(2 * growth * Double(needs[index])) + tolerance
      write("\(number) ")
      alarm(seconds)
      var outcome = ""
      let need = try PeakMemory.measure { outcome = read(subject) }
      alarm(0)
      if need > limit { outcome = "failed: too much memory" }
      write("\(outcome)\t\(need)\t\(limit)\n")
      // An honest neighbour again, for the formats of several files.
      try Data(subject.honest).write(to: URL(filePath: subject.path))
    }
  }

  /// The second reading counts: the first one fills caches.
  private static func honestNeed(_ subject: Target.Subject) throws -> Int {
    try Data(subject.honest).write(to: URL(filePath: subject.path))
    var need = 0
    for _ in 0..<2 {
      var outcome = ""
      need = try PeakMemory.measure { outcome = read(subject) }
      guard outcome == "loaded" else { fatalError("the honest file: \(outcome)") }
    }
    return need
  }

  private static func read(_ subject: Target.Subject) -> String {
    do {
      try subject.load()
      return "loaded"
    } catch let error as any BearLabError {
      let texts = [error.description, error.remedy]
      let isReadable = texts.allSatisfy { text in
        !text.isEmpty && text.utf8.count < 2000
          && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
      }
      return isReadable ? "refused: \(texts[0])" : "failed: message \(texts)"
    } catch {
      return "failed: \(type(of: error)) \(error)"
    }
  }

  private static func prepare() {
    // The parent may have blocked all signals, the alarm too.
    var none = sigset_t()
    sigemptyset(&none)
    sigprocmask(SIG_SETMASK, &none, nil)
    signal(SIGALRM, SIG_DFL)
    // Nothing here needs gigabytes; the machine has other work.
    var limit = rlimit(rlim_cur: 4 << 30, rlim_max: 4 << 30)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  private static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDOUT_FILENO, bytes, bytes.count)
  }
}

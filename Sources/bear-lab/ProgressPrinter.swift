import BearLabRun
import Foundation

/// Shows a run's events: a line that renews itself on a terminal, plain lines in a pipe.
final class ProgressPrinter {
  private var stage = ""
  private var total = 0
  private var unit = ""
  private var doneBefore = 0
  private var began = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  /// Whether a line of progress waits to be renewed.
  private var isLineOpen = false
  private let clock = ContinuousClock()
  private let isTerminal: Bool
  private let write: (String) -> Void

  init(isTerminal: Bool, write: @escaping (String) -> Void) {
    self.isTerminal = isTerminal
    self.write = write
  }

  func show(_ event: RunEvent) {
    if case .progress = event {
    } else if isLineOpen {
      // A stage that ended early, such as a training: its last line stays.
      write("\n")
      isLineOpen = false
    }
    switch event {
    case .state: break
    case .notice(let text): write("note: \(text)\n")
    case .began(let stage, let done, let total, let unit):
      (self.stage, self.total, self.unit) = (stage, total, unit)
      doneBefore = done
      began = clock.now
      lastShown = began
      if !isTerminal { write("\(stage): \(total) \(unit)\n") }
    case .progress(let done, let detail): progress(done, detail)
    case .measured(let name, let row):
      let figures = row.figures
      let loss = figures.itemNLL.map { String(format: ", item NLL %.3f", $0) } ?? ""
      write(
        "\(name): "
          + String(format: "NDCG@10 %.4f, HR@10 %.4f", figures.ndcg[2], figures.hr[2])
          + "\(loss)\n")
    }
  }

  private func progress(_ done: Int, _ detail: String) {
    let isLast = done >= total
    // A pipe gets a line every ten seconds, so that a log stays readable.
    let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
    guard isLast || clock.now - lastShown >= pause else { return }
    lastShown = clock.now
    let seconds = (clock.now - began).seconds
    let rate = Double(done - doneBefore) / max(seconds, 1e-9)
    let left = Double(total - done) / max(rate, 1e-9)
    let parts = [
      "\(stage): \(done)/\(total) \(unit)", detail, String(format: "%.2f %@/s", rate, unit),
      isLast ? "took \(Self.time(seconds))" : "\(Self.time(left)) left",
    ].filter { !$0.isEmpty }
    let line = parts.joined(separator: ", ")
    if isTerminal {
      // Carriage return, the line, and erase to its end.
      write("\r\(line)\u{1B}[K" + (isLast ? "\n" : ""))
      isLineOpen = !isLast
    } else {
      write(line + "\n")
    }
  }

  private static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    return whole >= 3600
      ? String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
      : String(format: "%d:%02d", whole / 60, whole % 60)
  }
}

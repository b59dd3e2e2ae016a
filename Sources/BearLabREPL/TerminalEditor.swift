internal import CEdit
internal import Foundation

/// Edits lines on a terminal, with a history that is kept in a file and completion by the tab key.
///
/// It holds pointers into libedit, which calls back while ``line()`` waits.
public final class TerminalEditor {
  /// What was typed.
  public enum Line: Sendable, Equatable {
    case line(String)
    /// Ctrl-C: the line is given up.
    case cancelled
    /// Ctrl-D on an empty line.
    case end
  }

  private let edit: OpaquePointer
  private let past: OpaquePointer
  private let historyPath: String
  private let complete: (String) -> Completion
  private let prompt: UnsafeMutablePointer<CChar>
  private var wasCancelled = false

  /// Takes over the terminal's lines; nil where it cannot be edited.
  ///
  /// - Parameters:
  ///   - name: of the program, under which `~/.editrc` may bind keys.
  ///   - prompt: what stands before each line.
  ///   - historyPath: the file of earlier lines; a missing one is made.
  ///   - complete: completes a line up to the cursor.
  public init?(
    name: String, prompt: String, historyPath: String, complete: @escaping (String) -> Completion
  ) {
    guard let edit = bear_edit_open(name), let past = history_init() else { return nil }
    self.edit = edit
    self.past = past
    self.historyPath = historyPath
    self.complete = complete
    self.prompt = UnsafeMutablePointer(strdup(prompt))
    bear_edit_set_client(edit, Unmanaged.passUnretained(self).toOpaque())
    bear_edit_set_prompt(edit) { edit in
      edit.flatMap(TerminalEditor.of)?.prompt
    }
    bear_edit_set_keys(edit)
    bear_edit_bind(edit, "^I", "bear-complete") { edit, _ in
      edit.flatMap(TerminalEditor.of)?.completeAtCursor() ?? UInt8(CC_ERROR)
    }
    bear_edit_bind(edit, "^C", "bear-cancel") { edit, _ in
      edit.flatMap(TerminalEditor.of)?.wasCancelled = true
      return UInt8(CC_EOF)
    }
    bear_history_begin(past, 2_000)
    _ = bear_history_load(past, historyPath)
    bear_edit_set_history(edit, past)
    _ = el_source(edit, nil)
  }

  deinit {
    el_end(edit)
    history_end(past)
    free(prompt)
  }

  private static func of(_ edit: OpaquePointer) -> TerminalEditor? {
    bear_edit_client(edit).map {
      Unmanaged<TerminalEditor>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// Waits for a line, without its line feed.
  public func line() -> Line {
    wasCancelled = false
    var count: Int32 = 0
    guard let text = el_gets(edit, &count), count > 0, !wasCancelled else {
      if wasCancelled {
        el_reset(edit)
        return .cancelled
      }
      return .end
    }
    return .line(String(cString: text).trimmingCharacters(in: .newlines))
  }

  /// Adds a line to the history, in memory and in the file.
  public func remember(_ line: String) {
    guard !line.allSatisfy(\.isWhitespace) else { return }
    bear_history_add(past, line)
    let folder = URL(filePath: historyPath).deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    _ = bear_history_save(past, historyPath)
  }

  /// Replaces the unfinished word by what its completions share; lists them where that adds nothing.
  private func completeAtCursor() -> UInt8 {
    guard let info = el_line(edit)?.pointee, let buffer = info.buffer else {
      return UInt8(CC_ERROR)
    }
    let bytes = UnsafeRawBufferPointer(start: buffer, count: info.cursor - buffer)
    let line = String(decoding: bytes, as: UTF8.self)
    let completion = complete(line)
    guard let replacement = completion.replacement else { return UInt8(CC_REFRESH_BEEP) }
    let typed = line[completion.start...]
    if replacement != typed, replacement.count >= typed.count || completion.candidates.count == 1 {
      // libedit counts characters of its own, which are Unicode's scalars.
      el_deletestr(edit, Int32(typed.unicodeScalars.count))
      return UInt8(el_insertstr(edit, replacement) == 0 ? CC_REFRESH : CC_ERROR)
    }
    guard completion.candidates.count > 1 else { return UInt8(CC_REFRESH_BEEP) }
    Swift.print("\n" + Columns.text(of: completion.candidates, width: 80))
    fflush(nil)
    return UInt8(CC_REDISPLAY)
  }
}

/// Words side by side.
enum Columns {
  /// As many columns as fit, filled downwards; at most a hundred words, and how many more there are.
  static func text(of words: [String], width: Int) -> String {
    let shown = words.prefix(100)
    let cell = (shown.map(\.count).max() ?? 0) + 2
    let columns = max(1, width / cell)
    let rows = (shown.count + columns - 1) / columns
    let lines = (0..<rows).map { row in
      stride(from: row, to: shown.count, by: rows).map { index in
        shown[index].padding(toLength: cell, withPad: " ", startingAt: 0)
      }.joined().trimmingSuffix(while: \.isWhitespace)
    }
    let rest = words.count - shown.count
    return lines.joined(separator: "\n") + (rest > 0 ? "\n… and \(rest) more" : "")
  }
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
    String(reversed().drop(while: predicate).reversed())
  }
}

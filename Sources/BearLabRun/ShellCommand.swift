/// Words as a shell reads them.
public enum ShellCommand {
  /// The words of a command, in quotes where they have to be.
  public static func text(_ words: [String]) -> String {
    words.map { word in
      let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_=./,".contains($0) }
      return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }
}

/// What a user gives for a run.
enum RunArguments {
  /// The folder of a run.
  static func path(_ text: String) throws -> String { text }
}

public import BearLabRun

/// The program around a session: the command line whose commands it shares.
public protocol REPLHost {
  /// The commands of the program, in the order of its help.
  var commands: [REPLCommand] { get }
  /// The folder of the run that commands mean where they are given none; nil for none.
  var currentRun: String? { get nonmutating set }
  /// Runs a command as the program would.
  ///
  /// - Parameters:
  ///   - words: the command and its arguments.
  ///   - composed: what settings given in `words` win over.
  /// - Throws: what the command throws.
  func execute(_ words: [String], composed: [RunDescription.Assignment]) throws
  /// Prints a result.
  func print(_ text: String)
  /// The same setting, its path made absolute where it is one.
  ///
  /// - Throws: where it names a run that there is not.
  func resolved(_ assignment: RunDescription.Assignment) throws -> RunDescription.Assignment
  /// What may be given for a data set, a model or a run.
  func names(of resource: REPLResource) -> [String]
  /// The folder of the run that a user names.
  func run(named text: String) throws -> String
  /// The titles of the data set that is composed, or of the run's.
  func titles(_ composed: [RunDescription.Assignment]) -> [String]
}

/// A command of the program.
public struct REPLCommand: Sendable, Equatable {
  public let name: String
  public let summary: String
  /// Such as `--eval-users`.
  public let options: [String]
  /// The options, short ones too, that take no value.
  public let flags: Set<String>
  public let subcommands: [REPLCommand]

  /// Describes a command.
  public init(
    name: String, summary: String, options: [String] = [], flags: Set<String> = [],
    subcommands: [REPLCommand] = []
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.flags = flags
    self.subcommands = subcommands
  }

  /// Whether arguments hold one that is neither an option nor the value of one.
  func hasPositional(_ arguments: [String]) -> Bool {
    var isValue = false
    for (place, argument) in arguments.enumerated() {
      if isValue {
        isValue = false
      } else if argument == "--" {
        return place + 1 < arguments.count
      } else if argument.hasPrefix("-") {
        isValue = !argument.contains("=") && !flags.contains(argument)
      } else {
        return true
      }
    }
    return false
  }
}

/// What is found by name on this machine.
public enum REPLResource: Sendable, CaseIterable {
  case dataset
  case model
  case run
}

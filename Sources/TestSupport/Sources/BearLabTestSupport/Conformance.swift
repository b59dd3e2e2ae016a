public import BearLabCore

/// How a plug-in breaks the contract of its kind.
public struct ConformanceError: BearLabError, Equatable {
  /// The type under test.
  public let type: String
  /// The protocol whose contract it is.
  public let contract: String
  /// What is wrong, and where.
  public let problems: [String]

  public var description: String {
    "\(type) breaks the contract of \(contract):\n"
      + problems.map { "- \($0)" }.joined(separator: "\n")
  }

  public var remedy: String {
    "correct the first one first; the documentation of \(contract) in Sources/Core/BearLabCore "
      + "says what is promised"
  }

  /// Throws unless nothing is wrong.
  static func require(
    _ problems: [String], of subject: Any, as contract: String
  ) throws(ConformanceError) {
    guard !problems.isEmpty else { return }
    let type = subject is Any.Type ? subject : Swift.type(of: subject)
    throw ConformanceError(type: "\(type)", contract: contract, problems: problems)
  }
}

/// What plug-ins of every kind declare.
public enum DeclarationConformance {
  /// Checks the declarations of a plug-in: those that `list`, `describe` and `run.yaml` show.
  ///
  /// The summary is one line without a full stop; the name of each parameter is in kebab-case, its
  /// own, and not `name`, under which `run.yaml` has the plug-in; and the default of each is among its
  /// accepted values.
  ///
  /// - Returns: what is wrong, empty where nothing is.
  public static func problems(of type: any Plugin.Type) -> [String] {
    var problems: [String] = []
    let summary = type.summary
    if summary.isEmpty || summary.contains("\n") || summary.hasSuffix(".") {
      problems.append("the summary '\(summary)' is not one line without a full stop")
    }
    let names = type.parameters.map(\.name)
    for name in Set(names).sorted() where names.count(where: { $0 == name }) > 1 {
      problems.append("there are two parameters '\(name)'")
    }
    for parameter in type.parameters {
      let name = parameter.name
      if name == "name" || name.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) == nil {
        problems.append("a parameter cannot be called '\(name)': write kebab-case, and not name")
      }
      if parameter.summary.isEmpty { problems.append("parameter '\(name)' has no summary") }
      do { _ = try parameter.validate(parameter.defaultValue) } catch {
        problems.append("the default of parameter '\(name)' is refused: \(error)")
      }
    }
    return problems
  }
}

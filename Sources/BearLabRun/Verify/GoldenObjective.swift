internal import BearLabCore

/// An objective as golden files name it, and as the registry does.
struct GoldenObjective {
  let name: String
  let parameters: [String: GoldenValue]

  /// What the golden names of whole objectives stand for.
  private static let aliases: [String: (plugin: String, values: [String: ParameterValue])] = [
    "bear_weighted": ("bear", ["form": .text("code")]),
    "sdpo": ("s-dpo", [:]),
    "bear_paper": ("bear", ["form": .text("paper"), "lambda-convention": .text("paper")]),
  ]
  private static let parameterNames = ["B": "beam-width", "lam": "lambda"]

  private var pluginName: String {
    Self.aliases[name]?.plugin ?? name.replacing("_", with: "-")
  }

  /// The plug-in's type; nil where the registry has none.
  func type(in registry: PluginRegistry) throws -> (any Objective.Type)? {
    guard registry.objectives.contains(pluginName) else { return nil }
    return try registry.objectives.find(pluginName)
  }

  /// Creates the objective.
  ///
  /// - Throws: what the plug-in throws for parameters that it lacks or refuses.
  func make(_ type: any Objective.Type) throws -> any Objective {
    var values = Self.aliases[name]?.values ?? [:]
    for (name, value) in parameters {
      switch (name, value.value) {
      case ("detach", .flag(let isDetached)):
        if !isDetached { values["beta-grad"] = .text("flow") }
      case ("constrained", .flag(let isConstrained)):
        if !isConstrained {
          values["base"] = .text("full")
          values["beta-over"] = .text("vocabulary")
        }
      default:
        values[Self.parameterNames[name] ?? name.replacing("_", with: "-")] = value.value
      }
    }
    return try type.init(values)
  }

  /// The parameters out of `defaults` that the plug-in declares, overridden by its own.
  func adding(
    _ defaults: [String: GoldenValue], declaredBy type: any Objective.Type
  ) -> GoldenObjective {
    let declared = Set(type.parameters.map(\.name))
    let known = defaults.filter { declared.contains(Self.parameterNames[$0.key] ?? $0.key) }
    return GoldenObjective(
      name: name, parameters: known.merging(parameters) { _, own in own })
  }

  /// The name and the parameters, as a check is called.
  var description: String {
    ([name] + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.value)" })
      .joined(separator: " ")
  }
}

/// A parameter's value in JSON.
struct GoldenValue: Decodable {
  let value: ParameterValue

  init(_ value: ParameterValue) { self.value = value }

  init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      value = .flag(flag)
    } else if let integer = try? container.decode(Int.self) {
      value = .integer(integer)
    } else if let number = try? container.decode(Double.self) {
      value = .real(number)
    } else {
      value = .text(try container.decode(String.self))
    }
  }
}

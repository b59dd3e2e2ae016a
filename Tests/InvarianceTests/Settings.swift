import BearLabCore

/// A plug-in's parameters that differ from the defaults.
typealias Settings = [String: ParameterValue]

/// The defaults, every choice, flag and number set alone, and every pair of them.
///
/// What a plug-in refuses is left to whoever tries; so a new plug-in is covered as it is registered.
func settings(of parameters: [Parameter]) -> [Settings] {
  let single = parameters.map { parameter -> [Settings] in
    let values: [ParameterValue] =
      switch parameter.domain {
      case .choice(let words): words.map { .text($0) }
      case .flag: [.flag(false), .flag(true)]
      case .real, .integer: [anotherNumber(parameter.defaultValue)]
      case .text: []
      }
    return values.filter { $0 != parameter.defaultValue }.map { [parameter.name: $0] }
  }
  var all: [Settings] = [[:]]
  for (index, own) in single.enumerated() {
    all += own
    for other in single[(index + 1)...].joined() {
      all += own.map { $0.merging(other, uniquingKeysWith: { $1 }) }
    }
  }
  return all
}

/// Some number that is not the default.
private func anotherNumber(_ value: ParameterValue) -> ParameterValue {
  switch value {
  case .real(let number): .real(number / 2 + 0.1)
  case .integer(let number): .integer(number / 2 + 3)
  case .flag, .text: value
  }
}

import BearLabCore

/// A plug-in's parameters that differ from the defaults.
typealias Settings = [String: ParameterValue]

/// The defaults, every choice and flag set alone, and every pair of them.
///
/// What a plug-in refuses is left to whoever tries; so a new plug-in is covered as it is registered.
func settings(of parameters: [Parameter]) -> [Settings] {
  let single = parameters.map { parameter -> [Settings] in
    let values: [ParameterValue] =
      switch parameter.domain {
      case .choice(let words): words.map { .text($0) }
      case .flag: [.flag(false), .flag(true)]
      default: []
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

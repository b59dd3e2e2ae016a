/// The effective value of every parameter of one plug-in: defaults, overridden by what was given.
public struct ParameterValues: Sendable, Hashable {
  /// The values by name; every declared parameter is present.
  public let values: [String: ParameterValue]

  /// Validates `given` against the declarations and fills in the defaults.
  ///
  /// - Parameters:
  ///   - given: values by parameter name.
  ///   - parameters: the declarations of the plug-in.
  ///   - owner: how an error names the plug-in, such as `objective bear`.
  /// - Throws: ``ParameterError`` for an unknown name or a value out of range.
  public init(
    _ given: [String: ParameterValue], for parameters: [Parameter], owner: String
  ) throws(ParameterError) {
    let byName = Dictionary(
      parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for name in given.keys.sorted() where byName[name] == nil {
      throw .unknown(parameter: name, owner: owner, known: parameters.map(\.name))
    }
    var effective: [String: ParameterValue] = [:]
    for parameter in parameters {
      effective[parameter.name] = try parameter.validate(
        given[parameter.name] ?? parameter.defaultValue)
    }
    values = effective
  }

  /// The value of a declared parameter, in the type that the caller asks for.
  ///
  /// - Throws: ``ParameterError`` when the plug-in reads a name that it did not declare, or as
  ///   another type.
  public subscript<Value: ParameterReadable>(name: String) -> Value {
    get throws(ParameterError) {
      guard let value = values[name] else {
        throw .unknown(parameter: name, owner: "the plug-in", known: values.keys.sorted())
      }
      guard let read = Value(parameterValue: value) else {
        throw .invalid(parameter: name, value: value.description, accepted: "a \(Value.self)")
      }
      return read
    }
  }
}

/// A Swift type in which a plug-in may read a parameter.
public protocol ParameterReadable {
  /// Reads the value, or returns nil where it has another type.
  init?(parameterValue: ParameterValue)
}

extension Double: ParameterReadable {
  public init?(parameterValue: ParameterValue) {
    guard case .real(let number) = parameterValue else { return nil }
    self = number
  }
}

extension Float: ParameterReadable {
  public init?(parameterValue: ParameterValue) {
    guard case .real(let number) = parameterValue else { return nil }
    self = Float(number)
  }
}

extension Int: ParameterReadable {
  public init?(parameterValue: ParameterValue) {
    guard case .integer(let number) = parameterValue else { return nil }
    self = number
  }
}

extension Bool: ParameterReadable {
  public init?(parameterValue: ParameterValue) {
    guard case .flag(let isOn) = parameterValue else { return nil }
    self = isOn
  }
}

extension String: ParameterReadable {
  public init?(parameterValue: ParameterValue) {
    guard case .text(let text) = parameterValue else { return nil }
    self = text
  }
}

extension ParameterReadable where Self: RawRepresentable, RawValue == String {
  /// Reads a `choice` as an enumeration of the plug-in.
  public init?(parameterValue: ParameterValue) {
    guard case .text(let text) = parameterValue else { return nil }
    self.init(rawValue: text)
  }
}

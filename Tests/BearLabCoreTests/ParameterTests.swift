import BearLabCore
import Testing

private let temperature = Parameter.real("tau", default: 1, in: 0.01...10, "temperature")
private let weight = Parameter.real("lambda", default: 0.25, in: 0..., "weight")
private let width = Parameter.integer("beam-width", default: 10, in: 1..., "beams")
private let rounds = Parameter.integer("rounds", default: 2, in: 1...4, "rounds")
private let mode = Parameter.choice("constraint", default: "before", of: ["before", "after"], "")
private let isOn = Parameter.flag("reference", default: false, "use a reference")
private let folder = Parameter.text("folder", default: "", "where to read")
private let all = [temperature, weight, width, rounds, mode, isOn, folder]

private func values(_ given: [String: ParameterValue]) throws(ParameterError) -> ParameterValues {
  try ParameterValues(given, for: all, owner: "objective test")
}

@Suite struct ParameterTests {
  @Test func defaultsFillWhatIsNotGiven() throws {
    let values = try values(["tau": .real(2), "constraint": .text("after")])
    #expect(values.values.count == all.count)
    #expect(try values["tau"] == 2.0)
    #expect(try values["tau"] == Float(2))
    #expect(try values["lambda"] == 0.25)
    #expect(try values["beam-width"] == 10)
    #expect(try values["reference"] == false)
    #expect(try values["constraint"] == "after")
    #expect(try values["constraint"] == ConstraintMode.after)
    #expect(try values["folder"] == "")
  }

  @Test func readingWhatWasNotDeclaredThrows() throws {
    let values = try values([:])
    #expect(throws: ParameterError.self) { let _: Double = try values["tauu"] }
    #expect(throws: ParameterError.self) { let _: Int = try values["tau"] }
    #expect(throws: ParameterError.self) { let _: Float = try values["beam-width"] }
    #expect(throws: ParameterError.self) { let _: Bool = try values["folder"] }
    #expect(throws: ParameterError.self) { let _: String = try values["reference"] }
    #expect(throws: ParameterError.self) { let _: ConstraintMode = try values["folder"] }
  }

  @Test(arguments: [
    ("tau", ParameterValue.real(0.01), ParameterValue.real(0.01)), ("tau", .real(10), .real(10)),
    ("tau", .integer(3), .real(3)), ("lambda", .integer(0), .real(0)),
    ("lambda", .real(1e300), .real(1e300)), ("beam-width", .integer(1), .integer(1)),
    ("beam-width", .integer(.max), .integer(.max)), ("rounds", .integer(4), .integer(4)),
    ("reference", .flag(true), .flag(true)), ("constraint", .text("after"), .text("after")),
    ("folder", .text("true"), .text("true")),
  ])
  func acceptedValuesKeepOrWiden(
    name: String, given: ParameterValue, expected: ParameterValue
  ) throws {
    #expect(try values([name: given]).values[name] == expected)
  }

  @Test(arguments: [
    ("tau", ParameterValue.real(0.0099)), ("tau", .real(10.1)), ("tau", .real(.nan)),
    ("tau", .integer(0)), ("tau", .text("1")), ("tau", .flag(true)),
    ("lambda", .real(.infinity)), ("lambda", .real(-.infinity)), ("lambda", .real(.nan)),
    ("lambda", .integer(-1)), ("beam-width", .integer(0)), ("beam-width", .real(3)),
    ("rounds", .integer(5)), ("rounds", .text("2")), ("reference", .integer(1)),
    ("reference", .text("true")), ("constraint", .text("Before")), ("constraint", .text("")),
    ("folder", .integer(1)),
  ])
  func otherValuesAreRefused(name: String, given: ParameterValue) throws {
    let parameter = try #require(all.first { $0.name == name })
    #expect(
      throws: ParameterError.invalid(
        parameter: name, value: given.description, accepted: parameter.acceptedValues)
    ) { try values([name: given]) }
  }

  @Test func aDefaultOutsideItsRangeIsRefused() {
    let wrong = Parameter.real("tau", default: 0, in: 1..., "")
    #expect(throws: ParameterError.self) {
      try ParameterValues([:], for: [wrong], owner: "objective test")
    }
  }

  @Test func anUnknownNameSuggestsNearOnes() throws {
    let error = try #require(throws: ParameterError.self) { try values(["beamwidth": .integer(1)]) }
    #expect(
      error
        == .unknown(parameter: "beamwidth", owner: "objective test", known: all.map(\.name)))
    #expect(error.description == "objective test has no parameter 'beamwidth'")
    #expect(error.remedy.hasPrefix("did you mean beam-width? known: beam-width, constraint, "))
  }

  @Test(arguments: [
    ("tau", "2", ParameterValue.real(2)), ("tau", "2.5e-1", .real(0.25)),
    ("beam-width", "12", .integer(12)), ("reference", "true", .flag(true)),
    ("constraint", "after", .text("after")), ("folder", "a b/ü", .text("a b/ü")),
    ("folder", "", .text("")),
  ])
  func textIsParsed(name: String, text: String, expected: ParameterValue) throws {
    let parameter = try #require(all.first { $0.name == name })
    #expect(try parameter.parse(text) == expected)
  }

  @Test(arguments: [
    ("tau", "nan"), ("tau", "inf"), ("tau", ""), ("tau", "1,5"), ("tau", "0"), ("lambda", "inf"),
    ("beam-width", "3.0"), ("beam-width", " 3"), ("beam-width", "99999999999999999999"),
    ("reference", "yes"), ("reference", "1"), ("constraint", "during"),
  ])
  func otherTextIsRefused(name: String, text: String) throws {
    let parameter = try #require(all.first { $0.name == name })
    let error = try #require(throws: ParameterError.self) { try parameter.parse(text) }
    #expect(error.description.hasPrefix("parameter '\(name)' cannot be '"))
    #expect(error.remedy == "give \(parameter.acceptedValues)")
  }

  @Test func acceptedValuesAreSaidInWords() {
    #expect(
      all.map(\.acceptedValues) == [
        "a real number from 0.01 to 10.0", "a real number, at least 0.0",
        "an integer, at least 1", "an integer from 1 to 4", "one of before, after",
        "true or false", "text",
      ])
  }

  @Test func suggestionsAreNearAndFew() {
    let known = ["bear", "beam", "sft", "msl", "constrained-beam"]
    #expect(Suggestion.near("baer", among: known) == ["bear"])
    #expect(Suggestion.near("beer", among: known) == ["bear", "beam"])
    #expect(Suggestion.near("bea", among: known) == ["beam", "bear"])
    #expect(Suggestion.near("constrained_beam", among: known) == ["constrained-beam"])
    #expect(Suggestion.near("constr", among: known) == ["constrained-beam"])
    #expect(Suggestion.near("transformer", among: known).isEmpty)
    #expect(Suggestion.near("a", among: ["b", "c", "d", "e"]).count == 3)
    #expect(
      Suggestion.remedy(for: "zzzz", among: ["b", "a"], noun: "objective") == "known: a, b")
    #expect(
      Suggestion.remedy(for: "x", among: [], noun: "parameter") == "no parameter can be given here")
  }
}

import BearLabRun
import Foundation
import Testing

private let ln2 = log(2.0)

/// One row of three equal logits, of which two are allowed: all values are known by hand.
private func objectives(
  _ cases: String, shape: String = "[1, 3]", allowed: String = "[[0, 1]]"
) -> [String: String] {
  [
    "objectives.json": """
    {"token_cases": [{"shape": \(shape), "logits": [2, 2, 2], "targets": [0],
      "allowed": \(allowed), "objectives": [\(cases)]}]}
    """
  ]
}

private func entry(
  _ name: String, _ parameters: String = "{}", loss: Double, gradient: [Double]
) -> String {
  #"{"name": "\#(name)", "parameters": \#(parameters), "loss": \#(loss), "gradient": \#(gradient)}"#
}

private let sft = entry("sft", loss: log(3.0), gradient: [-2.0 / 3, 1.0 / 3, 1.0 / 3])
private let msl = entry("msl", #"{"tau": 1}"#, loss: ln2, gradient: [-0.5, 0.5, 0])

@Test func rightLossesPass() throws {
  // Δ = 0, so the regulariser is λ ln ½ and its slope −λ/(2ξ) d log p = 2 · 2 of the base's.
  let paper = entry(
    "bear_paper", #"{"B": 1, "xi": 0.5, "lam": 2.0}"#, loss: -ln2, gradient: [-1.5, 1.5, 0])
  let free = entry(
    "bear_paper", #"{"B": 1, "xi": 0.5, "lam": 2, "constrained": false}"#,
    loss: log(3.0) - 2 * ln2, gradient: [-2, 1, 1])
  let code = entry(
    "bear_weighted", #"{"B": 1, "xi": 0.5, "lam": 2.0}"#, loss: ln2, gradient: [-0.5, 0.5, 0])
  let lines = try verify(objectives([sft, msl, paper, free, code].joined(separator: ",")))
  #expect(lines.count == 5 && lines.allSatisfy(\.passed), "\(lines)")
  #expect(lines[2].check == "objectives: bear_paper B=1 lam=2 xi=0.5 [1, 3]")
  #expect(lines[0].description.hasPrefix("pass  objectives: sft [1, 3]: off by loss "))
}

@Test func wrongNumbersFail() throws {
  let loss = entry("sft", loss: log(3.0) * 1.000_01, gradient: [-2.0 / 3, 1.0 / 3, 1.0 / 3])
  let gradient = entry("msl", loss: ln2, gradient: [-0.5, 0.5, 0.000_01])
  let short = entry("msl", loss: ln2, gradient: [-0.5, 0.5])
  let lines = try verify(objectives([loss, gradient, short, msl].joined(separator: ",")))
  #expect(lines.map(\.passed) == [false, false, false, true])
  #expect(lines[0].failure == "loss is off by 1e-05, more than 2e-06")
  #expect(lines[1].failure?.hasPrefix("gradient is off by ") == true)
  #expect(lines[2].failure?.hasPrefix("gradient is off by inf") == true)
}

@Test func missingPluginsAreSkipped() throws {
  let files = [
    "objectives.json": """
    {"preference_cases": [{"name": "unheard_of_too", "beta": 0.1, "policy_logprob": [],
       "reference_logprob": [], "loss": 1, "gradient": []}],
     "token_cases": [{"shape": [1, 1], "logits": [0], "targets": [0], "allowed": [[0]],
       "objectives": [{"name": "unheard_of", "parameters": {}, "loss": 0, "gradient": [0]}]}]}
    """
  ]
  let lines = try verify(files)
  #expect(
    lines.map(\.skipped) == [
      "there is no objective 'unheard_of' yet", "there is no objective 'unheard_of_too' yet",
    ])
}

/// At the reference the loss is ln 2, and the slopes are ∓β / 2.
@Test func preferenceLossesAreCompared() throws {
  func line(_ policy: String, loss: Double = ln2, slope: Double = 0.05) throws -> [Verification] {
    try verify([
      "objectives.json": """
      {"preference_cases": [{"name": "dpo", "beta": 0.1, "policy_logprob": \(policy),
        "reference_logprob": [[-20, -7]], "loss": \(loss), "gradient": [[-\(slope), \(slope)]]}]}
      """
    ])
  }
  let lines = try line("[[-20, -7]]")
  #expect(lines.map(\.passed) == [true], "\(lines)")
  #expect(lines[0].check == "objectives: preference case 0: dpo beta=0.1")
  #expect(try line("[[-20, -7]]", loss: 0.6932)[0].failure?.hasPrefix("loss is off by") == true)
  #expect(try line("[[-20, -7]]", slope: 0.06)[0].failure?.hasPrefix("gradient is off") == true)
  for policy in ["[[-20]]", "[[-20, 1]]", "[]"] {
    #expect(try line(policy)[0].failure?.hasPrefix("malformed: policy_logprob") == true)
  }
}

@Test func oneMalformedCaseHidesNoOther() throws {
  let cases = [#"{"name": "sft", "loss": 1}"#, entry("msl", #"{"tow": 1}"#, loss: 0, gradient: [])]
  let lines = try verify(objectives((cases + [sft]).joined(separator: ",")))
  #expect(lines.map(\.passed) == [false, false, true])
  #expect(
    lines[0].failure == #"malformed: token_cases[0].objectives[0] has no "gradient""#,
    "\(lines[0])")
  #expect(lines[1].failure?.contains("has no parameter 'tow'") == true)
}

@Test(arguments: [
  ("[1, 4]", "[[0, 1]]"), ("[3]", "[[0, 1]]"), ("[3, 1]", "[[0, 1]]"), ("[-1, -3]", "[[0, 1]]"),
  ("[1, 3]", "[]"), ("[1, 3]", "[[0, 3]]"), ("[1, 3]", "[[0, 0]]"), ("[1, 3]", "[[]]"),
  ("[1, 3]", "[[1, 2]]"), ("\"wide\"", "[[0, 1]]"),
])
func listsThatDoNotFitFail(shape: String, allowed: String) throws {
  let lines = try verify(objectives(sft, shape: shape, allowed: allowed))
  #expect(lines.count == 1 && lines[0].failure != nil, "\(lines)")
}

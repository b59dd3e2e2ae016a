import BearLabTestSupport
import Foundation
import Testing

/// `plan`, and what `run --dry-run` says of memory.
@Suite struct PlanCommandTests {
  @Test func aRunIsPlannedFromItsData() throws {
    try withTinyCache { cache in
      let plan = try bearLab(["plan"] + tinyRun, cache: cache)
      #expect(plan.status == 0 && plan.errors.isEmpty, "\(plan.errors)")
      #expect(plan.output.contains("\n| predicted peak "))
      let json = try bearLab(["plan", "--json"] + tinyRun, cache: cache)
      #expect(json.output.contains("\"peak_bytes\" : ") && json.output.hasPrefix("{"))
      let dry = try bearLab(["run", "--dry-run"] + tinyRun, cache: cache)
      #expect(dry.status == 0 && dry.output.contains("\n# | predicted peak "))
      let file = "\(cache)/dry.yaml"
      try dry.output.write(toFile: file, atomically: true, encoding: .utf8)
      let again = try bearLab(["run", "--dry-run", "--config", file], cache: cache)
      #expect(settings(again.output) == settings(dry.output))
    }
  }

  @Test func aModelIsPlannedBySizes() throws {
    let sizes = [
      "plan", "--layers", "16", "--width", "2048", "--heads", "32", "--kv-heads", "8",
      "--feed-forward", "8192", "--vocabulary", "128256", "--tied",
    ]
    let plan = try bearLab(sizes + ["--rows", "2000", "--precision", "f32"])
    #expect(plan.status == 0 && plan.output.contains("| tokens at once "), "\(plan.errors)")
    let missing = try bearLab(sizes)
    #expect(missing.status != 0 && missing.errors.contains("give --rows as well"))
    let odd = try bearLab(sizes + ["--rows", "9", "--kv-heads", "5"])
    #expect(odd.status != 0 && odd.errors.contains("--kv-heads must divide the 32 heads"))
  }

  /// The lines that are no comments.
  private func settings(_ text: String) -> [Substring] {
    text.split(separator: "\n").filter { !$0.hasPrefix("#") }
  }
}

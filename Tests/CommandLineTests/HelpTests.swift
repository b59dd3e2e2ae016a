import Testing

/// What the program says of itself; BEAR_LAB_RECORD=1 renews the snapshots.
@Suite struct HelpTests {
  @Test(arguments: [
    [], ["run"], ["resume"], ["evaluate"], ["rescore"], ["recommend"], ["list"], ["describe"],
    ["verify"], ["plan"], ["new"], ["reproduce"], ["compare"], ["sweep"], ["plot"], ["export"],
    ["export", "teacher"], ["export", "tensorboard"], ["export", "csv"], ["export", "jsonl"],
    ["export", "notebook"], ["export", "peft"], ["export", "gguf-lora"], ["export", "merged"],
    ["diagnose"], ["explain"], ["repl"], ["runs"], ["runs", "list"],
    ["runs", "show"], ["runs", "delete"], ["runs", "tag"], ["runs", "note"], ["runs", "reindex"],
    ["data"], ["data", "prepare"], ["data", "check"],
  ])
  func helpIsAsRecorded(command: [String]) throws {
    let outcome = try bearLab(command + ["--help"])
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    try expectSnapshot((["help"] + command).joined(separator: "-"), outcome.output)
  }

  @Test(arguments: [
    ["list"], ["list", "objectives"], ["describe", "objective", "bear"],
    ["describe", "objective", "cft+bear"], ["describe", "section", "training"],
    ["describe", "dataset", "synthetic"],
    ["run", "--dry-run"],
  ])
  func listingsAreAsRecorded(arguments: [String]) throws {
    let outcome = try bearLab(arguments)
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    let name = arguments.map { $0.replacing("--", with: "") }.joined(separator: "-")
    try expectSnapshot(name, outcome.output)
    #expect(outcome.output.hasSuffix("\n") && !outcome.output.hasSuffix("\n\n"))
  }

  @Test func theVersionIsANumber() throws {
    let outcome = try bearLab(["--version"])
    #expect(outcome.status == 0 && outcome.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  /// Without a command there is nothing to do but to say what could be done.
  @Test func nothingAskedShowsTheHelp() throws {
    let outcome = try bearLab([])
    #expect(outcome.status == 0)
    #expect(try outcome.output == bearLab(["--help"]).output)
  }
}

import BearLabCore
import BearLabRun
import Foundation
import Testing

@testable import BearLabREPL

/// Notes what the session asks of the program.
private final class NotedHost: REPLHost {
  let commands = [
    REPLCommand(name: "run", summary: "runs", options: ["--output", "--eval-users", "--set"]),
    REPLCommand(
      name: "evaluate", summary: "measures", options: ["--json", "--set"], flags: ["--json"]),
    REPLCommand(name: "recommend", summary: "recommends", options: ["--k"]),
    REPLCommand(
      name: "export", summary: "writes",
      subcommands: [REPLCommand(name: "teacher", summary: "lists", options: ["--rows"])]),
  ]
  var currentRun: String?
  var executed: [[String]] = []
  var composed: [RunDescription.Assignment] = []
  var printed: [String] = []

  func execute(_ words: [String], composed: [RunDescription.Assignment]) throws {
    executed.append(words)
    self.composed = composed
  }
  func print(_ text: String) { printed.append(text) }
  func resolved(_ assignment: RunDescription.Assignment) -> RunDescription.Assignment {
    assignment
  }
  func names(of resource: REPLResource) -> [String] {
    switch resource {
    case .dataset: ["book", "ml-100k"]
    case .model: ["smollm2-135m"]
    case .run: ["runs/first", "runs/second"]
    }
  }
  func run(named text: String) throws -> String { try RunFolder(existing: text).path }
  func titles(_ composed: [RunDescription.Assignment]) -> [String] {
    ["Heat (1995)", "Toy Story (1995)", "Toy Soldiers", "Twelve Monkeys"]
  }
}

@Suite struct SessionTests {
  private let host = NotedHost()
  private let session: REPLSession

  init() throws {
    session = REPLSession(registry: try PluginRegistry.builtin(), host: host)
  }

  private func interpret(_ lines: String...) throws {
    for line in lines { #expect(try session.interpret(line) == .next) }
  }

  private func completions(_ line: String) -> [String] { session.complete(line).candidates }

  // MARK: Composing

  @Test func composesARunStepByStep() throws {
    try interpret(
      "dataset book", "objective bear lambda=0.5 xi=2", "set training.epochs=2 seed=7", "run --x")
    #expect(host.executed == [["run", "--x"]])
    #expect(
      host.composed.map { "\($0.path)=\($0.text)" } == [
        "dataset=book", "objective=bear", "objective.lambda=0.5", "objective.xi=2",
        "training.epochs=2", "seed=7",
      ])
    let description = try session.composition.description
    #expect(description.objective.values.values["lambda"] == .real(0.5))
  }

  @Test func aPluginsChoiceBeginsItsParametersAnew() throws {
    try interpret("objective bear lambda=0.5", "objective msl", "objective bear")
    let description = try session.composition.description
    #expect(description.objective.values.values["lambda"] == .real(0.25))
  }

  @Test(arguments: [
    "objective bear lambda=-1", "objective nonsense", "set training.epochs=many", "set nothing=1",
    "set", "dataset", "dataset a b", "show everything all", "show everything", "reset decoder",
    "use no/such/run",
    "load no/such/file", "nonsense", "objective \"open",
  ])
  func aMistakeChangesNothing(line: String) throws {
    try interpret("objective bear lambda=0.5", "set seed=3")
    let before = session.composition.assignments
    #expect(throws: (any Error).self) { _ = try session.interpret(line) }
    #expect(session.composition.assignments == before)
    #expect(host.executed.isEmpty)
  }

  @Test func resetsASettingASectionOrEverything() throws {
    try interpret("objective bear lambda=0.5 xi=1", "set seed=3", "reset objective.lambda")
    #expect(session.composition.assignments.map(\.path) == ["objective", "objective.xi", "seed"])
    try interpret("reset objective")
    #expect(session.composition.assignments.map(\.path) == ["seed"])
    try interpret("reset", "show")
    #expect(session.composition.assignments.isEmpty)
    #expect(host.printed.last?.hasPrefix("nothing is set") == true)
  }

  @Test func savesAndLoads() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try interpret("objective bear lambda=0.5", "set training.samples=77", "save \(path)")
    let saved = try session.composition.description.yaml()
    try interpret("reset", "load \(path)")
    #expect(try session.composition.description.yaml() == saved)
  }

  // MARK: Commands of the program

  @Test func commandsGetTheCurrentRunWhereTheyAreGivenNone() throws {
    try interpret("evaluate --json")
    host.currentRun = "runs/x"
    try interpret(
      "evaluate", "evaluate --json", "evaluate runs/y", "recommend \"Toy Story\"",
      "recommend A --run runs/y", "evaluate --help", "run")
    #expect(
      host.executed == [
        ["evaluate", "--json"], ["evaluate", "runs/x"], ["evaluate", "runs/x", "--json"],
        ["evaluate", "runs/y"], ["recommend", "Toy Story", "--run", "runs/x"],
        ["recommend", "A", "--run", "runs/y"], ["evaluate", "--help"], ["run"],
      ])
    try interpret("use none")
    #expect(host.currentRun == nil)
  }

  /// An option's value is no run, and a run may stand behind options.
  @Test func aRunIsFoundAmongOptions() throws {
    host.currentRun = "runs/x"
    try interpret(
      "evaluate --set a.b=1 2", "evaluate --set=a.b=1 2", "evaluate --json 2", "evaluate -- 2")
    #expect(host.executed.allSatisfy { !$0.contains("runs/x") }, "\(host.executed)")
    host.executed = []
    try interpret("evaluate --set a.b=1", "evaluate --set=a.b=1 --json", "evaluate --json --set")
    #expect(host.executed.allSatisfy { $0.starts(with: ["evaluate", "runs/x"]) })
  }

  @Test func unknownCommandsNameTheNearOnes() throws {
    do {
      _ = try session.interpret("evalute")
      Issue.record("evalute was taken")
    } catch let error as REPLError {
      #expect(error.remedy.hasPrefix("did you mean evaluate?"))
    }
  }

  @Test func leavesAndHelps() throws {
    #expect(try session.interpret("quit") == .quit)
    #expect(try session.interpret("exit") == .quit)
    try interpret("help", "help objective", "help run", "# nothing", "")
    #expect(host.printed[0].contains("objective NAME [PARAMETER=VALUE…]"))
    #expect(host.printed[0].contains("explain and recommend take the current run where they"))
    #expect(host.printed[1].hasPrefix("objective NAME"))
    #expect(host.executed == [["help", "run"]])
  }

  // MARK: Completion

  @Test func completesCommandsPluginsParametersAndValues() {
    #expect(completions("obj") == ["objective"])
    #expect(completions("re").sorted() == ["recommend", "recommender", "reset"])
    #expect(completions("objective be") == ["beam-aware", "bear"])
    #expect(completions("objective bear la") == ["lambda=", "lambda-convention="])
    #expect(completions("objective bear form=") == ["form=code", "form=paper"])
    #expect(completions("objective cft+bear la").contains("lambda="))
    #expect(completions("set training.e") == ["training.epochs="])
    #expect(completions("set protocol=") == ["protocol=consistent", "protocol=official"])
    #expect(completions("set decoder=gr") == ["decoder=greedy"])
    #expect(completions("dataset b") == ["book"])
    #expect(completions("run --e") == ["--eval-users"])
    #expect(completions("run --set objective.xi").contains("objective.xi="))
    #expect(completions("evaluate runs/s") == ["runs/second"])
    #expect(completions("export ").contains("teacher"))
    #expect(completions("export teacher --r") == ["--rows"])
    #expect(completions("nonsense x").isEmpty)
  }

  @Test func completesTitles() {
    #expect(
      completions("recommend Toy") == ["\"Toy Story (1995)\"", "\"Toy Soldiers\""])
    #expect(completions("recommend \"toy st") == ["\"Toy Story (1995)\""])
    #expect(completions("recommend \"monk") == ["\"Twelve Monkeys\""])
    #expect(completions("recommend \"Heat (1995)\" \"Tw") == ["\"Twelve Monkeys\""])
    #expect(completions("recommend --") == ["--k"])
  }

  @Test func completesPaths() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(
      atPath: "\(folder)/inner", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["mine.yaml", "two words.yaml", ".hidden"] {
      try Data().write(to: URL(filePath: "\(folder)/\(name)"))
    }
    #expect(completions("load \(folder)/m") == ["\(folder)/mine.yaml"])
    #expect(completions("load \(folder)/in") == ["\(folder)/inner/"])
    #expect(completions("load \(folder)/t") == ["\"\(folder)/two words.yaml\""])
    #expect(completions("load \(folder)/").count == 3)
    #expect(completions("load \(folder)/.h") == ["\(folder)/.hidden"])
  }

  /// In quotes the tilde would be a folder of that name.
  @Test func theHomeFolderStaysOutsideOfQuotes() {
    #expect(REPLSession.written("~/mine.yaml", isQuoted: false) == "~/mine.yaml")
    #expect(REPLSession.written("~/mine.yaml", isQuoted: true) == "~/\"mine.yaml\"")
    #expect(REPLSession.written("~/two words", isQuoted: false) == "~/\"two words\"")
  }

  @Test func whatCompletionsShareReplacesTheWord() {
    #expect(session.complete("objective bear lam").replacement == "lambda")
    #expect(session.complete("objective bear lambda-").replacement == "lambda-convention=")
    #expect(session.complete("obj").replacement == "objective ")
    #expect(session.complete("recommend \"toy s").replacement == "\"Toy S")
    #expect(session.complete("zzz").replacement == nil)
  }

  @Test func columnsAreFilledDownwards() {
    #expect(Columns.text(of: ["a", "bb", "c"], width: 8) == "a   c\nbb")
    #expect(Columns.text(of: (0..<102).map { "\($0)" }, width: 80).hasSuffix("… and 2 more"))
  }
}

import BearLabTestSupport
import Foundation
import Testing

/// What users do wrong, and what they are told.
@Suite struct MistakeTests {
  /// The program's own errors: what is wrong, then a remedy, on standard error; status 1.
  @Test(arguments: [
    (["--objective", "baer"], "error: there is no objective 'baer'\n  did you mean bear? known: "),
    (
      ["--epochs=-1"],
      "error: parameter 'training.epochs' cannot be '-1'\n  give an integer from 0 to 100000\n"
    ),
    (["--seed", "many"], "error: parameter 'seed' cannot be 'many'\n  give an integer, at least"),
    (
      ["--set", "objective"],
      "error: 'objective' is not kind.parameter=value\n  write for example "
    ),
    (["--set", "lora.ranc=4"], "error: section lora has no parameter 'ranc'\n  did you mean rank"),
    (["--set", "lora.targets=q"], "error: 'q' is no linear layer that LoRA can be put on\n"),
    (["--config", "none.yaml"], "error: none.yaml: cannot be opened: No such file or directory"),
    (["--dataset", "none"], "error: there is no data set 'none', neither as a path nor in "),
    (["--dataset", "none"], "with scripts/fetch smollm2-135m ml-100k; known: tiny\n"),
    (["--dataset", "tyni"], "did you mean tiny? known: tiny"),
    (["--model", "none"], "error: there is no model 'none', neither as a path nor in "),
    (
      ["--set", "objective.beta-grad=flow"], "error: objective bear: beta-grad=flow makes no sense"
    ),
  ])
  func mistakesOfARunAreExplained(arguments: [String], expected: String) throws {
    try withTinyCache { cache in
      let outcome = try bearLab(
        ["run", "--output", "\(cache)/run"] + named(arguments), cache: cache)
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(expected), "\(outcome.errors)")
      #expect(outcome.output.isEmpty)
    }
  }

  /// The tiny data and model, but for what `arguments` name.
  private func named(_ arguments: [String]) -> [String] {
    ["--dataset", "--model"].filter { !arguments.contains($0) }.flatMap { [$0, "tiny"] }
      + arguments
  }

  @Test(arguments: [
    (["list", "objektives"], 1, "there is no kind of plug-in 'objektives'\n  did you mean"),
    (["describe", "objective", "baer"], 1, "there is no objective 'baer'\n  did you mean bear?"),
    (["describe", "section", "lorra"], 1, "there is no section 'lorra'\n  did you mean lora?"),
    (["evaluate", "no/such/run"], 1, "no/such/run holds no run: there is no readable run.yaml"),
    (["verify", "no/such/folder"], 1, "no/such/folder"),
    (["verify"], 64, "Missing expected argument '<folder>'"),
    (["rnu"], 64, "Unexpected argument 'rnu'"),
    (["run", "--epoch", "1"], 64, "Unknown option '--epoch'. Did you mean '--epochs'?"),
    // A value that begins with a dash needs the equals sign.
    (["run", "--epochs", "-1"], 64, "Missing value for '--epochs <epochs>'"),
    (["run", "--epochs"], 64, "Missing value for '--epochs <epochs>'"),
  ])
  func mistakesOfOtherCommandsAreExplained(
    arguments: [String], status: Int32, expected: String
  ) throws {
    let outcome = try bearLab(arguments)
    #expect(outcome.status == status)
    #expect(outcome.errors.contains(expected), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test func anOccupiedFolderIsNotTouched() throws {
    try withTinyCache { cache in
      let outcome = try bearLab(["run", "--output", cache] + tinyRun, cache: cache)
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.contains("is not empty: it holds datasets, models\n  give --output a folder")
      )
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: cache).sorted()
          == ["datasets", "models"])
    }
  }

  @Test(arguments: [
    ("", "the output folder .* is a file\n  give --output a folder that does not exist"),
    ("/run", "cannot be written: Not a directory\n"),
  ])
  func aFileIsNoOutputFolder(below: String, expected: String) throws {
    try withTinyCache { cache in
      let file = "\(cache)/datasets/tiny/train.csv"
      let before = try Data(contentsOf: URL(filePath: file))
      let outcome = try bearLab(["run", "--output", file + below] + tinyRun, cache: cache)
      #expect(outcome.status == 1)
      #expect(try outcome.errors.contains(Regex(expected)), "\(outcome.errors)")
      #expect(try Data(contentsOf: URL(filePath: file)) == before)
    }
  }

  @Test func anUnknownInstructionSetIsNamed() throws {
    try withTinyCache { cache in
      let outcome = try bearLab(
        ["run", "--output", "\(cache)/run"] + tinyRun, cache: cache,
        environment: ["BEAR_LAB_ISA": "nonsense"])
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.hasPrefix(
          "error: there is no instruction set 'nonsense'\n  set BEAR_LAB_ISA to portable, avx2"))
      #expect(!FileManager.default.fileExists(atPath: "\(cache)/run"))
    }
  }

  @Test func damagedFilesAreNamed() throws {
    try withTinyCache { cache in
      let model = URL(filePath: "\(cache)/models/tiny/tiny.gguf")
      let whole = try Data(contentsOf: model)
      try whole.prefix(whole.count / 2).write(to: model)
      let cut = try bearLab(["evaluate"] + tinyRun, cache: cache)
      #expect(cut.status == 1)
      #expect(cut.errors.contains("tiny.gguf: tensor "), "\(cut.errors)")
      #expect(cut.errors.contains("\n  fetch the file again; it is damaged or incomplete\n"))

      try Data("<html>not found</html>".utf8).write(to: model)
      let page = try bearLab(["evaluate"] + tinyRun, cache: cache)
      #expect(page.status == 1)
      #expect(page.errors.contains("\n  give the path of a GGUF file\n"), "\(page.errors)")

      let train = URL(filePath: "\(cache)/datasets/tiny/train.csv")
      try Data("user_id,item_ids,timestamp\n1,\"[1, 31]\",5\n".utf8).write(to: train)
      let item = try bearLab(["evaluate"] + tinyRun, cache: cache)
      #expect(item.status == 1)
      #expect(
        item.errors.contains("train.csv, line 2: an item id of item_ids cannot be '31'\n"),
        "\(item.errors)")
    }
  }
}

/// `verify` on a folder with one case, whose numbers are known by hand.
@Suite struct VerifyCommandTests {
  @Test(arguments: [(0.6931471805599453, Int32(0)), (0.7, 1)])
  func theStatusTellsWhetherAllPassed(loss: Double, status: Int32) throws {
    let text = """
      {"token_cases": [{"shape": [1, 3], "logits": [2, 2, 2], "targets": [0], "allowed": [[0, 1]],
        "objectives": [{"name": "msl", "parameters": {"tau": 1}, "loss": \(loss),
          "gradient": [-0.5, 0.5, 0]}]}]}
      """
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bear-lab-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(text.utf8).write(to: folder.appending(path: "objectives.json"))
    let outcome = try bearLab(["verify", folder.path])
    #expect(outcome.status == status)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix(status == 0 ? "pass  objectives: msl" : "FAIL  ") == true)
    let counts = status == 0 ? "1 passed, 0 failed, " : "0 passed, 1 failed, "
    #expect(lines.last?.hasPrefix(counts) == true, "\(outcome.output)")
    #expect(outcome.errors.isEmpty)
  }
}

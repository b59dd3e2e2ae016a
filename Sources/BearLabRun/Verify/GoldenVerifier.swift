public import BearLabCore

/// Compares this program with numbers that others have computed.
///
/// A folder holds any of the golden files below; `id2name4Rec.json` and `dataset.json` beside them
/// say what item ids mean and how prompts are written. A `golden.json` is of the model whose folder
/// it is in.
public enum GoldenVerifier {
  private typealias Check = @Sendable (GoldenContext) throws -> Void

  private static let checks: [(file: String, check: Check)] = [
    ("tokenizer.json", TokenizerCheck.run),
    ("model_logits.json", LogitsCheck.run),
    ("objectives.json", ObjectivesCheck.run),
    ("constrained_beam.json", BeamsCheck.run),
    ("lora_trajectory.json", TrajectoriesCheck.run),
  ]
  private static let inputs: Set = ["id2name4Rec.json", "dataset.json"]

  /// Makes every check that the folder has a golden file for.
  ///
  /// - Parameters:
  ///   - folder: where the golden files are.
  ///   - model: the model behind the numbers; nil skips what needs it.
  ///   - registry: where objectives, backbone and decoder come from.
  ///   - report: told of each check when it is done.
  /// - Throws: ``GoldenError/noGoldenFiles(folder:known:)``, ``GoldenError/unreadable(file:reason:)``
  ///   for the folder, or what `report` throws; anything wrong in a file is a failed check.
  public static func run(
    folder: String, model: LoadedModel?, registry: PluginRegistry,
    report: (Verification) throws -> Void
  ) throws {
    let golden = GoldenFolder(path: folder)
    let names = try golden.names()
    let models = names.filter { golden.has("\($0)/\(ModelCheck.file)") }
    let files = checks.map(\.file) + [ModelCheck.file]
    guard !models.isEmpty || names.contains(where: files.contains) else {
      throw GoldenError.noGoldenFiles(folder: folder, known: files)
    }
    try withoutActuallyEscaping(report) { report in
      for name in models {
        try report(
          Verification(
            "\(name)/\(ModelCheck.file)",
            .skip("each model is verified by itself: give its folder, here and as --model")))
      }
      let context = GoldenContext(
        folder: golden, model: model, registry: registry, report: report)
      // The other JSON files of a model's folder are the model's.
      if names.contains(ModelCheck.file) { return try ModelCheck.run(context) }
      for (file, check) in checks where names.contains(file) { try check(context) }
      for name in names where name.hasSuffix(".json") && !files.contains(name) {
        guard !inputs.contains(name) else { continue }
        try report(Verification(name, .skip("no golden file of a known name")))
      }
    }
  }
}

/// What every check is given.
struct GoldenContext {
  let folder: GoldenFolder
  let model: LoadedModel?
  let registry: PluginRegistry
  let report: (Verification) throws -> Void

  /// Reads a golden file and checks with it; where it cannot be read, that is the one failure.
  func checking<Value: Decodable>(
    _ file: String, as type: Value.Type, _ body: (Value) throws -> Void
  ) throws {
    let value: Value
    do {
      value = try folder.read(file, as: type)
    } catch {
      return try report(Verification(file, .fail(GoldenError.reason(of: error))))
    }
    try body(value)
  }

  /// As ``checking(_:as:_:)``, with the model; without one, the file is skipped.
  func checkingModel<Value: Decodable>(
    _ file: String, as type: Value.Type, _ body: (Value, LoadedModel) throws -> Void
  ) throws {
    try checking(file, as: type) { value in
      guard let model else {
        return try report(Verification(file, .skip("no model was given")))
      }
      try body(value, model)
    }
  }
}

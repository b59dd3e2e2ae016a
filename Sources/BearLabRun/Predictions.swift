internal import BearLabCore
internal import BearLabEvaluation
internal import Foundation

/// The ranked lists in the layout of the official scripts: an array of objects.
enum Predictions {
  /// What pads the scores of short lists: JSON has no infinity.
  private static let lowest = -Double(Float.greatestFiniteMagnitude)

  /// Writes `predictions.json`, and the same bytes under the name that the official script looks
  /// for.
  static func write(
    _ evaluation: Evaluation, of experiment: Experiment, in folder: RunFolder
  ) throws {
    let longest = evaluation.rows.map(\.ranked.count).max() ?? 0
    let length: Int? = try experiment.description.listParameter.map {
      try experiment.description.decoder.values[$0]
    }
    let text = try json(
      evaluation, phrases: experiment.dataset.phrases, matcher: try experiment.matcher,
      length: length ?? longest)
    let official = officialName(
      dataset: experiment.dataset.name, rows: evaluation.rows.count,
      constraint: experiment.constraint)
    try folder.write(text, to: folder.predictionsPath)
    try folder.write(text, to: "\(folder.path)/\(official)")
  }

  /// The official file's name: `predict_<dataset>_<rows>_CBS.json` where the constraint comes after
  /// the soft-max, `…_customCBS.json` where it comes before.
  static func officialName(dataset: String, rows: Int, constraint: ConstraintMode) -> String {
    let safe = dataset.unicodeScalars.map { scalar in
      let isSafe =
        CharacterSet.alphanumerics.contains(scalar) || "-._".unicodeScalars.contains(scalar)
      return isSafe ? String(scalar) : "-"
    }
    let kind =
      switch constraint {
      case .after: "CBS"
      case .before: "customCBS"
      }
    return "predict_\(safe.joined())_\(rows)_\(kind).json"
  }

  /// The file's text.
  ///
  /// Titles are in double quotes, raw; so is the text of an answer that is no title. Lists shorter
  /// than `length` are padded with "" and the lowest finite score. `length` is that of the decoder's lists.
  static func json(
    _ evaluation: Evaluation, phrases: PromptPhrases, matcher: TitleMatcher, length: Int
  ) throws -> String {
    let writer = Writer()
    let rows = try evaluation.rows.map { row in
      let history = row.window.history.map { "\"\(matcher.catalogue.title(of: $0))\"" }
      let padding = max(length - row.ranked.count, 0)
      return try writer.object([
        ("instruction", writer.string(phrases.instruction)),
        (
          "input",
          writer.string(phrases.historyPhrase + history.joined(separator: ", ") + "\n ")
        ),
        ("output", writer.string("\"\(matcher.catalogue.titles[row.target])\"")),
        (
          "predict",
          writer.list(
            try row.ranked.map { try writer.string("\"\(matcher.text(of: $0))\"") }
              + [String](repeating: "\"\"", count: padding))
        ),
        (
          "predict_scores",
          writer.list(
            row.ranked.map { "\(max(Double($0.score), lowest))" }
              + [String](repeating: "\(lowest)", count: padding))
        ),
      ])
    }
    return "[\n" + rows.joined(separator: ",\n") + "\n]\n"
  }

  /// Lays out objects with their keys in a given order, which Foundation's encoder does not keep.
  private struct Writer {
    private let encoder = JSONEncoder()

    init() { encoder.outputFormatting = .withoutEscapingSlashes }

    func string(_ text: String) throws -> String {
      String(decoding: try encoder.encode(text), as: UTF8.self)
    }

    func list(_ values: [String]) -> String {
      guard !values.isEmpty else { return "[]" }
      return "[\n" + values.map { "            \($0)" }.joined(separator: ",\n") + "\n        ]"
    }

    func object(_ members: [(key: String, value: String)]) throws -> String {
      "    {\n" + members.map { "        \"\($0.key)\": \($0.value)" }.joined(separator: ",\n")
        + "\n    }"
    }
  }
}

internal import BearLabCore
internal import BearLabEvaluation
internal import Foundation

/// The ranked lists in the layout of the official scripts: an array of objects.
enum Predictions {
  private struct Row: Encodable {
    let instruction: String
    let input: String
    let output: String
    let predict: [String]
    let predictScores: [Double]

    enum CodingKeys: String, CodingKey {
      case instruction, input, output, predict
      case predictScores = "predict_scores"
    }
  }

  /// The file's text.
  ///
  /// Titles are in double quotes, raw; lists shorter than `length` are padded with "" and the
  /// lowest finite score, which JSON can hold. `length` is the decoder's width.
  static func json(_ evaluation: Evaluation, dataset: Dataset, length: Int) throws -> String {
    let rows = evaluation.rows.map { row in
      let titles = row.ranked.compactMap(\.title).map { "\"\(dataset.catalogue.titles[$0])\"" }
      let padding = max(length - titles.count, 0)
      let history = row.window.history.map { "\"\(dataset.catalogue.title(of: $0))\"" }
      return Row(
        instruction: dataset.phrases.instruction,
        input: dataset.phrases.historyPhrase + history.joined(separator: ", ") + "\n ",
        output: "\"\(dataset.catalogue.titles[row.target])\"",
        predict: titles + [String](repeating: "", count: padding),
        predictScores: row.ranked.map { Double($0.score) }
          + [Double](repeating: -Double(Float.greatestFiniteMagnitude), count: padding))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(rows), as: UTF8.self) + "\n"
  }
}

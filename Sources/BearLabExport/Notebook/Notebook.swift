internal import Foundation

/// A Jupyter notebook.
///
/// - Source: nbformat 4.5, nbformat.readthedocs.io/en/latest/format_description.html.
struct Notebook: Encodable {
  var cells: [Cell]

  enum CodingKeys: String, CodingKey {
    case cells, metadata, nbformat
    case minor = "nbformat_minor"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(cells, forKey: .cells)
    try container.encode(Self.metadata, forKey: .metadata)
    try container.encode(4, forKey: .nbformat)
    try container.encode(5, forKey: .minor)
  }

  private static let metadata = [
    "kernelspec": ["display_name": "Python 3", "language": "python", "name": "python3"],
    "language_info": ["name": "python", "file_extension": ".py", "mimetype": "text/x-python"],
  ]

  /// The bytes of the file; the same notebook gives the same.
  func data() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// A cell.
  struct Cell: Encodable {
    let id: String
    let source: String
    /// Nil of a cell of text; how often code was run, and what it showed.
    let run: (count: Int, outputs: [Output])?

    private enum CodingKeys: String, CodingKey {
      case id, source, metadata, outputs
      case type = "cell_type"
      case count = "execution_count"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(id, forKey: .id)
      try container.encode(Notebook.lines(source), forKey: .source)
      try container.encode([String: String](), forKey: .metadata)
      try container.encode(run == nil ? "markdown" : "code", forKey: .type)
      guard let run else { return }
      try container.encode(run.count, forKey: .count)
      try container.encode(
        run.outputs.map { NumberedOutput(output: $0, count: run.count) }, forKey: .outputs)
    }
  }

  /// What a cell of code shows.
  enum Output {
    /// The value of its last line.
    case table(Table)
    /// What it displays on its way.
    case displayed(Table)
    case printed(String)
    /// A PNG, and its width in pixels of the page.
    case picture(Data, width: Int)
  }

  /// Jupyter keeps texts as lists of lines, their ends included.
  fileprivate static func lines(_ text: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return lines.dropLast().map { $0 + "\n" } + (lines.last.map { $0.isEmpty ? [] : [$0] } ?? [])
  }
}

private struct NumberedOutput: Encodable {
  let output: Notebook.Output
  let count: Int

  private enum CodingKeys: String, CodingKey {
    case data, metadata, name, text
    case type = "output_type"
    case count = "execution_count"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch output {
    case .printed(let text):
      try container.encode("stream", forKey: .type)
      try container.encode("stdout", forKey: .name)
      try container.encode(Notebook.lines(text), forKey: .text)
    case .table(let table), .displayed(let table):
      let texts = ["text/html": table.html, "text/plain": table.plain]
      try container.encode(texts.mapValues(Notebook.lines), forKey: .data)
      try container.encode([String: String](), forKey: .metadata)
      guard case .table = output else {
        return try container.encode("display_data", forKey: .type)
      }
      try container.encode("execute_result", forKey: .type)
      try container.encode(count, forKey: .count)
    case .picture(let data, let width):
      try container.encode("display_data", forKey: .type)
      try container.encode(["image/png": data.base64EncodedString()], forKey: .data)
      try container.encode(["image/png": ["width": width]], forKey: .metadata)
    }
  }
}

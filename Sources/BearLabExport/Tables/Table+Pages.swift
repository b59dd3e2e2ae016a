internal import Foundation

/// Tables as pandas shows them.
extension Table {
  /// HTML, with the row's number in front.
  var html: String {
    let head =
      "    <tr style=\"text-align: right;\"><th></th>"
      + columns.map { "<th>\(Self.escaped($0))</th>" }.joined() + "</tr>"
    let body = rows.enumerated().map { index, row in
      "    <tr><th>\(index)</th>"
        + row.map { "<td>\(Self.escaped($0.shown))</td>" }.joined() + "</tr>"
    }
    return
      ([
        "<table border=\"1\" class=\"dataframe\">", "  <thead>", head, "  </thead>", "  <tbody>",
      ] + body + ["  </tbody>", "</table>"]).joined(separator: "\n")
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  /// Columns of text, aligned right.
  var plain: String {
    let numbers = rows.indices.map(String.init)
    let all = [[""] + columns] + zip(numbers, rows).map { [$0] + $1.map(\.shown) }
    let widths = all[0].indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }
        .joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

extension Table.Cell {
  /// With four digits, as the notebook sets pandas to show.
  fileprivate var shown: String {
    switch self {
    case .real(let number): String(format: "%.4f", number)
    case .empty: "NaN"
    case .text, .integer, .flag: text
    }
  }
}

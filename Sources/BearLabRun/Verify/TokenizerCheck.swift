/// `tokenizer.json`: texts and their tokens, special tokens recognised.
enum TokenizerCheck {
  struct Row: Decodable {
    let text: String
    let ids: [Int32]
  }

  static func run(_ context: GoldenContext) throws {
    try context.checkingModel("tokenizer.json", as: [GoldenCase<Row>].self) { rows, model in
      try judge(rows, model: model, context)
    }
  }

  /// Compares the tokens of all rows, in one check.
  static func judge(
    _ rows: [GoldenCase<Row>], model: LoadedModel, _ context: GoldenContext
  ) throws {
    let failures = rows.indices.compactMap { index in
      failure(of: rows[index], model: model).map { "text \(index): \($0)" }
    }
    let check = "tokenizer: \(rows.count) texts"
    guard let first = failures.first else {
      return try context.report(Verification(check, .pass([])))
    }
    try context.report(
      Verification(check, .fail("\(failures.count) of \(rows.count) differ, the first: \(first)"))
    )
  }

  private static func failure(of row: GoldenCase<Row>, model: LoadedModel) -> String? {
    do {
      let row = try row.value
      let tokens = model.encoder.encodeWithSpecialTokens(row.text)
      guard tokens != row.ids else { return nil }
      return "\(row.text.debugDescription) is \(tokens), expected \(row.ids)"
    } catch {
      return GoldenError.reason(of: error)
    }
  }
}

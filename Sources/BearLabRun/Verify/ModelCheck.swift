internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor

/// `golden.json` in the folder of a model: its tokens, its logits, and those with an adapter.
struct ModelGolden: Decodable {
  /// The whole vocabulary's logits behind one token.
  struct Position: Decodable {
    let position: Int
    let logits: [Double]
  }

  let tokenizer: [GoldenCase<TokenizerCheck.Row>]
  /// One sequence.
  let ids: [Int32]
  let logits: [Position]
  /// Behind the last token, with the PEFT adapter in the folder `adapter`.
  let adapterLogits: [Double]?

  private enum CodingKeys: String, CodingKey {
    case tokenizer, ids
    case logits = "logits_float32_compute"
    case adapterLogits = "adapter_last_logits"
  }
}

/// Checks a model against the `golden.json` in its folder.
enum ModelCheck {
  static let file = "golden.json"

  static func run(_ context: GoldenContext) throws {
    try context.checkingModel(file, as: ModelGolden.self) { golden, model in
      try TokenizerCheck.judge(golden.tokenizer, model: model, context)
      let positions = golden.logits
      let logits = Verification.Outcome {
        try judge(positions, of: golden.ids, model: model.model, adapter: nil)
      }
      try context.report(
        Verification(
          "logits: \(positions.count) positions of \(golden.ids.count) tokens", logits))
      if let expected = golden.adapterLogits {
        try context.report(
          Verification("adapter", judgeAdapter(expected, golden, model: model, context)))
      }
    }
  }

  /// The logits behind the last token with the adapter in the folder `adapter`.
  private static func judgeAdapter(
    _ expected: [Double], _ golden: ModelGolden, model: LoadedModel, _ context: GoldenContext
  ) -> Verification.Outcome {
    Verification.Outcome {
      let adapter = try PEFTAdapter(folder: "\(context.folder.path)/adapter").adapter(
        for: model.model.shape)
      return try judge(
        [.init(position: golden.ids.count - 1, logits: expected)], of: golden.ids,
        model: model.model, adapter: adapter.frozen())
    }
  }

  /// How far logits may be off; the goldens' are those of products in single precision.
  private static func tolerance(_ precision: Precision) -> Double {
    precision == .f32 ? 1e-4 : 0.4
  }

  /// Compares the logits of some positions with the model's, with an adapter or without.
  static func judge(
    _ positions: [ModelGolden.Position], of ids: [Int32], model: LanguageModel,
    adapter: LoRAAdapter?
  ) throws -> Verification.Outcome {
    guard !positions.isEmpty else {
      throw GoldenError.malformed(what: "positions", seen: "empty", accepted: "at least one")
    }
    for golden in positions where !ids.indices.contains(golden.position) {
      throw GoldenError.malformed(
        what: "a position", seen: "\(golden.position)",
        accepted: "one of a sequence of \(ids.count) tokens")
    }
    var forest = TokenForest()
    let nodes = forest.insert(tokens: ids)
    let hidden = try model.hiddenStates(
      of: positions.map { nodes[$0.position] }, in: forest, adapter: adapter)
    let logits = model.vocabularyLogits(of: hidden).scalars
    let width = model.shape.vocabularySize
    let gaps = positions.enumerated().map { row, golden in
      Gap.absolute(
        "logits at \(golden.position)", logits[row * width..<(row + 1) * width].map(Double.init),
        golden.logits, tolerance: tolerance(model.precision))
    }
    let excessive = gaps.filter { !$0.isAccepted }
    return .init(excessive.isEmpty ? Gap.worst(gaps).map { [$0] } ?? [] : excessive)
  }
}

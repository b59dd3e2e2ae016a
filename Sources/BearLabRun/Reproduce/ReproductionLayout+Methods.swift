extension ReproductionLayout.Row {
  /// A sequential recommender alone.
  static func recommender(_ method: String, _ name: String) -> Self {
    Self(
      method: method,
      choices: [.init("backbone", RunDescription.noBackbone), .init("recommender", name)])
  }

  /// A fine-tuned language model.
  ///
  /// - Parameters:
  ///   - method: the paper's name of it.
  ///   - objective: what fine-tuning minimises.
  ///   - backbone: how histories become prompts.
  ///   - decoder: nil for the one that the run would have anyway.
  ///   - startsFromSFT: whether it goes on from supervised fine-tuning.
  ///   - publishedName: its name in the tables, where that differs.
  /// - Returns: the row.
  static func model(
    _ method: String, _ objective: String, backbone: String = "bigrec", decoder: String? = nil,
    startsFromSFT: Bool = false, publishedName: String? = nil
  ) -> Self {
    Self(
      method: method,
      choices: [.init("backbone", backbone), .init("objective", objective)]
        + (decoder.map { [.init("decoder", $0)] } ?? []),
      startsFromSFT: startsFromSFT, publishedName: publishedName)
  }

  /// A preference objective: it goes on from supervised fine-tuning.
  static func preference(_ method: String, _ objective: String) -> Self {
    model(method, objective, startsFromSFT: true)
  }

  /// BEAR at one place of the grid that figure 8 shows.
  static func bear(lambda: String, xi: String) -> Self {
    var row = model("BEAR, λ \(lambda), ξ \(xi)", "bear")
    row.parameters = [.init("objective.lambda", lambda), .init("objective.xi", xi)]
    return row
  }

  /// The methods of table 2 that fine-tune a language model, in its order.
  static let tunedMethods: [Self] = [
    .model("BIGRec", "sft"), .model("D3", "sft", decoder: "d3"), .model("CFT", "cft"),
    .model("D2LR", "d2lr"), .model("IGD", "igd", decoder: "igd"), .model("MSL", "msl"),
    .preference("S-DPO", "s-dpo"), .preference("RosePO", "rose-po"),
    .preference("SPRec", "sprec"), .model("BEAR", "bear"),
  ]

  /// The methods of table 2 without one, or with one that only helps.
  static let recommenders: [Self] = [
    .recommender("SASRec", "sasrec"), .recommender("BERT4Rec", "bert4rec"),
    .recommender("DROS", "dros"), .recommender("LLM-CF", "llm-cf"),
    .recommender("DLLM2Rec", "dllm2rec"),
  ]
}

extension ReproductionLayout.Column {
  static let rankings = PublishedNumbers.columns.map { Self(name: $0) }
  static let seconds = Self(name: "s/epoch", digits: 1, source: .timing)
  static let ratio = Self(name: "× first row", digits: 2, source: .ratio(of: "s/epoch"))

  static func pruning(_ names: String...) -> [Self] {
    names.map { Self(name: $0, source: .diagnosis) }
  }
}

public import BearLabCore
internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// SASRec with what a language model once wrote about interactions like the user's (LLM-CF).
///
///     h = SASRec(history) + w a
///     loss = −log exp(h·e_y) / (exp(h·e_y) + Σ_{j ∈ negatives, j ≠ y} exp(h·e_j))
///            + ρ (1 − mean cos(R state, text))
///
/// Without a bank of examples a is 0: SASRec with a sampled soft-max.
///
/// - Source: Sun et al., "Large Language Models Enhanced Collaborative Filtering", CIKM 2024; section
///   5.1 of the method specification.
public struct LLMCFRecommender: Recommender {
  public static let summary =
    "LLM-CF: SASRec with retrieved examples that a language model explained"
  public static let citation = """
    Sun et al., "Large Language Models Enhanced Collaborative Filtering", CIKM 2024; \
    Jeryi-Sun/LLM-CF
    """
  public static let parameters: [Parameter] =
    [
      .text("bank", default: "", "JSON lines of explained interactions; empty for none"),
      .text("encoder", default: "minilm-l6", "a sentence encoder's name, or its folder"),
      .integer("blocks", default: 2, in: 1...64, "of SASRec; the original has 1"),
      .integer("heads", default: 2, in: 1...64, "of attention"),
      SequentialSettings.width,
      .real("dropout", default: 0.2, in: 0...0.99, "within SASRec"),
      .real("weight-decay", default: 1e-5, in: 0...1, "L2 inside Adam"),
      .integer("negatives", default: 128, in: 1...100_000, unit: "items", "shared by a batch"),
      .integer("examples", default: 2, in: 1...64, "that are retrieved of each label"),
      .real("context-weight", default: 0.1, in: 0..., "of what the examples add to the user"),
      .real("reconstruction-weight", default: 0, in: 0..., "of telling the examples' texts"),
      .flag(
        "exclude-self", default: false, "whether a training window's own example is passed over"),
    ] + SequentialSettings.parameters

  private let hasBank: Bool
  private let blocks: Int
  private let heads: Int
  private let width: Int
  private let dropout: Float
  private let negatives: Int
  private let examples: Int
  private let contextWeight: Float
  private let reconstructionWeight: Float
  private let excludesSelf: Bool
  private var settings: SequentialSettings

  public init(_ values: ParameterValues) throws {
    let bank: String = try values["bank"]
    hasBank = !bank.isEmpty
    blocks = try values["blocks"]
    heads = try values["heads"]
    width = try values["width"]
    dropout = try values["dropout"]
    negatives = try values["negatives"]
    examples = try values["examples"]
    contextWeight = try values["context-weight"]
    reconstructionWeight = try values["reconstruction-weight"]
    excludesSelf = try values["exclude-self"]
    settings = try SequentialSettings(values)
    settings.adam.weightDecay = try values["weight-decay"]
    // The decoder over the examples turns pairs of numbers in two heads.
    guard !hasBank || width % 4 == 0 else { throw LLMCFError.width(width) }
  }

  public var needs: RecommenderNeeds { RecommenderNeeds(examples: hasBank) }

  public var notices: [String] {
    hasBank ? [] : ["llm-cf without recommender.bank is SASRec with a sampled soft-max"]
  }

  /// Trains the network.
  ///
  /// - Throws: ``LLMCFError``, `SequentialError`, and what `progress` throws.
  public func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) throws -> any FittedRecommender {
    guard data.resources.examples != nil || !hasBank else { throw LLMCFError.noBank }
    let base = try base(items: data.catalogue.itemCount, seed: data.seed)
    guard let bank = data.resources.examples, !bank.examples.isEmpty else {
      return try SequentialTrainer(base, settings: settings, data: data).fit(progress: progress) {
        sampledSoftmax(
          base.encode($0.windows.map(\.history), positions: .last, dropout: $0.dropout), $0,
          items: base.itemTable)
      }
    }
    let retrieval = retrieval(ContextBank(bank, maxLength: settings.maxLength))
    let network = network(base, retrieval, seed: data.seed)
    let known = known(data.train, bank, retrieval)
    let fitted = try SequentialTrainer(network, settings: settings, data: data)
      .fit(progress: progress) { mean(of: $0, network, known) }
    network.isTrained = true
    return fitted
  }

  public func restore(
    _ tensors: StoredTensors, catalogue: Catalogue
  ) throws -> any FittedRecommender {
    let base = try base(items: catalogue.itemCount, seed: 0)
    guard let bank = ContextBank(tensors) else {
      return try SequentialRecommender(base, maxLength: settings.maxLength, restoring: tensors)
    }
    let network = network(base, retrieval(bank), seed: 0)
    try tensors.restore(network.parameters)
    network.isTrained = true
    return SequentialRecommender(network, maxLength: settings.maxLength)
  }

  /// A fresh SASRec.
  func base(items: Int, seed: UInt64) throws(SequentialError) -> EarlyPmixerEncoder {
    try EarlyPmixerEncoder(
      items: items, width: width, maxLength: settings.maxLength, blocks: blocks, heads: heads,
      dropoutRate: dropout, key: seed)
  }

  func retrieval(_ bank: ContextBank) -> ExampleRetrieval {
    ExampleRetrieval(bank: bank, count: examples, excludesSelf: excludesSelf)
  }

  func network(
    _ base: EarlyPmixerEncoder, _ retrieval: ExampleRetrieval, seed: UInt64
  ) -> InContextEncoder {
    InContextEncoder(
      base, retrieval, weight: contextWeight, key: CounterGenerator.mix(seed, Self.contextSalt))
  }

  /// Keeps the numbers of the context's weights apart from those of the base.
  private static let contextSalt: UInt64 = 0x636f_6e74

  /// The examples of each training window, its history cut as the trainer cuts it.
  func known(
    _ train: [Window], _ bank: ExampleBank, _ retrieval: ExampleRetrieval
  ) -> [Window: [Int]] {
    let windows = train.map { window in
      Window(
        user: window.user, history: settings.cut(window.history), target: window.target,
        timestamp: window.timestamp)
    }
    // A history that was cut tells no more who is later: both are cut alike.
    let cut = bank.examples.map { example in
      ExampleBank.Example(
        user: example.user, history: settings.cut(example.history), target: example.target,
        isPositive: example.isPositive, timestamp: example.timestamp)
    }
    let found = retrieval(windows.map { .init(history: $0.history, window: $0) }, examples: cut)
    return Dictionary(zip(windows, found), uniquingKeysWith: { first, _ in first })
  }

  /// The mean loss of a batch.
  func mean(
    of batch: TrainingBatch, _ network: InContextEncoder, _ known: [Window: [Int]]
  ) -> Tensor {
    let (users, cosine) = network.encode(
      batch.windows.map(\.history), examples: batch.windows.map { known[$0] ?? [] },
      dropout: batch.dropout)
    let loss = sampledSoftmax(users, batch, items: network.itemTable)
    guard reconstructionWeight > 0, let cosine else { return loss }
    return loss + reconstructionWeight * (1 - cosine)
  }

  /// The mean cross-entropy among the target and negatives that the batch shares.
  func sampledSoftmax(_ users: Tensor, _ batch: TrainingBatch, items: Tensor) -> Tensor {
    let targets = batch.windows.map { $0.target - 1 }
    var random = CounterGenerator(key: CounterGenerator.mix(batch.key, 3))
    let drawn = (0..<negatives).map { _ in Int.random(in: 0..<items.shape[0], using: &random) }
    // A negative that is the target has no share in the sum.
    let mask = targets.flatMap { target in drawn.map { $0 == target ? Self.masked : 0 } }
    let others =
      users.linear(items.rows(at: drawn))
      + Tensor(mask, shape: [targets.count, negatives])
    let own = users.rowDots(items.rows(at: targets)).reshaped([targets.count, 1])
    return Tensor.concatenatingColumns([own, others])
      .crossEntropy(targets: targets.map { _ in 0 }).mean()
  }

  /// Far below any score, and finite.
  private static let masked: Float = -1e9
}

/// Why there is no LLM-CF with some settings.
public enum LLMCFError: BearLabError, Equatable {
  case noBank
  case width(Int)

  public var description: String {
    switch self {
    case .noBank: "recommender llm-cf: there is no bank of examples"
    case .width(let width): "recommender llm-cf: a width of \(width) cannot be shared out in pairs"
    }
  }

  public var remedy: String {
    switch self {
    case .noBank: "give a file: --set recommender.bank=FILE, or leave it empty"
    case .width: "give a multiple of 4"
    }
  }
}

/// Registers the recommender `llm-cf`.
public enum LLMCFModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "llm-cf", LLMCFRecommender.self)
  }
}

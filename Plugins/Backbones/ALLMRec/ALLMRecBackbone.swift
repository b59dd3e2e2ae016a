public import BearLabCore
internal import BearLabNN
internal import BearLabTensor

/// A vector of the user in front of the prompt, and a vector of each item behind its title.
///
/// Stage 1 aligns the items' embeddings in a trained recommender with their titles' sentence
/// embeddings; stage 2 projects the user's vector and the items' aligned codes into the language
/// model, which is fine-tuned with LoRA, or frozen as in the original.
///
/// - Source: S. Kim et al., "Large Language Models meet Collaborative Filtering: An Efficient
///   All-round LLM-based Recommender System", KDD 2024; ghdtjr/A-LLMRec. Prompt and answer are those
///   of the BEAR protocol, over the whole catalogue: section 2.3 of the method specification. The
///   sentence encoder stays as it is, where the original trains it in stage 1.
public struct ALLMRecBackbone: Backbone {
  public static let summary =
    "a vector of the user, and quoted titles, each with a vector aligned with text"
  public static let citation =
    "S. Kim et al., \"Large Language Models meet Collaborative Filtering: An Efficient All-round "
    + "LLM-based Recommender System\", KDD 2024; ghdtjr/A-LLMRec"
  public static let parameters =
    InstructionPrompt.parameters + [
      .text(
        "recommender", default: "",
        "file of a trained recommender; empty for the one that the run trains"),
      .text("encoder", default: "minilm-l6", "a sentence encoder's name, or its folder"),
      .flag("freeze-lm", default: false, "whether the language model stays without LoRA"),
    ] + AlignmentSettings.parameters

  private let template: InstructionPrompt
  private let freezesLanguageModel: Bool
  private let alignment: AlignmentSettings

  public init(_ values: ParameterValues) throws {
    template = try InstructionPrompt(values)
    freezesLanguageModel = try values["freeze-lm"]
    alignment = try AlignmentSettings(values)
  }

  public var needs: BackboneNeeds {
    BackboneNeeds(recommender: true, sentenceEncoder: true, preparation: true)
  }

  public var trainsLanguageModel: Bool { !freezesLanguageModel }

  /// Writes the prompt; without learned vectors, titles alone.
  ///
  /// - Throws: ``HistoryError``.
  public func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) throws(HistoryError) -> Prompt {
    try template.prompt(
      history: history, catalogue: catalogue, phrases: phrases, stage: stage,
      leading: stage.isTextOnly ? [] : [.user(history: history)]
    ) { item, title in
      stage.isTextOnly ? [.text(title)] : [.text(title + " "), .slot(.item(item))]
    }
  }

  public func answer(title: String) -> String { InstructionPrompt.quoted(title) }

  /// Stage 1: aligns items and texts.
  ///
  /// - Throws: ``ALLMRecError`` for a recommender without embeddings, of another catalogue, or
  ///   without users' vectors.
  public func prepare(
    _ context: PreparationContext, progress: (RecommenderProgress) throws -> Void
  ) throws -> StoredTensors {
    guard let encoder = context.sentenceEncoder else { throw ALLMRecError.noEncoder }
    let embeddings = try Self.embeddings(of: context.recommender, context.catalogue)
    let histories = context.train.map(\.history)
    guard !histories.isEmpty else { throw ALLMRecError.noWindows }
    guard let users = try context.recommender?.userVectors(histories: histories) else {
      throw ALLMRecError.noUserVectors
    }
    let texts = try encoder.embed(context.catalogue.titles)
    let networks = AlignmentNetworks(
      itemWidth: embeddings.shape[1], textWidth: encoder.width, settings: alignment,
      seed: context.seed)
    try Alignment(
      embeddings: embeddings, users: users,
      texts: texts.rows(at: (1...context.catalogue.itemCount).map(context.catalogue.titleNumber)),
      windows: context.train, settings: alignment, seed: context.seed
    ).train(networks, progress: progress)
    return StoredTensors(networks.parameters)
  }

  /// Stage 2: fresh projections of users and of items' codes.
  ///
  /// - Throws: ``ALLMRecError``, or ``StoredTensorError`` for what stage 1 did not make.
  public func makeInjector(_ context: InjectorContext) throws -> (any Injector)? {
    let embeddings = try Self.embeddings(of: context.recommender, context.catalogue)
    guard let recommender = context.recommender else { throw ALLMRecError.noEmbeddings }
    let networks = try AlignmentNetworks(context.prepared, settings: alignment)
    guard networks.itemWidth == embeddings.shape[1] else {
      throw ALLMRecError.otherWidth(
        aligned: networks.itemWidth, recommender: embeddings.shape[1])
    }
    return ALLMRecInjector(
      recommender: recommender, embeddings: embeddings, networks: networks, width: context.width,
      seed: context.seed)
  }

  private static func embeddings(
    of recommender: (any FittedRecommender)?, _ catalogue: Catalogue
  ) throws(ALLMRecError) -> Tensor {
    guard let embeddings = recommender?.itemEmbeddings else { throw .noEmbeddings }
    guard embeddings.shape[0] == catalogue.itemCount else {
      throw .otherCatalogue(embeddings: embeddings.shape[0], items: catalogue.itemCount)
    }
    return embeddings
  }
}

/// Why something cannot serve ``ALLMRecBackbone``.
public enum ALLMRecError: BearLabError, Equatable {
  case noEmbeddings
  case noUserVectors
  case noEncoder
  case noWindows
  case noPlaceholder
  case otherCatalogue(embeddings: Int, items: Int)
  case otherWidth(aligned: Int, recommender: Int)

  public var description: String {
    switch self {
    case .noEmbeddings: "backbone a-llmrec: the recommender has no item embeddings"
    case .noUserVectors: "backbone a-llmrec: the recommender has no vectors of users"
    case .noEncoder: "backbone a-llmrec: there is no sentence encoder"
    case .noPlaceholder:
      "backbone a-llmrec: a prompt has a placeholder, which this backbone does not write"
    case .noWindows: "backbone a-llmrec: there are no training windows to align items and texts on"
    case .otherCatalogue(let embeddings, let items):
      "backbone a-llmrec: the recommender has embeddings of \(embeddings) items, but the catalogue "
        + "has \(items)"
    case .otherWidth(let aligned, let recommender):
      "backbone a-llmrec: items of width \(aligned) were aligned with texts, but the recommender's "
        + "have width \(recommender)"
    }
  }

  public var remedy: String {
    switch self {
    case .noEmbeddings, .noUserVectors:
      "give a recommender with item embeddings and users' vectors of their width, such as "
        + "--recommender sasrec"
    case .noEncoder: "get the default one with scripts/fetch minilm-l6"
    case .noPlaceholder: "write prompts with items and users"
    case .noWindows: "give a data set with training windows"
    case .otherCatalogue: "give a recommender that was trained on this data set, or none"
    case .otherWidth: "give the recommender that items and texts were aligned with"
    }
  }
}

/// Registers the backbone `a-llmrec`.
public enum ALLMRecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(backbone: "a-llmrec", ALLMRecBackbone.self)
  }
}

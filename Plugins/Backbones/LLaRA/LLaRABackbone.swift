public import BearLabCore

/// The history as quoted titles, each followed by the item's projected embedding.
///
/// Each entry is `"{title}" [item]`, where `[item]` is one position whose token embedding is replaced
/// by the projection of the item's embedding in a trained recommender, which stays as it is. The
/// prompts of the first steps have a placeholder there instead; the share of steps with embeddings
/// grows linearly over the run.
///
/// - Source: J. Liao et al., "LLaRA: Large Language-Recommendation Assistant", SIGIR 2024;
///   ljy0ustc/LLaRA. Prompt and answer are those of the BEAR protocol, over the whole catalogue:
///   section 2.2 of the method specification.
public struct LLaRABackbone: Backbone {
  public static let summary =
    "the history as quoted titles, each with the projected embedding of a recommender"
  public static let citation =
    "J. Liao et al., \"LLaRA: Large Language-Recommendation Assistant\", SIGIR 2024; ljy0ustc/LLaRA"
  public static let parameters =
    InstructionPrompt.parameters + [
      .text(
        "recommender", default: "",
        "file of a trained recommender; empty for the one that the run trains"),
      .choice(
        "curriculum-reset", default: CurriculumReset.never.rawValue,
        of: CurriculumReset.allCases.map(\.rawValue),
        "whether the share of prompts with embeddings grows over the run, or as the released code "
          + "has it: over each epoch anew, to 1 / epochs"),
    ]

  /// Where the curriculum begins again.
  private enum CurriculumReset: String, CaseIterable, ParameterReadable {
    case never
    case perEpoch = "per-epoch"
  }

  private let template: InstructionPrompt
  private let reset: CurriculumReset

  public init(_ values: ParameterValues) throws {
    template = try InstructionPrompt(values)
    reset = try values["curriculum-reset"]
  }

  public var needs: BackboneNeeds { BackboneNeeds(recommender: true) }

  /// Writes the prompt; without learned vectors each item has the placeholder.
  ///
  /// - Throws: ``HistoryError``.
  public func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) throws(HistoryError) -> Prompt {
    try template.prompt(history: history, catalogue: catalogue, phrases: phrases, stage: stage) {
      item, title in
      [.text(title + " "), .slot(stage.isTextOnly ? .placeholder : .item(item))]
    }
  }

  public func answer(title: String) -> String { InstructionPrompt.quoted(title) }

  /// A fresh projector onto the recommender's embeddings.
  ///
  /// - Throws: ``LLaRAError`` for a recommender whose embeddings are not those of the catalogue.
  public func makeInjector(_ context: InjectorContext) throws -> (any Injector)? {
    guard let embeddings = context.recommender?.itemEmbeddings else {
      throw LLaRAError.noEmbeddings
    }
    guard embeddings.shape[0] == context.catalogue.itemCount else {
      throw LLaRAError.otherCatalogue(
        embeddings: embeddings.shape[0], items: context.catalogue.itemCount)
    }
    return LLaRAInjector(
      embeddings: embeddings, placeholder: context.meanEmbedding, seed: context.seed)
  }

  /// With a probability of the share of steps begun, prompts have embeddings.
  ///
  /// The official code counts micro-batches; here it is optimiser steps, so that memory changes no
  /// result.
  public func stage(
    step: Int, totalSteps: Int, stepsPerEpoch: Int, draw: Double
  ) -> PromptStage {
    let begun = reset == .never ? step + 1 : step % stepsPerEpoch + 1
    return draw < Double(begun) / Double(totalSteps) ? .training : .training.textOnly
  }
}

/// Why a recommender cannot serve ``LLaRABackbone``.
public enum LLaRAError: BearLabError, Equatable {
  case noEmbeddings
  case otherCatalogue(embeddings: Int, items: Int)

  public var description: String {
    switch self {
    case .noEmbeddings: "backbone llara: the recommender has no item embeddings"
    case .otherCatalogue(let embeddings, let items):
      "backbone llara: the recommender has embeddings of \(embeddings) items, but the catalogue "
        + "has \(items)"
    }
  }

  public var remedy: String {
    switch self {
    case .noEmbeddings: "give a recommender with item embeddings, such as --recommender sasrec"
    case .otherCatalogue: "give a recommender that was trained on this data set, or none"
    }
  }
}

/// Registers the backbone `llara`.
public enum LLaRAModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(backbone: "llara", LLaRABackbone.self)
  }
}

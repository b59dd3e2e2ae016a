/// How a user's history becomes a prompt, and what is trained besides LoRA.
///
/// Contract: the prompt is a pure function of history, catalogue, phrases and stage. `answer(title:)`
/// of two titles is equal exactly when the titles are.
public protocol Backbone: Plugin {
  /// The prompt behind which the next item's title is written.
  ///
  /// - Parameters:
  ///   - history: item ids, oldest first.
  ///   - catalogue: the titles of the items.
  ///   - phrases: the words in which the data set's prompts speak of items.
  ///   - stage: training or inference, and whether it has to do without learned vectors.
  /// - Returns: text and slots, without BOS.
  /// - Throws: ``HistoryError``, or an error of the backbone for a history that it cannot write.
  func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) throws -> Prompt
  /// The prompt without any history: what an answer's likelihood is without knowing the user.
  ///
  /// - Parameters:
  ///   - phrases: the words in which the data set's prompts speak of items.
  ///   - stage: training or inference.
  /// - Returns: text without slots and without BOS; by default that of ``InstructionPrompt``.
  func promptWithoutHistory(phrases: PromptPhrases, stage: PromptStage) -> Prompt
  /// The text of an answer, EOS not included.
  func answer(title: String) -> String
  /// Whether what fills the slots is made of a trained recommender, and of a sentence encoder.
  var needs: BackboneNeeds { get }
  /// Whether LoRA is trained; where it is not, the language model stays as it is.
  var trainsLanguageModel: Bool { get }
  /// Learns what fine-tuning builds on and leaves as it is.
  ///
  /// What comes out depends on nothing but the context and the backbone's parameters, so that it is
  /// computed once and kept.
  ///
  /// - Parameters:
  ///   - context: the data, and what ``needs`` asked for.
  ///   - progress: told of epochs done; may throw to stop.
  /// - Returns: tensors by name for ``makeInjector(_:)``; none where there is nothing to learn.
  /// - Throws: an error of the backbone for a recommender that does not fit.
  func prepare(
    _ context: PreparationContext, progress: (RecommenderProgress) throws -> Void
  ) throws -> StoredTensors
  /// Creates what fills the slots; nil where the backbone has none.
  ///
  /// - Parameter context: the language model's width, what ``needs`` asked for, and what
  ///   ``prepare(_:progress:)`` learned.
  /// - Returns: the injector, with fresh weights; nil without slots.
  /// - Throws: an error of the backbone for a recommender that does not fit.
  func makeInjector(_ context: InjectorContext) throws -> (any Injector)?
  /// Whether the prompts of a training step have the vectors that are learned: a curriculum.
  ///
  /// - Parameters:
  ///   - step: optimiser steps done.
  ///   - totalSteps: of the whole training.
  ///   - stepsPerEpoch: of an epoch.
  ///   - draw: a random number of the step, uniform in [0, 1).
  /// - Returns: the stage of all of the step's prompts.
  func stage(step: Int, totalSteps: Int, stepsPerEpoch: Int, draw: Double) -> PromptStage
}

extension Backbone {
  public var needs: BackboneNeeds { BackboneNeeds() }
  public var trainsLanguageModel: Bool { true }
  public func promptWithoutHistory(phrases: PromptPhrases, stage: PromptStage) -> Prompt {
    InstructionPrompt.withoutHistory(phrases: phrases)
  }
  public func prepare(
    _ context: PreparationContext, progress: (RecommenderProgress) throws -> Void
  ) throws -> StoredTensors { StoredTensors([:]) }
  public func makeInjector(_ context: InjectorContext) throws -> (any Injector)? { nil }
  public func stage(
    step: Int, totalSteps: Int, stepsPerEpoch: Int, draw: Double
  ) -> PromptStage { .training }
}

/// What must be there before a backbone's slots can be filled.
public struct BackboneNeeds: Sendable, Hashable {
  /// A trained recommender; which one is a setting of the run.
  public var recommender: Bool
  /// A sentence encoder; the backbone's parameter `encoder` names it.
  public var sentenceEncoder: Bool
  /// What ``Backbone/prepare(_:progress:)`` learns.
  public var preparation: Bool

  /// Creates a description of needs.
  public init(
    recommender: Bool = false, sentenceEncoder: Bool = false, preparation: Bool = false
  ) {
    self.recommender = recommender
    self.sentenceEncoder = sentenceEncoder
    self.preparation = preparation
  }
}

/// What a backbone may learn from before fine-tuning.
public struct PreparationContext {
  /// All training windows.
  public let train: [Window]
  public let catalogue: Catalogue
  /// The trained recommender, where the backbone asked for one.
  public let recommender: (any FittedRecommender)?
  /// The sentence encoder, where the backbone asked for one.
  public let sentenceEncoder: (any SentenceEncoder)?
  /// Of everything random.
  public let seed: UInt64

  /// Creates a context.
  public init(
    train: [Window], catalogue: Catalogue, recommender: (any FittedRecommender)?,
    sentenceEncoder: (any SentenceEncoder)?, seed: UInt64
  ) {
    self.train = train
    self.catalogue = catalogue
    self.recommender = recommender
    self.sentenceEncoder = sentenceEncoder
    self.seed = seed
  }
}

/// What a backbone may use to build its injector.
public struct InjectorContext {
  /// The width D of the language model's embeddings.
  public let width: Int
  /// `[D]`: the mean of the vocabulary's embeddings, which a new word of the vocabulary gets.
  public let meanEmbedding: [Float]
  public let catalogue: Catalogue
  /// The trained recommender, where the backbone asked for one.
  public let recommender: (any FittedRecommender)?
  /// What the backbone learned before.
  public let prepared: StoredTensors
  /// Of the initial weights.
  public let seed: UInt64

  /// Creates a context.
  public init(
    width: Int, meanEmbedding: [Float], catalogue: Catalogue,
    recommender: (any FittedRecommender)?, prepared: StoredTensors = StoredTensors([:]),
    seed: UInt64
  ) {
    precondition(meanEmbedding.count == width, "\(meanEmbedding.count) numbers of width \(width)")
    self.width = width
    self.meanEmbedding = meanEmbedding
    self.catalogue = catalogue
    self.recommender = recommender
    self.prepared = prepared
    self.seed = seed
  }
}

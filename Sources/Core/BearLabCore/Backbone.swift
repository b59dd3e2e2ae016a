public import BearLabTensor

/// How a user's history becomes a prompt, and what is trained besides LoRA.
///
/// Contract: the prompt is a pure function of history, catalogue and phrases; training and inference
/// use the same one. `answer(title:)` of two titles is equal exactly when the titles are.
public protocol Backbone: Plugin {
  /// The prompt behind which the next item's title is written.
  ///
  /// - Parameters:
  ///   - history: item ids, oldest first.
  ///   - catalogue: the titles of the items.
  ///   - phrases: the words in which the data set's prompts speak of items.
  ///   - stage: training or inference, which differ by a space in the official protocol.
  /// - Returns: text and slots, without BOS.
  /// - Throws: an error of the backbone for a history that it cannot write.
  func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) throws -> Prompt
  /// The text of an answer, EOS not included.
  func answer(title: String) -> String
  /// The name of the recommender that must be trained first, or nil.
  var recommender: String? { get }
  /// Creates what fills the slots; nil where the backbone has none.
  ///
  /// - Parameter context: the language model's width, and the recommender if one was asked for.
  /// - Returns: the injector, with fresh weights; nil without slots.
  /// - Throws: an error of the backbone for a recommender that does not fit.
  func makeInjector(_ context: InjectorContext) throws -> (any Injector)?
}

extension Backbone {
  public var recommender: String? { nil }
  public func makeInjector(_ context: InjectorContext) throws -> (any Injector)? { nil }
}

/// Whether a prompt is trained on or searched behind.
public enum PromptStage: Sendable {
  case training
  case inference
}

/// What a backbone may use to build its injector.
public struct InjectorContext {
  /// The width D of the language model's embeddings.
  public let width: Int
  public let catalogue: Catalogue
  /// The trained recommender that the backbone asked for.
  public let recommender: (any FittedRecommender)?
  /// Seeds the projector's initial weights.
  public let seed: UInt64

  /// Creates a context.
  public init(width: Int, catalogue: Catalogue, recommender: (any FittedRecommender)?, seed: UInt64) {
    self.width = width
    self.catalogue = catalogue
    self.recommender = recommender
    self.seed = seed
  }
}

/// Computes the vectors of slots, with gradients to what it trains.
public protocol Injector: AnyObject {
  /// The trained tensors by name, as checkpoints store them.
  var trainable: [(name: String, tensor: Tensor)] { get }
  /// The vectors of `slots`, `[slots, D]`, on the tape.
  func vectors(for slots: [Prompt.Slot]) throws -> Tensor
}

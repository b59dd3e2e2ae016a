/// A window of a user's interactions: the history, oldest first, and the item that follows.
public struct Window: Sendable, Hashable {
  /// The user's id in the data set.
  public let user: Int
  /// Item ids, oldest first; at most 10 in the published data.
  public let history: [Int]
  /// The item id to be predicted.
  public let target: Int
  /// Unix seconds of the target interaction.
  public let timestamp: Int

  /// Creates a window.
  public init(user: Int, history: [Int], target: Int, timestamp: Int) {
    self.user = user
    self.history = history
    self.target = target
    self.timestamp = timestamp
  }
}

/// The words in which prompts speak of a data set's items.
public struct PromptPhrases: Sendable, Hashable {
  /// The instruction line.
  public let instruction: String
  /// What comes before the first title of the history, ending with a space.
  public let historyPhrase: String

  /// Creates the phrases.
  public init(instruction: String, historyPhrase: String) {
    self.instruction = instruction
    self.historyPhrase = historyPhrase
  }
}

/// A data set as every run sees it: section 1 of the method specification.
public struct Dataset: Sendable {
  /// The name that reports print.
  public let name: String
  public let catalogue: Catalogue
  public let phrases: PromptPhrases
  /// All training windows in chronological order: popularity and "seen" are counted on these.
  public let train: [Window]
  /// The windows that language models train on, in the order of `train_10000`.
  public let trainSample: [Window]
  /// The validation windows, in their order of sub-sampling.
  public let validation: [Window]
  /// The test windows, in the order of `test_5000`'s permutation.
  public let test: [Window]
  /// What a reader should know: carved validation, phrases that did not match, and the like.
  public let notices: [String]
  /// SHA-256 of the files that were read, by file name, in hexadecimal.
  public let fileHashes: [String: String]

  /// Creates a data set.
  public init(
    name: String, catalogue: Catalogue, phrases: PromptPhrases, train: [Window],
    trainSample: [Window], validation: [Window], test: [Window], notices: [String] = [],
    fileHashes: [String: String] = [:]
  ) {
    self.name = name
    self.catalogue = catalogue
    self.phrases = phrases
    self.train = train
    self.trainSample = trainSample
    self.validation = validation
    self.test = test
    self.notices = notices
    self.fileHashes = fileHashes
  }
}

/// A layout of files that holds a data set.
///
/// Implementations throw on anything wrong in any row, whether or not a run would reach it.
public protocol DatasetSource: Plugin {
  /// Whether `folder` looks like this layout.
  static func recognises(folder: String) -> Bool
  /// The names of all files that are read where present: their hashes go into a run's description.
  static var fileNames: [String] { get }
  /// Reads the data set in `folder`.
  func load(folder: String) throws -> Dataset
}

extension DatasetSource {
  public static var fileNames: [String] { [] }
}

public import BearLabCore

extension Experiment {
  /// Checks that every prompt of a run and the longest title behind it fit into the model's context.
  ///
  /// A run looks at all of them before it begins: the one that is too long may come last.
  ///
  /// - Throws: ``ExperimentError/promptTooLong(split:user:target:tokens:longestAnswer:context:)``.
  func requireContext() throws {
    let parts: [(String, [Window], PromptStage)] = [
      ("train", try trainingWindows, .training), ("validation", try validationWindows, .inference),
      ("test", try testWindows, .inference),
    ]
    let context = loaded.model.shape.contextLength
    for (split, windows, stage) in parts {
      for window in windows {
        let tokens = try prompt(window, stage: stage).count
        guard tokens + trie.maximumDepth > context else { continue }
        throw ExperimentError.promptTooLong(
          split: split, user: window.user, target: window.target, tokens: tokens,
          longestAnswer: trie.maximumDepth, context: context)
      }
    }
  }
}

/// Why a description cannot be run, though each of its parts is sound.
public enum ExperimentError: BearLabError, Equatable {
  case promptTooLong(
    split: String, user: Int, target: Int, tokens: Int, longestAnswer: Int, context: Int)

  public var description: String {
    switch self {
    case .promptTooLong(let split, let user, let target, let tokens, let longest, let context):
      "the \(split) prompt of user \(user) before item \(target) has \(tokens) tokens, and the "
        + "longest title \(longest), but the model's context has \(context)"
    }
  }

  public var remedy: String {
    switch self {
    case .promptTooLong:
      "shorten the histories or titles of the data set, or use a model with a longer context"
    }
  }
}

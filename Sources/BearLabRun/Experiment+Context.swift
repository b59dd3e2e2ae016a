internal import BearLabCore
internal import BearLabLanguageModel

extension RunInputs {
  /// Checks that every prompt of the run, with the longest title behind it, fits the model's context.
  ///
  /// Found out here rather than after an hour of training.
  ///
  /// - Throws: ``ModelError/promptTooLong(user:items:tokens:titleTokens:contextLength:)``, or what the
  ///   backbone throws.
  func requirePromptsFit() throws {
    let context = model.shape.contextLength
    // EOS is predicted, and never run through the model.
    let answer = trie.maximumDepth - 1
    let stages: [(windows: [Window], stage: PromptStage)] = try [
      (trainingWindows, .training), (validationWindows + testWindows, .inference),
    ]
    for (windows, stage) in stages {
      for window in windows {
        let prompt = try backbone.prompt(
          history: window.history, catalogue: dataset.catalogue, phrases: dataset.phrases,
          stage: stage)
        // A token is a byte at least, BOS aside: most prompts need not be encoded.
        if prompt.byteCount + 1 + answer <= context { continue }
        let tokens = model.encoder.encode(prompt).elements.count
        guard tokens + answer <= context else {
          throw ModelError.promptTooLong(
            user: window.user, items: window.history.count, tokens: tokens, titleTokens: answer,
            contextLength: context)
        }
      }
    }
  }
}

extension Prompt {
  /// The bytes of the text; a slot counts as one.
  fileprivate var byteCount: Int {
    slots.count
      + parts.reduce(0) { count, part in
        guard case .text(let text) = part else { return count }
        return count + text.utf8.count
      }
  }
}

extension Experiment {
  /// Checks that there are rows on which the best epoch can be chosen, or that are asked for.
  ///
  /// - Throws: ``RunDescriptionError/nothingToSelectOn`` and
  ///   ``RunDescriptionError/nothingToMeasure(selection:)``.
  func requireValidation() throws {
    let epochs: Int = try description.training["epochs"]
    let selection = try description.selection
    if try description.measured == .validation,
      selection != .valid || epochs == 0 || dataset.validation.isEmpty
    {
      throw RunDescriptionError.nothingToMeasure(selection: selection.rawValue)
    }
    guard epochs > 1, try description.selection == .valid, dataset.validation.isEmpty else {
      return
    }
    throw RunDescriptionError.nothingToSelectOn
  }
}

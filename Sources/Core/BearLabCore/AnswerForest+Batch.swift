public import BearLabLanguageModel
public import BearLabNN
internal import BearLabTensor

extension AnswerForest {
  /// Runs the model and gives the batch that an objective sees.
  ///
  /// - Parameters:
  ///   - model: the frozen language model.
  ///   - adapter: the LoRA weights, which get gradients.
  ///   - dropout: the step's key; nil for no dropout.
  ///   - injected: the vectors of ``slots``.
  ///   - beamWidth: of the search behind each prompt for ``AnswerBatch/beamThresholds``; nil for none.
  /// - Returns: the batch, whose logits are on the tape.
  /// - Throws: ``BearLabLanguageModel/LanguageModelError``.
  public func batch(
    model: LanguageModel, adapter: LoRAAdapter?, dropout: DropoutKey? = nil,
    injected: InjectedVectors? = nil, beamWidth: Int? = nil
  ) throws -> AnswerBatch {
    // The search goes on from the keys and values of this very pass.
    let cache = beamWidth.map { _ in
      ForestCache(model: model, adapter: adapter, dropout: dropout, injected: injected)
    }
    let nodes = columns == .targets ? distinctNodes : evaluatedNodes
    let states = try model.hiddenStates(
      of: nodes + historyFreeNodes, in: forest, adapter: adapter, dropout: dropout,
      injected: injected, head: columns.head, keeping: cache)
    let hidden =
      historyFreeNodes.isEmpty ? states : states.rows(at: Array(evaluatedNodes.indices))
    let thresholds = try cache.map { cache in
      try beamThresholds(model: model, cache: cache, width: beamWidth ?? 1)
    }
    switch columns {
    case .children:
      let rows = childRows(of: hidden, model: model)
      return AnswerBatch(
        answers: answers, targets: targets, allowed: allowed, children: { rows },
        vocabulary: nil, beamThresholds: thresholds)
    case .targets:
      return AnswerBatch(
        answers: answers, targets: targets, allowed: allowed,
        children: { childRows(of: hidden.rows(at: distinctPlaces), model: model) },
        vocabulary: nil, tokens: { tokenLogProbabilities(of: hidden, model: model) },
        beamThresholds: thresholds)
    case .vocabulary:
      let logits = model.vocabularyLogits(of: hidden)
      let historyFree =
        historyFreeNodes.isEmpty
        ? nil
        : model.vocabularyLogits(
          of: states.rows(at: Array(evaluatedNodes.count..<states.shape[0])))
      return AnswerBatch(
        answers: answers, targets: targets, allowed: allowed,
        children: { [allowed, positions] in
          RaggedRows(gathering: allowed, from: logits, targets: positions)
        },
        vocabulary: { [targets] in RaggedRows(dense: logits, targets: targets.map(Int.init)) },
        historyFree: historyFree.map { logits in
          { [targets] in RaggedRows(dense: logits, targets: targets.map(Int.init)) }
        }, beamThresholds: thresholds)
    }
  }

  /// `[rows]`: the log-probability of every row's token over the vocabulary, from the hidden states of
  /// the distinct nodes.
  private func tokenLogProbabilities(of hidden: Tensor, model: LanguageModel) -> Tensor {
    model.targetLogProbabilities(of: hidden, rows: distinctPlaces, targets: targets)
  }

  /// Logits over the children; a forced token's only logit is 0, which changes nothing.
  private func childRows(of hidden: Tensor, model: LanguageModel) -> RaggedRows {
    let offsets = RaggedRows.offsets(ofLengths: allowed.map(\.count))
    let logits = model.logits(of: hidden, columns: evaluatedRows.map { allowed[$0] })
    let places = evaluatedRows.flatMap { Array(offsets[$0]..<offsets[$0 + 1]) }
    return RaggedRows(
      values: logits.scattered(to: places, count: offsets[offsets.count - 1]), offsets: offsets,
      targets: positions)
  }

  /// `[answers]`: the log-probability of each answer behind its prompt under frozen weights, in nats.
  ///
  /// Over the columns that the forest was laid out for; nothing of it is on the tape.
  ///
  /// - Parameters:
  ///   - model: the frozen language model.
  ///   - adapter: LoRA weights without gradients; nil for the base model.
  ///   - injected: the vectors of ``slots``, constants.
  /// - Returns: a sum over the answer's tokens, EOS included.
  /// - Throws: ``BearLabLanguageModel/LanguageModelError``.
  public func logProbabilities(
    model: LanguageModel, adapter: LoRAAdapter?, injected: InjectedVectors? = nil
  ) throws -> [Float] {
    let logProbabilities: Tensor
    switch columns {
    case .children:
      let hidden = try model.hiddenStates(
        of: evaluatedNodes, in: forest, adapter: adapter, injected: injected)
      logProbabilities = childRows(of: hidden, model: model).targetLogProbabilities()
    case .targets, .vocabulary:
      let hidden = try model.hiddenStates(
        of: distinctNodes, in: forest, adapter: adapter, injected: injected)
      logProbabilities = tokenLogProbabilities(of: hidden, model: model)
    }
    return logProbabilities.sums(over: answers.map(\.rows)).scalars
  }

  /// Puts reference log-probabilities, `[answers]`, beside the answers.
  public mutating func setReference(_ logProbabilities: [Float]) {
    precondition(logProbabilities.count == answers.count, "one for each answer")
    answers = zip(answers, logProbabilities).map { answer, logProbability in
      AnswerBatch.Answer(
        sample: answer.sample, title: answer.title, role: answer.role, rows: answer.rows,
        referenceLogProbability: logProbability, recommenderScore: answer.recommenderScore)
    }
  }

  /// Whether every answer's reference log-probability is known.
  public var hasReference: Bool { answers.allSatisfy { $0.referenceLogProbability != nil } }

  /// `[rows]`: what ``AnswerBatch/beamThresholds`` says, from searches behind all prompts side by
  /// side, each as long as the longest of its sample's answers.
  private func beamThresholds(
    model: LanguageModel, cache: ForestCache, width: Int
  ) throws -> [Float] {
    var scorer = LanguageModelScorer(
      model: model, trie: trie, constraint: .before, cache: cache, promptEnds: promptEnds)
    var searches = promptEnds.indices.map { sample in
      CompetingBeamSearch(
        in: trie, width: width,
        tokenLimit: answers.filter { $0.sample == sample }.map(\.rows.count).max() ?? 0)
    }
    var wanted = searches.indices.map { searches[$0].advance([]) }
    while wanted.contains(where: { !$0.isEmpty }) {
      var scores = try scorer.score(
        wanted.enumerated().flatMap { sample, nodes in
          nodes.map { ScoreRequest(prompt: sample, node: $0) }
        })[...]
      for index in searches.indices where !wanted[index].isEmpty {
        let own = Array(scores.prefix(wanted[index].count))
        scores = scores.dropFirst(own.count)
        wanted[index] = searches[index].advance(own)
      }
    }
    var thresholds = [Float](repeating: -.infinity, count: targets.count)
    for answer in answers {
      // A search that is over keeps its last candidates.
      let own = searches[answer.sample].thresholds
      for (step, row) in answer.rows.enumerated() where !own.isEmpty {
        thresholds[row] = own[min(step, own.count - 1)]
      }
    }
    return thresholds
  }
}

extension ObjectiveNeeds.Columns {
  /// What is asked of the head, for the plan of memory.
  public var head: MemoryPlan.Head {
    switch self {
    case .children: .chosenTokens
    case .targets: .targets
    case .vocabulary: .vocabulary
    }
  }
}

public import BearLabLanguageModel
public import BearLabNN
internal import BearLabTensor

/// The prompts and answers of some training samples as one forest.
///
/// What prompts share, and what the answers behind one prompt share, is one set of nodes. Tokens
/// after the last row that needs logits are left out.
public struct AnswerForest {
  /// The answers that one sample wants scored.
  public struct Sample: Sendable {
    public let prompt: EncodedPrompt
    /// The positive title first.
    public let answers: [(title: Int, role: AnswerBatch.Role)]

    /// Creates a sample.
    public init(prompt: EncodedPrompt, answers: [(title: Int, role: AnswerBatch.Role)]) {
      precondition(!prompt.elements.isEmpty, "a prompt without tokens")
      self.prompt = prompt
      self.answers = answers
    }

    /// Creates a sample whose prompt has no slots.
    public init(
      prompt: [TokenForest.Element], answers: [(title: Int, role: AnswerBatch.Role)]
    ) {
      self.init(prompt: EncodedPrompt(elements: prompt), answers: answers)
    }
  }

  public private(set) var forest = TokenForest()
  /// What is injected into the prompts, each once, in the order of first appearance.
  public private(set) var slots: [Prompt.Slot] = []
  private var answers: [AnswerBatch.Answer] = []
  private var targets: [Int32] = []
  private var allowed: [ArraySlice<Int32>] = []
  /// The rows whose logits are computed, and the forest node behind each.
  private var evaluatedRows: [Int] = []
  private var evaluatedNodes: [Int] = []
  private var positions: [Int] = []
  private let columns: ObjectiveNeeds.Columns

  /// Lays out the samples.
  public init(_ samples: [Sample], trie: ItemTrie, columns: ObjectiveNeeds.Columns) {
    self.columns = columns
    var known: Set<Prompt.Slot> = []
    for (index, sample) in samples.enumerated() {
      slots += sample.prompt.slots.filter { known.insert($0).inserted }
      let promptEnd = forest.insert(sample.prompt.elements).last ?? 0
      for answer in sample.answers {
        let first = targets.count
        addRows(of: answer.title, behind: promptEnd, trie: trie)
        answers.append(
          AnswerBatch.Answer(
            sample: index, title: answer.title, role: answer.role, rows: first..<targets.count))
      }
    }
  }

  private mutating func addRows(of title: Int, behind promptEnd: Int, trie: ItemTrie) {
    var place = promptEnd
    var pending: [Int32] = []
    for node in trie.path(to: trie.leaf(of: title)) {
      let above = trie.parent(of: node) ?? ItemTrie.root
      let children = trie.children(of: above)
      // A forced token needs no logits where only the children's columns are asked for.
      if columns == .vocabulary || children.count > 1 {
        place = forest.insert(tokens: pending, below: place).last ?? place
        pending = []
        evaluatedRows.append(targets.count)
        evaluatedNodes.append(place)
      }
      targets.append(trie.token(of: node))
      allowed.append(trie.childTokens(of: above))
      positions.append(node - children.lowerBound)
      pending.append(trie.token(of: node))
    }
  }

  /// The number of tokens that are computed.
  public var nodeCount: Int { forest.count }

  /// The number of nodes whose logits are computed.
  public var outputCount: Int { evaluatedNodes.count }

  /// Runs the model and gives the batch that an objective sees.
  ///
  /// - Throws: ``LanguageModelError``.
  public func batch(
    model: LanguageModel, adapter: LoRAAdapter?, dropout: DropoutKey? = nil,
    injected: InjectedVectors? = nil
  ) throws -> AnswerBatch {
    let hidden = try model.hiddenStates(
      of: evaluatedNodes, in: forest, adapter: adapter, dropout: dropout, injected: injected,
      needsVocabulary: columns == .vocabulary)
    switch columns {
    case .children:
      let rows = childRows(of: hidden, model: model)
      return AnswerBatch(
        answers: answers, targets: targets, allowed: allowed, children: { rows },
        vocabulary: nil)
    case .vocabulary:
      let logits = model.vocabularyLogits(of: hidden)
      return AnswerBatch(
        answers: answers, targets: targets, allowed: allowed,
        children: { [allowed, positions] in
          RaggedRows(gathering: allowed, from: logits, targets: positions)
        },
        vocabulary: { [targets] in RaggedRows(dense: logits, targets: targets.map(Int.init)) })
    }
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
}

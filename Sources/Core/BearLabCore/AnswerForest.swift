public import BearLabLanguageModel
internal import BearLabTensor

/// The prompts and answers of some training samples as one forest.
///
/// What prompts share, and what the answers behind one prompt share, is one set of nodes. Tokens
/// after the last row that needs logits are left out.
public struct AnswerForest {
  /// The answers that one sample wants scored.
  public struct Sample: Sendable {
    public let prompt: EncodedPrompt
    /// The prompt without the history, behind which all answers are scored too; nil where not.
    public let historyFree: EncodedPrompt?
    /// The positive one first.
    public var answers: [Candidate]

    /// Creates a sample.
    public init(
      prompt: EncodedPrompt, historyFree: EncodedPrompt? = nil, answers: [Candidate]
    ) {
      precondition(!prompt.elements.isEmpty, "a prompt without tokens")
      self.prompt = prompt
      self.historyFree = historyFree
      self.answers = answers
    }

    /// Creates a sample of titles behind a prompt.
    public init(prompt: EncodedPrompt, answers: [(title: Int, role: AnswerBatch.Role)]) {
      self.init(prompt: prompt, answers: answers.map { Candidate(title: $0.title, role: $0.role) })
    }

    /// Creates a sample of titles behind a prompt without slots.
    public init(
      prompt: [TokenForest.Element], answers: [(title: Int, role: AnswerBatch.Role)]
    ) {
      self.init(prompt: EncodedPrompt(elements: prompt), answers: answers)
    }
  }

  /// An answer that is to be scored, and what is known of it.
  public struct Candidate: Sendable {
    /// What is written.
    public enum Text: Sendable, Hashable {
      /// A title of the catalogue.
      case title(Int)
      /// What is no title: tokens, EOS included.
      case tokens([Int32])
    }

    public let text: Text
    public let role: AnswerBatch.Role
    /// See ``AnswerBatch/Answer/referenceLogProbability``.
    public let referenceLogProbability: Float?
    /// See ``AnswerBatch/Answer/recommenderScore``.
    public let recommenderScore: Float?

    /// Creates a candidate.
    public init(
      text: Text, role: AnswerBatch.Role, referenceLogProbability: Float? = nil,
      recommenderScore: Float? = nil
    ) {
      self.text = text
      self.role = role
      self.referenceLogProbability = referenceLogProbability
      self.recommenderScore = recommenderScore
    }

    /// The same with a reference's log-probability.
    public func with(referenceLogProbability: Float?) -> Candidate {
      Candidate(
        text: text, role: role, referenceLogProbability: referenceLogProbability,
        recommenderScore: recommenderScore)
    }

    /// The same with a recommender's score.
    public func with(recommenderScore: Float?) -> Candidate {
      Candidate(
        text: text, role: role, referenceLogProbability: referenceLogProbability,
        recommenderScore: recommenderScore)
    }

    /// Creates a candidate that is a title.
    public init(title: Int, role: AnswerBatch.Role) { self.init(text: .title(title), role: role) }

    /// The title number; nil for what is no title.
    public var title: Int? {
      guard case .title(let title) = text else { return nil }
      return title
    }
  }

  public private(set) var forest = TokenForest()
  /// What is injected into the prompts, each once, in the order of first appearance.
  public private(set) var slots: [Prompt.Slot] = []
  let trie: ItemTrie
  let columns: ObjectiveNeeds.Columns
  var answers: [AnswerBatch.Answer] = []
  /// The last node of each sample's prompt.
  private(set) var promptEnds: [Int] = []
  private(set) var targets: [Int32] = []
  private(set) var allowed: [ArraySlice<Int32>] = []
  /// The place of each row's target among its allowed tokens.
  private(set) var positions: [Int] = []
  /// The rows whose logits are computed, and the forest node behind each.
  private(set) var evaluatedRows: [Int] = []
  private(set) var evaluatedNodes: [Int] = []
  /// The node of each row behind the prompt without the history; empty where there are none.
  private(set) var historyFreeNodes: [Int] = []

  /// Lays out the samples.
  ///
  /// Either all have a prompt without the history or none has; they need the vocabulary's columns, as
  /// do answers that are no titles.
  public init(_ samples: [Sample], trie: ItemTrie, columns: ObjectiveNeeds.Columns) {
    self.columns = columns
    self.trie = trie
    var known: Set<Prompt.Slot> = []
    for (index, sample) in samples.enumerated() {
      slots += sample.prompt.slots.filter { known.insert($0).inserted }
      let promptEnd = forest.insert(sample.prompt.elements).last ?? 0
      promptEnds.append(promptEnd)
      let historyFreeEnd = sample.historyFree.flatMap { forest.insert($0.elements).last }
      precondition(
        historyFreeEnd == nil || columns == .vocabulary, "a history-free prompt without columns")
      for answer in sample.answers {
        let first = targets.count
        let steps = trie.steps(of: answer.text)
        insert(steps, below: promptEnd)
        if let historyFreeEnd { insertHistoryFree(steps, below: historyFreeEnd) }
        answers.append(
          AnswerBatch.Answer(
            sample: index, title: answer.title, role: answer.role, rows: first..<targets.count,
            referenceLogProbability: answer.referenceLogProbability,
            recommenderScore: answer.recommenderScore))
      }
    }
  }

  private mutating func insert(_ steps: [ItemTrie.Step], below promptEnd: Int) {
    var place = promptEnd
    var pending: [Int32] = []
    for step in steps {
      // A forced token needs no logits where only the children's columns are asked for.
      if columns != .children || step.allowed.count > 1 {
        place = forest.insert(tokens: pending, below: place).last ?? place
        pending = []
        evaluatedRows.append(targets.count)
        evaluatedNodes.append(place)
      }
      targets.append(step.token)
      allowed.append(step.allowed)
      positions.append(step.position)
      pending.append(step.token)
    }
  }

  private mutating func insertHistoryFree(_ steps: [ItemTrie.Step], below promptEnd: Int) {
    var place = promptEnd
    for step in steps {
      historyFreeNodes.append(place)
      if historyFreeNodes.count < targets.count {
        place = forest.insert(tokens: [step.token], below: place).last ?? place
      }
    }
  }

  /// ``evaluatedNodes``, each once: answers that begin alike share nodes.
  var distinctNodes: [Int] { Set(evaluatedNodes).sorted() }

  /// The place of every evaluated row's node among ``distinctNodes``.
  var distinctPlaces: [Int] {
    let places = Dictionary(
      uniqueKeysWithValues: distinctNodes.enumerated().map { ($0.element, $0.offset) })
    return evaluatedNodes.map { places[$0] ?? 0 }
  }

  /// The number of tokens that are computed.
  public var nodeCount: Int { forest.count }

  /// The number of nodes whose logits are computed.
  public var outputCount: Int {
    (columns == .targets ? distinctNodes : evaluatedNodes).count + historyFreeNodes.count
  }
}

extension ItemTrie {
  /// A token of an answer.
  struct Step {
    let token: Int32
    /// What the trie allows in its place, the token among it.
    let allowed: ArraySlice<Int32>
    /// Its place among the allowed ones.
    let position: Int
  }

  /// The tokens of an answer; off the trie, a token is the only one allowed.
  fileprivate func steps(of text: AnswerForest.Candidate.Text) -> [Step] {
    let tokens =
      switch text {
      case .title(let title): self.tokens(of: title)
      case .tokens(let tokens): tokens
      }
    var node: Node? = ItemTrie.root
    return tokens.map { token in
      if let above = node, let child = child(of: above, along: token) {
        node = child
        return Step(
          token: token, allowed: childTokens(of: above),
          position: child - children(of: above).lowerBound)
      }
      node = nil
      return Step(token: token, allowed: [token], position: 0)
    }
  }
}

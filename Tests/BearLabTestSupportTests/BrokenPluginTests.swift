import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Testing

/// Plug-ins with one thing wrong each: the kit says what, and where.
@Suite struct BrokenPluginTests {
  private func problems(_ check: () throws -> Void) -> String {
    do { try check() } catch { return "\(error)" }
    return ""
  }

  // MARK: Declarations

  private struct Declared: Metric {
    static let summary = "Says it with a full stop."
    static let parameters: [Parameter] = [
      .integer("k", default: 0, in: 1..., "out of its range"),
      .flag("name", default: true, "taken"),
      .flag("Twice", default: true, "no kebab"), .flag("Twice", default: true, ""),
    ]
    init(_ values: ParameterValues) throws {}
    func gain(rank: Int?) -> Double { rank == nil ? 0 : 1 }
  }

  @Test func declarationsAreRead() {
    let text = problems { try MetricConformance.check(Declared.self) }
    for part in [
      "Declared breaks the contract of Plugin", "without a full stop", "two parameters 'Twice'",
      "cannot be called 'name'", "cannot be called 'Twice'", "'Twice' has no summary",
      "the default of parameter 'k' is refused",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
  }

  // MARK: Objectives

  /// Cross-entropy over the allowed tokens, or what is wrong with it.
  private struct Entropy: Objective {
    static let summary = "cross-entropy with one thing wrong"
    static let parameters: [Parameter] = [
      .choice(
        "fault", default: "none",
        of: ["none", "gradient", "mean", "forced", "observed", "micro", "state", "huge", "random"],
        "what is wrong")
    ]
    let fault: String
    var temperature = 1.0
    private var seen = 0.0
    private var batches = 0.0

    init(_ values: ParameterValues) throws { fault = try values["fault"] }

    var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }

    func loss(_ batch: AnswerBatch) throws -> LossTerms {
      let logits = try batch.childLogits
      let losses = -(logits / Float(temperature)).targetLogProbabilities()
      let count = Float(batch.rowCount)
      switch fault {
      case "gradient": return LossTerms(sum: (losses * losses.detached()).sum(), weight: count)
      case "mean": return LossTerms(sum: losses.mean(), weight: 1)
      case "forced": return LossTerms(sum: (losses + logits.targets).sum(), weight: count)
      case "huge": return LossTerms(sum: losses.exp().sum(), weight: count)
      case "random":
        return LossTerms(sum: losses.sum() * Float.random(in: 0.9...1), weight: count)
      default: return LossTerms(sum: losses.sum(), weight: count)
      }
    }

    mutating func observe(_ batch: AnswerBatch) {
      seen += Double(batch.rowCount)
      batches += 1
      if fault == "observed" { temperature += 1 }
    }

    mutating func stepEnded() {
      if fault == "micro" { temperature = 1 + seen / batches }
      if fault == "state" { temperature = 2 }
      (seen, batches) = (0, 0)
    }

    var state: [String: Double] {
      get { fault == "micro" ? ["temperature": temperature] : [:] }
      set { temperature = newValue["temperature"] ?? 1 }
    }
  }

  @Test(arguments: [
    ("none", ""), ("gradient", "the gradient is off by"),
    ("mean", "the sum of samples [0, 1, 2] is"), ("forced", "forced rows ["),
    ("observed", "observe changes the loss before stepEnded"),
    ("micro", "after a step 'temperature' is"), ("state", "state is not complete"),
    ("huge", "the sum is not finite where logits are huge"),
    ("random", "the same batch twice has other bits"),
  ])
  func wrongObjectivesAreTold(fault: String, told: String) {
    let text = problems { try ObjectiveConformance.check(Entropy.self, ["fault": .text(fault)]) }
    #expect(told.isEmpty ? text.isEmpty : text.contains(told), "\(text)")
    #expect(text.isEmpty || text.contains("batch 0: ") || fault == "huge", "\(text)")
  }

  @Test func aWrongGradientIsLocated() throws {
    let text = problems {
      try ObjectiveConformance.check(Entropy.self, ["fault": .text("gradient")])
    }
    #expect(
      text.contains(
        /most at row \d+, token \d+ \((not )?the target\): the tape has -?[0-9.e-]+, a/),
      "\(text)")
  }

  // MARK: Decoders

  /// Ranks all titles by their log-probability, or what is wrong with it.
  private struct Ranker: Decoder {
    static let summary = "ranks all titles, with one thing wrong"
    static let parameters: [Parameter] = [
      .integer("width", default: 3, in: 1..., "of the list"),
      .choice(
        "fault", default: "none", of: ["none", "twice", "stray", "order", "batch", "score"],
        "what is wrong"),
    ]
    let width: Int
    let fault: String

    init(_ values: ParameterValues) throws {
      width = try values["width"]
      fault = try values["fault"]
    }

    func search(
      prompts: Int, in trie: ItemTrie, scorer: inout some PathScorer
    ) throws -> [[RankedAnswer]] {
      try (0..<prompts).map { prompt in
        var found = try (0..<trie.titleCount).map { title in
          let path = trie.path(to: trie.leaf(of: title))
          let scores = try scorer.score(
            path.map { ScoreRequest(prompt: prompt, node: trie.parent(of: $0) ?? 0) })
          let total = zip(path, scores).reduce(Float(0)) {
            $0 + $1.1.logProbabilities[$1.0 - trie.children(of: $1.1.node).lowerBound]
          }
          return ScoredTitle(title: title, score: fault == "score" ? total / 2 : total)
        }
        found.sort { ($1.score, $0.title) < ($0.score, $1.title) }
        found = Array(found.prefix(width))
        switch fault {
        case "twice": found += found.prefix(1)
        case "stray": found[0] = ScoredTitle(title: trie.titleCount, score: found[0].score)
        case "order": found.reverse()
        case "batch" where prompts > 1: found.removeLast(min(1, found.count - 1))
        default: break
        }
        return found.map(RankedAnswer.init)
      }
    }
  }

  @Test(arguments: [
    ("none", ""), ("twice", "has titles twice in"), ("stray", "that are not in the catalogue"),
    ("order", "not best first"), ("batch", "has other results when searched alone"),
    ("score", "at full width brute force finds [title"),
  ])
  func wrongDecodersAreTold(fault: String, told: String) {
    let text = problems { try DecoderConformance.check(Ranker.self, ["fault": .text(fault)]) }
    #expect(told.isEmpty ? text.isEmpty : text.contains(told), "\(text.prefix(2000))")
    #expect(text.isEmpty || text.contains(/catalogue \d+, constraint (before|after):/))
  }

  // MARK: Backbones

  private struct Writer: Backbone {
    static let summary = "titles and slots, with one thing wrong"
    static let parameters: [Parameter] = [
      .choice(
        "fault", default: "none",
        of: ["none", "stages", "blind", "slot", "bare", "answers", "unknown", "empty", "shape"],
        "what is wrong")
    ]
    let fault: String

    init(_ values: ParameterValues) throws { fault = try values["fault"] }

    func prompt(
      history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
    ) throws -> Prompt {
      if fault != "unknown", let stray = history.first(where: { !catalogue.contains($0) }) {
        throw HistoryError.unknownItem(stray, itemCount: catalogue.itemCount)
      }
      let known = history.filter(catalogue.contains)
      let items = fault == "blind" ? [1] : known
      let end = fault == "stages" && stage.isTraining ? " " : ""
      return Prompt(
        items.flatMap { item -> [Prompt.Part] in
          let slot = Prompt.Slot.item(fault == "slot" ? item % 8 + 1 : item)
          let isBare = stage.isTextOnly && fault != "bare"
          return [.text(catalogue.title(of: item) + " "), .slot(isBare ? .placeholder : slot)]
        } + [.text("\nNext:\(end)")])
    }

    func answer(title: String) -> String { fault == "answers" ? title.lowercased() : title }

    func makeInjector(_ context: InjectorContext) throws -> (any Injector)? {
      fault == "empty" ? nil : Rows(width: fault == "shape" ? 3 : context.width)
    }

    private final class Rows: Injector {
      let table: Tensor

      init(width: Int) {
        table = Tensor(
          (0..<9 * width).map { Float($0 % 7) / 7 }, shape: [9, width], requiresGradient: true)
      }

      var trainable: [(name: String, tensor: Tensor)] { [("rows", table)] }

      func vectors(for slots: [Prompt.Slot]) -> Tensor { table.rows(at: slots.map(\.number)) }
    }
  }

  @Test(arguments: [
    ("none", ""), ("stages", "prompts of training and inference differ: behind 'Heat"),
    ("blind", "the histories [1] and [2] have one prompt"),
    ("slot", "history [1]: slot item(2) stands for nothing of the history"),
    ("bare", "the prompt without learned vectors has slot item(1)"),
    ("answers", "the titles 'Heat' and 'heat' have one answer"),
    ("unknown", "a history of item 9, which the catalogue lacks, is not refused"),
    ("empty", "makeInjector gives nothing to fill them"),
    ("shape", "slots have vectors of shape ["),
  ])
  func wrongBackbonesAreTold(fault: String, told: String) {
    let text = problems { try BackboneConformance.check(Writer.self, ["fault": .text(fault)]) }
    #expect(told.isEmpty ? text.isEmpty : text.contains(told), "\(text)")
  }

  // MARK: Recommenders

  private struct Follower: Recommender {
    static let summary = "the item after the last one, with one thing wrong"
    static let parameters: [Parameter] = [
      .choice(
        "fault", default: "none", of: ["none", "last", "random", "restore", "batch", "empty"],
        "what is wrong")
    ]
    let fault: String

    init(_ values: ParameterValues) throws { fault = try values["fault"] }

    func fit(
      _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
    ) -> any FittedRecommender {
      Fitted(fault: fault, noise: fault == "random" ? Float.random(in: 0...0.1) : 0)
    }

    func restore(
      _ tensors: StoredTensors, catalogue: Catalogue
    ) throws -> any FittedRecommender {
      Fitted(fault: fault, noise: fault == "restore" ? 0.05 : 0)
    }

    private final class Fitted: FittedRecommender {
      let fault: String
      let noise: Float

      init(fault: String, noise: Float) {
        self.fault = fault
        self.noise = noise
      }

      func scores(histories: [[Int]]) -> [[Float]] {
        histories.map { history in
          let next = (history.last ?? 0) % 5
          return (0..<5).map { item in
            let isNext = fault == "last" ? item == (next + 4) % 5 : item == next
            let base: Float = history.isEmpty && fault == "empty" ? .nan : isNext ? 1 : 0
            return base + noise + (fault == "batch" && histories.count > 1 ? 0.1 : 0)
          }
        }
      }

      var tensors: [(name: String, tensor: Tensor)] { [] }
    }
  }

  @Test(arguments: [
    ("none", ""), ("last", "and not the one that always follows"),
    ("random", "the same training twice"), ("restore", "what is restored has other scores"),
    ("batch", "alone has other scores"), ("empty", "an empty history has the scores"),
  ])
  func wrongRecommendersAreTold(fault: String, told: String) {
    let text = problems { try RecommenderConformance.check(Follower.self, ["fault": .text(fault)]) }
    #expect(told.isEmpty ? text.isEmpty : text.contains(told), "\(text)")
  }

  // MARK: Samplers and metrics

  private struct First: NegativeSampler {
    static let summary = "the first titles, with one thing wrong"
    static let parameters: [Parameter] = [
      .choice(
        "fault", default: "none",
        of: ["none", "target", "history", "twice", "many", "few", "stray", "random"],
        "what is wrong")
    ]
    let fault: String

    init(_ values: ParameterValues) throws { fault = try values["fault"] }

    func negatives(
      for request: NegativeRequest, in context: NegativeContext
    ) -> [AnswerForest.Candidate.Text] {
      let all = 0..<context.titleCount
      let drawn = request.firstEligible(of: fault == "random" ? all.shuffled() : Array(all))
      switch fault {
      case "target": return [.title(request.target)] + drawn.dropFirst()
      case "history": return request.history.prefix(1).map { .title($0) } + drawn.dropFirst()
      case "twice": return drawn.prefix(1) + drawn.dropLast()
      case "many": return request.count < 5 ? drawn + [.title(19)] : drawn
      case "few": return Array(drawn.dropLast())
      case "stray": return [.title(context.titleCount)] + drawn.dropFirst()
      default: return drawn
      }
    }
  }

  @Test(arguments: [
    ("none", ""), ("target", "is the target"), ("history", "is of the history"),
    ("twice", "a negative comes twice"), ("many", "are wanted"), ("few", "negatives, where"),
    ("stray", "there is no title 20 among 20"), ("random", "draw from request.seed alone"),
  ])
  func wrongSamplersAreTold(fault: String, told: String) {
    let text = problems { try SamplerConformance.check(First.self, ["fault": .text(fault)]) }
    #expect(told.isEmpty ? text.isEmpty : text.contains(told), "\(text.prefix(2000))")
    #expect(text.isEmpty || text.contains(/request \d+:/))
  }

  private struct Gain: Metric {
    static let summary = "a gain, with one thing wrong"
    static let parameters: [Parameter] = [
      .choice(
        "fault", default: "none", of: ["none", "rising", "flat", "infinite"], "what is wrong")
    ]
    let fault: String

    init(_ values: ParameterValues) throws { fault = try values["fault"] }

    func gain(rank: Int?) -> Double {
      guard let rank else { return 0 }
      switch fault {
      case "rising": return Double(rank)
      case "flat": return 0
      case "infinite": return 1 / Double(rank)
      default: return 1 / Double(rank + 1)
      }
    }
  }

  @Test(arguments: [
    ("none", ""), ("rising", "rank 1 gains 1.0, more than rank 0, 0.0"),
    ("flat", "rank 0 gains no more than no rank"), ("infinite", "the gain of rank 0 is inf"),
  ])
  func wrongMetricsAreTold(fault: String, told: String) {
    let text = problems { try MetricConformance.check(Gain.self, ["fault": .text(fault)]) }
    #expect(told.isEmpty ? text.isEmpty : text.contains(told), "\(text)")
  }
}

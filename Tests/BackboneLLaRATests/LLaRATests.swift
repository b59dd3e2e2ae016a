import BackboneLLaRA
import BearLabCore
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

private let catalogue = Catalogue(itemTitles: ["One", "Two", "Three", "Two"])
private let phrases = PromptPhrases(instruction: "Which?", historyPhrase: "Seen: ")

private func prompt(_ history: [Int], _ stage: PromptStage) throws -> Prompt {
  try LLaRABackbone([:]).prompt(
    history: history, catalogue: catalogue, phrases: phrases, stage: stage)
}

private func makeInjector(
  _ recommender: (any FittedRecommender)?, width: Int = 24, seed: UInt64 = 1
) throws -> any Injector {
  try #require(
    try LLaRABackbone([:]).makeInjector(
      InjectorContext(
        width: width, meanEmbedding: (0..<width).map { Float($0) / 100 }, catalogue: catalogue,
        recommender: recommender, seed: seed)))
}

@Suite struct LLaRAPromptTests {
  /// Items 2 and 4 share a title and have slots of their own.
  @Test func everyTitleIsFollowedByItsItem() throws {
    let hybrid = try prompt([2, 1, 4], .inference)
    #expect(hybrid.slots == [.item(2), .item(1), .item(4)] && hybrid.leading.isEmpty)
    #expect(hybrid.text.contains("Seen: \"Two\" [slot], \"One\" [slot], \"Two\" [slot]\n \n\n"))
    guard case .text(let last) = hybrid.parts.last else {
      Issue.record("the prompt ends with a slot")
      return
    }
    #expect(last == "\n \n\n### Response:\n")
    let textOnly = try prompt([2, 1, 4], .training.textOnly)
    #expect(textOnly.text == hybrid.text)
    #expect(textOnly.slots == [.placeholder, .placeholder, .placeholder])
  }

  @Test func historiesThatCannotBeWrittenAreRefused() throws {
    #expect(throws: HistoryError.empty) { try prompt([], .training) }
    #expect(throws: HistoryError.unknownItem(5, itemCount: 4)) { try prompt([1, 5], .training) }
  }

  /// The share of steps with embeddings grows from 0 to 1, or from 0 to 1 / epochs in each epoch.
  @Test(arguments: [("never", 0.5, [0.125, 0.375, 0.625, 0.875]), ("per-epoch", 0.125, [])])
  func theCurriculumGrows(reset: String, share: Double, quarters: [Double]) throws {
    let backbone = try LLaRABackbone(["curriculum-reset": .text(reset)])
    let (steps, perEpoch) = (20_000, 5_000)
    var random = SeededGenerator(3)
    let hybrid = (0..<steps).map { step in
      backbone.stage(
        step: step, totalSteps: steps, stepsPerEpoch: perEpoch,
        draw: Double.random(in: 0..<1, using: &random)) == .training
    }
    func measured(_ part: ArraySlice<Bool>) -> Double {
      Double(part.count { $0 }) / Double(part.count)
    }
    #expect(abs(measured(hybrid[...]) - share) < 0.01)
    for (quarter, expected) in quarters.enumerated() {
      let part = hybrid[quarter * perEpoch..<(quarter + 1) * perEpoch]
      #expect(abs(measured(part) - expected) < 0.02)
    }
    // The last step of all has embeddings whatever is drawn.
    #expect(
      backbone.stage(step: steps - 1, totalSteps: steps, stepsPerEpoch: perEpoch, draw: 0.999_999)
        == (reset == "never" ? .training : .training.textOnly))
  }
}

@Suite struct LLaRAInjectorTests {
  private let recommender = TableRecommender(items: 4, width: 5)

  /// W₂ gelu(W₁ a + b₁) + b₂ in double precision, from the tensors by their names.
  @Test func anItemsVectorIsItsProjection() throws {
    let injector = try makeInjector(recommender)
    let tensors = Dictionary(uniqueKeysWithValues: injector.trainable.map { ($0.name, $0.tensor) })
    #expect(
      tensors.mapValues(\.shape) == [
        "projector/0/weight": [24, 5], "projector/0/bias": [24], "projector/1/weight": [24, 24],
        "projector/1/bias": [24],
      ])
    func linear(_ x: [Double], _ name: String) throws -> [Double] {
      let weight = try #require(tensors["\(name)/weight"]).scalars.map(Double.init)
      let bias = try #require(tensors["\(name)/bias"]).scalars.map(Double.init)
      return bias.indices.map { row in
        x.indices.reduce(bias[row]) { $0 + weight[row * x.count + $1] * x[$1] }
      }
    }
    let table = try #require(recommender.itemEmbeddings).scalars.map(Double.init)
    for item in 1...4 {
      let hidden = try linear(Array(table[(item - 1) * 5..<item * 5]), "projector/0")
      let expected = try linear(hidden.map(gelu), "projector/1")
      #expect(largestGap(try injector.vectors(for: [.item(item)]).scalars, expected) < 1e-5)
    }
  }

  /// x Φ(x), Φ by a series of the error function.
  private func gelu(_ x: Double) -> Double {
    let z = x / 2.0.squareRoot()
    var (term, sum) = (z, z)
    for n in 1..<60 {
      term *= -z * z / Double(n)
      sum += term / Double(2 * n + 1)
    }
    return x * (1 + 2 / Double.pi.squareRoot() * sum) / 2
  }

  @Test func placeholdersAreTheMeanEmbeddingAndTrainNothing() throws {
    let injector = try makeInjector(recommender)
    let vectors = try injector.vectors(for: [.placeholder])
    #expect(vectors.scalars == (0..<24).map { Float($0) / 100 } && !vectors.requiresGradient)
    let mixed = try injector.vectors(for: [.item(3), .placeholder, .item(1)])
    #expect(Array(mixed.scalars[24..<48]) == vectors.scalars)
    let slots: [Prompt.Slot] = [.item(3), .item(1), .placeholder, .item(4)]
    #expect(try InjectorChecks.largestGapAlone(injector, slots: slots) < 1e-6)
  }

  /// Items under the same title stay two nodes; the same item in two prompts is one vector.
  @Test func gradientsFlowThroughProjectorAndInjection() throws {
    let tiny = try TinyModel(seed: 3)
    let injector = try makeInjector(recommender)
    func prompt(_ items: [Int]) -> EncodedPrompt {
      EncodedPrompt(
        elements: [.init(token: 9)]
          + items.flatMap { [.init(token: 10), .init(token: 0, slot: $0), .init(token: 11)] },
        slots: items.map { .item($0) })
    }
    let prompts = [prompt([2, 4]), prompt([2, 1, 3]), prompt([4])]
    let error = try InjectorChecks.largestGradientError(of: injector, step: 0.004) {
      try InjectorChecks.loss(tiny, injector, prompts: prompts)
    }
    #expect(error < 5e-3)
  }

  @Test func textOnlyStepsGiveTheProjectorNoGradient() throws {
    let tiny = try TinyModel(seed: 3)
    let injector = try makeInjector(recommender)
    let prompt = EncodedPrompt(
      elements: [.init(token: 9), .init(token: 0, slot: 0), .init(token: 10)],
      slots: [.placeholder])
    try InjectorChecks.loss(tiny, injector, prompts: [prompt]).backward()
    #expect(injector.trainable.allSatisfy { $0.tensor.gradient == nil })
  }

  @Test func recommendersThatDoNotFitAreRefused() {
    #expect(throws: LLaRAError.noEmbeddings) { try makeInjector(nil) }
    #expect(throws: LLaRAError.otherCatalogue(embeddings: 3, items: 4)) {
      try makeInjector(TableRecommender(items: 3, width: 5))
    }
  }

  @Test func weightsFollowTheSeedAndAreRestored() throws {
    // Other tests change the instruction set meanwhile.
    try withCompute {
      let (first, same) = (try makeInjector(recommender), try makeInjector(recommender))
      let other = try makeInjector(TableRecommender(items: 4, width: 5, seed: 9), seed: 2)
      func values(_ injector: any Injector) throws -> [Float] {
        try injector.vectors(for: [.item(1), .item(4)]).scalars
      }
      #expect(try values(first) == values(same))
      #expect(try values(first) != values(other))
      try StoredTensors(first.trainable).restore(other.trainable)
      #expect(try values(first) != values(other))
      try StoredTensors(first.frozen).restore(other.frozen)
      #expect(try values(first) == values(other))
    }
  }
}

@Test func theBackboneIsRegistered() throws {
  let registry = PluginRegistry()
  try registry.add(LLaRAModule.self)
  #expect(try registry.backbones.find("llara") == LLaRABackbone.self)
  #expect(try LLaRABackbone([:]).needs == BackboneNeeds(recommender: true))
}

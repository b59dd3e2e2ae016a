import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BackboneALLMRec

private let catalogue = Catalogue(itemTitles: ["One", "Two", "Three", "Two", "Five"])
private let phrases = PromptPhrases(instruction: "Which?", historyPhrase: "Seen: ")
private let windows = [
  Window(user: 1, history: [1, 2], target: 3, timestamp: 0),
  Window(user: 2, history: [4], target: 1, timestamp: 1),
  Window(user: 1, history: [1, 2, 3], target: 5, timestamp: 2),
]

/// The lengths of a text's words, in three dimensions.
private final class LengthEncoder: SentenceEncoder {
  let width = 3
  func embed(_ texts: [String]) -> Tensor {
    Tensor(
      texts.flatMap { text in [1, Float(text.count) / 5, Float(text.utf8.first ?? 0) / 100] },
      shape: [texts.count, 3])
  }
}

private func settings(_ given: [String: ParameterValue] = [:]) throws -> AlignmentSettings {
  try AlignmentSettings(
    ParameterValues(given, for: AlignmentSettings.parameters, owner: "a test"))
}

private let small: [String: ParameterValue] = [
  "code-width": .integer(4), "alignment-epochs": .integer(3), "alignment-batch-size": .integer(2),
  "alignment-learning-rate": .real(0.05),
]

private func preparation(
  _ recommender: (any FittedRecommender)?, encoder: (any SentenceEncoder)? = LengthEncoder(),
  train: [Window] = windows
) -> PreparationContext {
  PreparationContext(
    train: train, catalogue: catalogue, recommender: recommender, sentenceEncoder: encoder, seed: 1)
}

private func makeInjector(
  _ recommender: any FittedRecommender, prepared: StoredTensors, seed: UInt64 = 1
) throws -> any Injector {
  try #require(
    try ALLMRecBackbone(small).makeInjector(
      InjectorContext(
        width: 24, meanEmbedding: [Float](repeating: 0, count: 24), catalogue: catalogue,
        recommender: recommender, prepared: prepared, seed: seed)))
}

@Suite struct ALLMRecPromptTests {
  @Test func theUserComesFirstAndEveryTitleIsFollowedByItsItem() throws {
    let backbone = try ALLMRecBackbone([:])
    let prompt = try backbone.prompt(
      history: [2, 1, 4], catalogue: catalogue, phrases: phrases, stage: .training)
    #expect(prompt.leading == [.user(history: [2, 1, 4])])
    #expect(prompt.slots == prompt.leading + [.item(2), .item(1), .item(4)])
    #expect(prompt.text.contains("Seen: \"Two\" [slot], \"One\" [slot], \"Two\" [slot]\n \n\n"))
    let encoded = WordEncoder(catalogue.titles).encode(prompt)
    // In front of BOS.
    #expect(encoded.elements.first?.slot == prompt.leading[0].number)
    #expect(encoded.elements[1].token == 1 && encoded.slots.count == 4)
    let plain = try backbone.prompt(
      history: [2, 1, 4], catalogue: catalogue, phrases: phrases, stage: .inference.textOnly)
    #expect(plain.slots.isEmpty && plain.text.contains("Seen: \"Two\", \"One\", \"Two\"\n"))
    #expect(throws: HistoryError.empty) {
      try backbone.prompt(history: [], catalogue: catalogue, phrases: phrases, stage: .training)
    }
  }

  @Test func theLanguageModelCanBeFrozen() throws {
    #expect(try ALLMRecBackbone([:]).trainsLanguageModel)
    #expect(try !ALLMRecBackbone(["freeze-lm": .flag(true)]).trainsLanguageModel)
    #expect(
      try ALLMRecBackbone([:]).needs
        == BackboneNeeds(recommender: true, sentenceEncoder: true, preparation: true))
    let registry = PluginRegistry()
    try registry.add(ALLMRecModule.self)
    #expect(try registry.backbones.find("a-llmrec") == ALLMRecBackbone.self)
  }
}

/// Stage 1.
@Suite struct AlignmentTests {
  /// Two items of width 2, a text width of 1, codes of width 1, all weights 0 but for biases.
  ///
  /// With u = (1, 2), A_p = (1, 0), A_n = (0, 2), s_p = 1, s_n = 3, every code σ(0) = 0.5, item
  /// reconstructions (0.5, 1) and text reconstructions 2:
  ///
  ///     L_rec   = softplus(-1.25) + softplus(1.25)      mean of u ⊙ r = (0.5 + 2) / 2 = 1.25
  ///     L_match = 0
  ///     L_item  = (0.25 + 1) / 2 + (0.25 + 1) / 2 = 1.25
  ///     L_text  = 1 + 1 = 2
  @Test func lossesAreThoseDerivedByHand() throws {
    let embeddings = Tensor([1, 0, 0, 2], shape: [2, 2])
    let alignment = Alignment(
      embeddings: embeddings, users: Tensor([1, 2], shape: [1, 2]),
      texts: Tensor([1, 3], shape: [2, 1]),
      windows: [Window(user: 1, history: [2], target: 1, timestamp: 0)],
      settings: try settings(["code-width": .integer(1)]), seed: 1)
    let networks = AlignmentNetworks(
      itemWidth: 2, textWidth: 1, settings: alignment.settings, seed: 1)
    for (name, tensor) in networks.parameters {
      let values: [Float] =
        switch name {
        case "items/decoder/bias": [0.5, 1]
        case "texts/decoder/bias": [2]
        default: [Float](repeating: 0, count: tensor.count)
        }
      tensor.replace(with: values)
    }
    func softplus(_ x: Double) -> Double { log1p(exp(x)) }
    let ranking = softplus(-1.25) + softplus(1.25)
    let expected: Double = ranking + 0.5 * 1.25 + 0.2 * 2
    let whole = Double(alignment.loss(networks, rows: [0], negatives: [2]).scalars[0])
    #expect(abs(whole - expected) < 1e-6)
    // Codes σ(0) = 0.5 of items against σ(log 3) = 0.75 of texts: 2 × 0.25².
    try #require(networks.texts.encoder.bias).replace(with: [log(3)])
    let apart = Double(alignment.loss(networks, rows: [0], negatives: [2]).scalars[0])
    #expect(abs(apart - whole - 0.125) < 1e-6)
  }

  @Test func weightsOfTheLossesAreParameters() throws {
    let recommender = TableRecommender(items: 5, width: 2)
    func loss(_ given: [String: ParameterValue]) throws -> Float {
      let alignment = Alignment(
        embeddings: try #require(recommender.itemEmbeddings),
        users: try #require(recommender.userVectors(histories: windows.map(\.history))),
        texts: LengthEncoder().embed((1...5).map(catalogue.title)), windows: windows,
        settings: try settings(given), seed: 1)
      let networks = AlignmentNetworks(
        itemWidth: 2, textWidth: 3, settings: alignment.settings, seed: 1)
      return alignment.loss(networks, rows: [0, 1, 2], negatives: [4, 2, 4]).scalars[0]
    }
    let names = ["match-weight", "item-weight", "text-weight"]
    let none = Dictionary(uniqueKeysWithValues: names.map { ($0, ParameterValue.real(0)) })
    let base = try loss(none)
    var total = base
    for (name, weight) in zip(names, [1, 0.5, 0.2] as [Float]) {
      let one = try loss(none.merging([name: .real(1)]) { $1 })
      #expect(one > base)
      total += weight * (one - base)
    }
    #expect(abs(try loss([:]) - total) < 1e-5)
  }

  @Test func stageOneLearnsAndIsRepeatable() throws {
    // Other tests change the instruction set meanwhile.
    try withCompute {
      let backbone = try ALLMRecBackbone(small.merging(["alignment-epochs": .integer(40)]) { $1 })
      let recommender = TableRecommender(items: 5, width: 2)
      var losses: [Double] = []
      let first = try backbone.prepare(preparation(recommender)) { losses.append($0.loss) }
      #expect(losses.count == 40 && losses[39] < 0.8 * losses[0])
      let second = try backbone.prepare(preparation(recommender)) { _ in }
      #expect(first.entries == second.entries)
      #expect(first.entries["items/encoder/weight"]?.shape == [4, 2])
      #expect(first.entries["texts/decoder/weight"]?.shape == [3, 4])
      #expect(first.entries.count == 8)
    }
  }

  @Test func whatCannotBeAlignedIsRefused() throws {
    let backbone = try ALLMRecBackbone(small)
    let recommender = TableRecommender(items: 5, width: 2)
    func refused(_ error: ALLMRecError, _ context: PreparationContext) {
      #expect(throws: error) { try backbone.prepare(context) { _ in } }
    }
    refused(.noEmbeddings, preparation(nil))
    refused(.noEncoder, preparation(recommender, encoder: nil))
    refused(.noWindows, preparation(recommender, train: []))
    refused(
      .otherCatalogue(embeddings: 4, items: 5), preparation(TableRecommender(items: 4, width: 2)))
  }
}

/// Stage 2.
@Suite struct ALLMRecInjectorTests {
  private let recommender = TableRecommender(items: 5, width: 2)
  private let prepared: StoredTensors

  init() throws {
    prepared = try ALLMRecBackbone(small).prepare(preparation(recommender)) { _ in }
  }

  private func prompt(_ items: [Int]) -> EncodedPrompt {
    let user = Prompt.Slot.user(history: items)
    return EncodedPrompt(
      elements: [.init(token: 0, slot: user.number), .init(token: 9)]
        + items.flatMap { [.init(token: 10), .init(token: 0, slot: $0)] },
      slots: [user] + items.map { .item($0) })
  }

  @Test func gradientsFlowThroughBothProjections() throws {
    let tiny = try TinyModel(seed: 3)
    let injector = try makeInjector(recommender, prepared: prepared)
    #expect(injector.trainable.count == 12 && injector.frozen.count == 9)
    let prompts = [prompt([2, 4]), prompt([2, 1, 3]), prompt([4])]
    let error = try InjectorChecks.largestGradientError(of: injector, step: 0.004) {
      try InjectorChecks.loss(tiny, injector, prompts: prompts)
    }
    #expect(error < 5e-3)
    #expect(injector.frozen.allSatisfy { $0.tensor.gradient == nil })
    let slots = prompts.flatMap(\.slots)
    #expect(try InjectorChecks.largestGapAlone(injector, slots: slots) < 1e-5)
  }

  /// Two histories of the same items in another order are two users.
  @Test func usersAreToldApart() throws {
    let (first, second) = (Prompt.Slot.user(history: [1, 2]), Prompt.Slot.user(history: [2, 1]))
    #expect(first.number != second.number && first.number > 1 << 60)
    let injector = try makeInjector(recommender, prepared: prepared)
    let vectors = try injector.vectors(for: [.user(history: [1, 2]), .user(history: [3])]).scalars
    #expect(largestGap(Array(vectors[..<24]), Array(vectors[24...])) > 1e-3)
  }

  @Test func foreignAlignmentsAreRefused() throws {
    #expect(throws: StoredTensorError.missing("items/encoder/weight")) {
      try makeInjector(recommender, prepared: StoredTensors([:]))
    }
    #expect(throws: ALLMRecError.otherWidth(aligned: 2, recommender: 3)) {
      try makeInjector(TableRecommender(items: 5, width: 3), prepared: prepared)
    }
    #expect(throws: ALLMRecError.otherCatalogue(embeddings: 6, items: 5)) {
      try makeInjector(TableRecommender(items: 6, width: 2), prepared: prepared)
    }
  }

  @Test func everythingIsRestored() throws {
    // Other tests change the instruction set meanwhile.
    try withCompute {
      let first = try makeInjector(recommender, prepared: prepared)
      let other = try makeInjector(recommender, prepared: prepared, seed: 5)
      let slots: [Prompt.Slot] = [.item(2), .user(history: [4, 1])]
      #expect(try first.vectors(for: slots).scalars != other.vectors(for: slots).scalars)
      try StoredTensors(first.trainable + first.frozen).restore(other.trainable + other.frozen)
      #expect(try first.vectors(for: slots).scalars == other.vectors(for: slots).scalars)
    }
  }
}

import BearLabCore
import BearLabLanguageModel
import BearLabNN
import BearLabRun
import BearLabTestSupport
import BearLabTraining
import Testing

/// How a step is cut into micro-batches changes no loss and no gradient, whatever the objective.
@Suite struct MicroBatchTests {
  private static let sampleCount = 8
  private let tiny: TinyModel
  private let trie: ItemTrie
  private let catalogue: Catalogue

  init() throws {
    tiny = try TinyModel(seed: 81)
    var random = SeededGenerator(82)
    let paths = randomPaths(count: 40, vocabulary: 30, longest: 5, using: &random)
    trie = try ItemTrie(paths: paths)
    catalogue = Catalogue(itemTitles: paths.indices.map { "title \($0)" })
  }

  /// Loss, norm and gradient of two steps: the second one shows what the first one taught.
  private struct Trace {
    var losses: [Double] = []
    var norms: [Double] = []
    var moments: [[Float]] = []
  }

  private func trace(_ objective: any Objective, group: Int?, microBatch: Int?) throws -> Trace {
    let trainer = Trainer(
      model: tiny.model, adapter: tiny.makeAdapter(dropout: 0.2), objective: objective, trie: trie,
      settings: TrainingSettings(
        learningRate: 0, schedule: .constant, clipNorm: nil, normaliseGroup: group,
        microBatch: microBatch),
      totalSteps: 2)
    try trainer.prepareObjective(
      ObjectiveContext(
        catalogue: catalogue, trie: trie,
        targetCounts: [Int](repeating: 1, count: trie.titleCount), totalSteps: 2))
    // An odd one: sprec's are of DPO.
    try trainer.beginEpoch(1)
    var trace = Trace()
    for _ in 0..<2 {
      let report = try trainer.step(samples(objective.needs))
      trace.losses.append(report.loss)
      trace.norms.append(report.gradientNorm)
      // With weights that do not move, the first moments are the gradients of all steps, averaged.
      trace.moments += trainer.optimizer.state.moments.filter { $0.name.hasSuffix("/first") }
        .map(\.values)
    }
    return trace
  }

  /// Samples with all that an objective can ask for; the third has no negatives.
  private func samples(_ needs: ObjectiveNeeds) -> [AnswerForest.Sample] {
    (0..<Self.sampleCount).map { index in
      let prompt = [20, 21, 22, 30 + index % 5, 40 + index].map {
        TokenForest.Element(token: Int32($0))
      }
      let negatives = index == 2 ? 0 : needs.negatives?.count ?? 0
      let answers = (0...negatives).map { place in
        AnswerForest.Candidate(
          text: .title((index * 3 + place) % trie.titleCount),
          role: place == 0 ? .positive : .negative,
          referenceLogProbability: -Float(3 + (index + 2 * place) % 4),
          recommenderScore: Float(index % 3 - place))
      }
      return AnswerForest.Sample(
        prompt: EncodedPrompt(elements: Array(prompt.prefix(4 + index % 2))),
        historyFree: needs.historyFree ? EncodedPrompt(elements: Array(prompt.prefix(2))) : nil,
        answers: answers)
    }
  }

  private static var objectives: [String] {
    get throws { try PluginRegistry.builtin().objectives.names + ["cft+bear"] }
  }

  /// Of a whole batch 2 × 4, 4 × 2, 8 × 1 and 3 + 3 + 2; of groups of 5 and 3 samples 3 + 2 and 3.
  @Test(arguments: try objectives, [(nil, [4, 2, 1, 3]), (5, [3])])
  func microBatchesChangeNothing(
    objective name: String, cuts: (group: Int?, microBatches: [Int])
  ) throws {
    let group = cuts.group
    let type = try PluginRegistry.builtin().objective(named: name)
    var compared = 0
    for settings in settings(of: type.parameters) {
      // What contradicts itself is refused.
      guard let objective = try? type.init(settings) else { continue }
      let whole = try trace(objective, group: group, microBatch: nil)
      for microBatch in cuts.microBatches {
        let cut = try trace(objective, group: group, microBatch: microBatch)
        let place = "\(name) \(settings), micro-batches of \(microBatch)"
        for (own, other) in zip(cut.losses + cut.norms, whole.losses + whole.norms) {
          #expect(abs(own - other) < 1e-5 * abs(other), "\(place)")
        }
        #expect(
          zip(cut.moments, whole.moments).allSatisfy { relativeGap($0, $1) < 1e-5 }, "\(place)")
      }
      compared += 1
    }
    #expect(compared > 0)
  }
}

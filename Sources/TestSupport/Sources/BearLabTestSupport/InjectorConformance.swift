internal import BearLabCore
internal import BearLabTensor

/// What fills a backbone's slots, against the contract of `Injector`.
enum InjectorConformance {
  /// The width of the language model that there is none of.
  private static let width = 12

  static func problems(of backbone: any Backbone) throws -> [String] {
    let slots = try BackboneConformance.slots(backbone)
    guard let injector = try makeInjector(backbone) else {
      return slots.isEmpty
        ? [] : ["prompts have slots, and makeInjector gives nothing to fill them"]
    }
    let names = injector.trainable.map(\.name) + injector.frozen.map(\.name)
    var problems: [String] =
      Set(names).count == names.count ? [] : ["two tensors of the injector have one name: \(names)"]
    let vectors = try injector.vectors(for: slots)
    guard vectors.shape == [slots.count, width] else {
      return problems + [
        "\(slots.count) slots have vectors of shape \(vectors.shape), not \([slots.count, width])"
      ]
    }
    if !vectors.scalars.allSatisfy(\.isFinite) { problems.append("a vector is not finite") }
    let gap = try InjectorChecks.largestGapAlone(injector, slots: slots)
    if !(gap < 1e-5) {
      problems.append("a slot alone has another vector than among others, by \(gap)")
    }
    guard !injector.trainable.isEmpty else { return problems }
    let error = try InjectorChecks.largestGradientError(of: injector, step: 0.004) {
      let vectors = try injector.vectors(for: slots)
      return (vectors * vectors).sum()
    }
    if !(error < 1e-2) {
      problems.append("the gradient of the vectors is off by \(error) from finite differences")
    }
    return problems
  }

  private static func makeInjector(_ backbone: any Backbone) throws -> (any Injector)? {
    let catalogue = BackboneConformance.catalogue
    let recommender =
      backbone.needs.recommender ? TableRecommender(items: catalogue.itemCount, width: 8) : nil
    let windows = (0..<24).map { index in
      Window(
        user: index, history: [index % 8 + 1, (index + 3) % 8 + 1], target: (index + 1) % 8 + 1,
        timestamp: index)
    }
    let prepared =
      backbone.needs.preparation
      ? try backbone.prepare(
        PreparationContext(
          train: windows, catalogue: catalogue, recommender: recommender,
          sentenceEncoder: backbone.needs.sentenceEncoder ? RandomSentences() : nil, seed: 1)
      ) { _ in } : StoredTensors([:])
    return try backbone.makeInjector(
      InjectorContext(
        width: width, meanEmbedding: [Float](repeating: 0.1, count: width), catalogue: catalogue,
        recommender: recommender, prepared: prepared, seed: 2))
  }
}

/// A random vector for each text.
private final class RandomSentences: SentenceEncoder {
  let width = 10

  func embed(_ texts: [String]) -> Tensor {
    let rows = texts.flatMap { text in
      var random = SeededGenerator(text.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
      return (0..<width).map { _ in Float.random(in: -1...1, using: &random) }
    }
    return Tensor(rows, shape: [texts.count, width])
  }
}

import BearLabCore
import BearLabTensor
import BearLabTestSupport
import Synchronization

/// A recommender that is trained for some epochs: it draws a number an item and epoch.
struct FakeRecommender: Recommender {
  static let summary = "draws scores"
  static let parameters: [Parameter] = [
    .integer("epochs", default: 3, in: 1...1000, "how often numbers are drawn"),
    .integer("width", default: 2, in: 1...8, "numbers of an item"),
    .real("learning-rate", default: 1, in: 0...10, "makes the loss no number at 10"),
  ]
  /// How often one was trained in this process.
  static let trainings = Atomic<Int>(0)

  private let epochs: Int
  private let width: Int
  private let rate: Float

  init(_ values: ParameterValues) throws {
    epochs = try values["epochs"]
    width = try values["width"]
    rate = try values["learning-rate"]
  }

  func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) throws -> any FittedRecommender {
    guard !data.validation.isEmpty else { throw FakeError.noValidation }
    Self.trainings.add(1, ordering: .relaxed)
    var random = SeededGenerator(data.seed &+ UInt64(data.train.count))
    var numbers: [Float] = []
    for epoch in 1...epochs {
      numbers = (0..<data.catalogue.itemCount * width).map { _ in
        Float.random(in: 0...1, using: &random)
      }
      try progress(
        RecommenderProgress(
          epoch: epoch, epochs: epochs, loss: rate == 10 ? .nan : 1 / Double(epoch) / 3,
          validationNDCG: epoch == 1 ? nil : 0.1 * Double(epoch)))
    }
    return FakeFitted(Tensor(numbers, shape: [data.catalogue.itemCount, width]))
  }

  func restore(_ tensors: StoredTensors, catalogue: Catalogue) throws -> any FittedRecommender {
    let shape = [catalogue.itemCount, width]
    return FakeFitted(Tensor(try tensors.values("items", shape: shape), shape: shape))
  }
}

final class FakeFitted: FittedRecommender {
  private let items: Tensor

  init(_ items: Tensor) { self.items = items }

  var itemEmbeddings: Tensor? { items }
  var tensors: [(name: String, tensor: Tensor)] { [("items", items)] }

  /// The item's first number, larger behind a longer history.
  func scores(histories: [[Int]]) -> [[Float]] {
    let first = stride(from: 0, to: items.scalars.count, by: items.shape[1]).map {
      items.scalars[$0]
    }
    return histories.map { history in first.map { $0 * Float(history.count + 1) } }
  }
}

enum FakeError: BearLabError, Equatable {
  case noValidation
  var description: String { "there are no validation rows to stop on" }
  var remedy: String { "give the data set a valid.csv" }
}

/// A backbone without slots that asks for a recommender.
struct FakeBackbone: Backbone {
  static let summary = "asks for a recommender"
  static let parameters: [Parameter] = [
    .text("recommender", default: "", "a file of a trained recommender")
  ]
  init(_ values: ParameterValues) throws {}
  var needs: BackboneNeeds { BackboneNeeds(recommender: true) }

  func prompt(
    history: [Int], catalogue: Catalogue, phrases: PromptPhrases, stage: PromptStage
  ) -> Prompt {
    Prompt([.text("Seen \(history.map { catalogue.title(of: $0) }.joined(separator: " ")):")])
  }

  func answer(title: String) -> String { title }
}

/// The built-in plug-ins and the fake ones.
func fakeRegistry() throws -> PluginRegistry {
  let registry = try PluginRegistry.builtin()
  try registry.register(recommender: "fake", FakeRecommender.self)
  try registry.register(backbone: "fake", FakeBackbone.self)
  if !registry.recommenders.contains("sasrec") {
    try registry.register(recommender: "sasrec", FakeRecommender.self)
  }
  return registry
}

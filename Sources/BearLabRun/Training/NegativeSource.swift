internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabNN
internal import Foundation

/// Draws the negatives of a run's training samples.
///
/// What depends on the weights of the time is kept in the run's folder, `negatives-<n>.json`, before
/// the first step that uses it, so that a run which continues has the same.
struct NegativeSource {
  typealias Text = AnswerForest.Candidate.Text

  private let experiment: Experiment
  private let windows: [Window]
  private let needs: ObjectiveNeeds.Negatives
  private let sampler: any NegativeSampler
  private let context: NegativeContext
  private let folder: RunFolder?
  private let seed: UInt64

  /// Prepares the drawing; nil for an objective without negatives.
  ///
  /// - Throws: what the model throws for titles that are to be embedded.
  init?(
    _ experiment: Experiment, _ windows: [Window], needs: ObjectiveNeeds, folder: RunFolder?
  ) throws {
    guard let negatives = needs.negatives, let sampler = experiment.inputs.sampler else {
      return nil
    }
    self.experiment = experiment
    self.windows = windows
    self.needs = negatives
    self.sampler = sampler
    self.folder = folder
    seed = CounterGenerator.mix(try experiment.description.seed, Self.salt)
    context = NegativeContext(
      targetCounts: experiment.statistics.targetCounts,
      titleEmbeddings: sampler.needs.titleEmbeddings ? try experiment.titleEmbeddings() : [],
      endToken: experiment.loaded.encoder.eosToken)
  }

  /// Keeps these numbers apart from those of the order of samples.
  private static let salt: UInt64 = 0x6e65_6761_7469_7665

  /// Whether they are drawn in every step, from its other samples.
  var dependsOnBatch: Bool { sampler.needs.batch }

  /// Whether they are drawn anew at the start of an epoch, numbered from 0.
  func isDue(epoch: Int) -> Bool {
    needs.period == 0 ? epoch == 0 : epoch % needs.period == 0
  }

  /// The negatives of all samples for the epochs from `epoch` on.
  ///
  /// - Parameters:
  ///   - epoch: the last one at whose start they were due, or an earlier one.
  ///   - weights: those of its start.
  ///   - progress: told how many samples a model's lists were found for.
  /// - Returns: `[samples]`; empty lists where they depend on the batch.
  /// - Throws: what sampler and model throw, and ``RunFolderError`` where nothing can be kept.
  func draw(
    epoch: Int, weights: () throws -> TrainedWeights, progress: (Int) throws -> Void
  ) throws -> [[Text]] {
    if dependsOnBatch { return windows.map { _ in [] } }
    let generation = needs.period == 0 ? 0 : epoch / needs.period
    guard let decoding = sampler.needs.decoder else {
      return try windows.indices.map { try negatives(of: $0, generation: generation) }
    }
    let file = folder.map { "\($0.path)/negatives-\(generation).json" }
    if let file, let kept = Self.read(file), kept.count == windows.count { return kept }
    let lists = try experiment.evaluator(decoding).lists(
      windows, weights: try weights(), progress: progress)
    let drawn = try windows.indices.map {
      try negatives(of: $0, generation: generation, ranked: lists[$0])
    }
    if let file { try Self.write(drawn, to: file, in: folder) }
    return drawn
  }

  /// The negatives of a step's samples, where they depend on each other.
  func draw(batch places: [Int], step: Int) throws -> [[Text]] {
    let titles = places.map { target(of: $0) }
    return try places.enumerated().map { index, place in
      var others = titles
      others.remove(at: index)
      return try negatives(of: place, generation: step, batch: others)
    }
  }

  private func negatives(
    of place: Int, generation: Int, batch: [Int] = [], ranked: [RankedAnswer] = []
  ) throws -> [Text] {
    let catalogue = experiment.dataset.catalogue
    return try sampler.negatives(
      for: NegativeRequest(
        target: target(of: place),
        history: Set(windows[place].history.map(catalogue.titleNumber)), count: needs.count,
        batch: batch, ranked: ranked,
        seed: CounterGenerator.mix(CounterGenerator.mix(seed, UInt64(generation)), UInt64(place))),
      in: context)
  }

  private func target(of place: Int) -> Int {
    experiment.dataset.catalogue.titleNumber(of: windows[place].target)
  }

  // MARK: The file

  /// A negative in the file: a title's number, or tokens.
  private enum Entry: Codable {
    case title(Int)
    case tokens([Int32])

    init(from decoder: any Swift.Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let title = try? container.decode(Int.self) {
        self = .title(title)
      } else {
        self = .tokens(try container.decode([Int32].self))
      }
    }

    func encode(to encoder: any Swift.Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .title(let title): try container.encode(title)
      case .tokens(let tokens): try container.encode(tokens)
      }
    }
  }

  /// What a file holds; nil where there is none or it cannot be read: it is then drawn again.
  private static func read(_ path: String) -> [[Text]]? {
    guard let data = FileManager.default.contents(atPath: path),
      let entries = try? JSONDecoder().decode([[Entry]].self, from: data)
    else { return nil }
    return entries.map { row in
      row.map { entry in
        switch entry {
        case .title(let title): .title(title)
        case .tokens(let tokens): .tokens(tokens)
        }
      }
    }
  }

  private static func write(_ drawn: [[Text]], to path: String, in folder: RunFolder?) throws {
    let entries = drawn.map { row in
      row.map { text -> Entry in
        switch text {
        case .title(let title): .title(title)
        case .tokens(let tokens): .tokens(tokens)
        }
      }
    }
    let data = try JSONEncoder().encode(entries)
    try folder?.write(String(decoding: data, as: UTF8.self) + "\n", to: path)
  }
}

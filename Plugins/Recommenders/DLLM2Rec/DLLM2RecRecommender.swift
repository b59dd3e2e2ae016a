public import BearLabCore
internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// A small sequential model that learns from a language model's lists and item embeddings.
///
///     loss = base + α · robust + λ_d · distillation
///
/// - Source: Cui et al., "Distillation Matters: Empowering Sequential Recommenders to Match the
///   Performance of Large Language Models", RecSys 2024; section 5.2 of the method specification.
public struct DLLM2RecRecommender: Recommender {
  public static let summary = "DLLM2Rec: SASRec, GRU4Rec or Caser that learns from a language model"
  public static let citation = """
    Cui et al., "Distillation Matters: Empowering Sequential Recommenders to Match the Performance \
    of Large Language Models", RecSys 2024; istarryn/DLLM2Rec main.py
    """

  enum Base: String, ParameterReadable {
    case sasrec, gru4rec, caser
  }

  public static let parameters: [Parameter] =
    [
      .text("teacher", default: "", "a file that `bear-lab export teacher` wrote"),
      .choice("encoder", default: "sasrec", of: ["sasrec", "gru4rec", "caser"], "the network"),
      .real("alpha", default: 1, in: 0..., "weight of the robust term of DROS"),
      .real("beta", default: 1, in: 0.01..., "the robust radius"),
      .real("embedding-weight", default: 0.2, in: 0..., "of the language model's item vectors"),
      .real("distillation-weight", default: 0.8, in: 0..., "of the teacher's lists"),
      .real("position-weight", default: 0.3, in: 0..., "of the rank in a list's weights"),
      .real("confidence-weight", default: 0.5, in: 0..., "of the teacher's distance in them"),
      .real(
        "consistency-weight", default: 0.1, in: 0...,
        "of being among the student's own best in them"
      ),
      .integer(
        "list", default: 10, in: 1...1000, unit: "items", "of a teacher's list that are used"),
      .choice(
        "negative-term", default: "official", of: ["official", "bce"],
        "what a negative item's score f costs: −log σ(1 − f), or −log(1 − σ(f))"),
      .choice(
        "robust-mean", default: "official", of: ["official", "elementwise"],
        "of the lists' robust terms: a product of two means over the batch, or a mean of products"),
      SequentialSettings.width,
      .real("dropout", default: 0.1, in: 0...0.99, "within SASRec, or of Caser's features"),
      .real("weight-decay", default: 0, in: 0...1, "L2 inside Adam"),
    ] + SequentialSettings.parameters

  private let base: Base
  private let loss = NextItemLoss(kind: .bce, isDROS: true)
  private let distillation: Distillation
  private let alpha: Float
  private let radius: Float
  private let embeddingWeight: Float
  private let distillationWeight: Float
  private let width: Int
  private let dropout: Float
  private var settings: SequentialSettings

  public init(_ values: ParameterValues) throws {
    base = try values["encoder"]
    alpha = try values["alpha"]
    radius = try values["beta"]
    embeddingWeight = try values["embedding-weight"]
    distillationWeight = try values["distillation-weight"]
    distillation = Distillation(
      weights: TeacherWeights(
        position: try values["position-weight"], confidence: try values["confidence-weight"],
        consistency: try values["consistency-weight"]), length: try values["list"],
      negativeTerm: try values["negative-term"], robustMean: try values["robust-mean"],
      robustWeight: alpha)
    width = try values["width"]
    dropout = try values["dropout"]
    settings = try SequentialSettings(values)
    settings.adam.weightDecay = try values["weight-decay"]
    let teacher: String = try values["teacher"]
    guard !needs.teacher || !teacher.isEmpty else { throw DLLM2RecError.noTeacher }
  }

  /// A teacher, unless nothing of it has a weight.
  public var needs: RecommenderNeeds {
    RecommenderNeeds(teacher: embeddingWeight > 0 || distillationWeight > 0)
  }

  /// Trains the student.
  ///
  /// - Throws: ``DLLM2RecError``, `SequentialError`, and what `progress` throws.
  public func fit(
    _ data: RecommenderData, progress: (RecommenderProgress) throws -> Void
  ) throws -> any FittedRecommender {
    let items = data.catalogue.itemCount
    let teacher = data.resources.teacher
    guard teacher != nil || !needs.teacher else { throw DLLM2RecError.noTeacher }
    let base = try encoder(items: items, seed: data.seed)
    var taught: StudentEncoder?
    if let teacher, embeddingWeight > 0 {
      taught = try student(base, teacher.embeddings, seed: data.seed)
    }
    let term = RobustTerm(
      form: .code, radius: radius, targets: data.train.map(\.target), items: items)
    let lists = lists(of: teacher)
    let network: any SequenceEncoder = taught ?? base
    let trained = try SequentialTrainer(network, settings: settings, data: data)
      .fit(progress: progress) { mean(of: $0, network, term, lists) }
    guard let table = taught?.addedTable else { return trained }
    return SequentialRecommender(
      StudentEncoder(base, table: table), maxLength: settings.maxLength)
  }

  public func restore(
    _ tensors: StoredTensors, catalogue: Catalogue
  ) throws -> any FittedRecommender {
    let base = try encoder(items: catalogue.itemCount, seed: 0)
    let network: any SequenceEncoder =
      embeddingWeight > 0
      ? StudentEncoder(base, table: Tensor(zeros: [catalogue.itemCount + 1, width])) : base
    return try SequentialRecommender(network, maxLength: settings.maxLength, restoring: tensors)
  }

  /// A student that learns to use the language model's vectors.
  func student(
    _ base: any ItemInputEncoder, _ vectors: StoredTensors.Entry, seed: UInt64
  ) throws(DLLM2RecError) -> StudentEncoder {
    guard vectors.shape.count == 2, vectors.shape[0] == base.itemCount else {
      throw .otherCatalogue(vectors: vectors.shape, items: base.itemCount)
    }
    return StudentEncoder(
      base, vectors: Tensor(vectors.values, shape: vectors.shape), weight: embeddingWeight,
      key: CounterGenerator.mix(seed, Self.projectionSalt))
  }

  /// Keeps the projection's numbers apart from those of the network.
  private static let projectionSalt: UInt64 = 0x7072_6f6a

  /// The teacher's lists by windows as the trainer has them, their histories cut.
  func lists(of teacher: TeacherLists?) -> [Window: TeacherLists.List] {
    guard let teacher, distillationWeight > 0 else { return [:] }
    return Dictionary(
      teacher.lists.map { window, list in
        let cut = Window(
          user: window.user, history: settings.cut(window.history), target: window.target,
          timestamp: window.timestamp)
        return (cut, list)
      }, uniquingKeysWith: { first, _ in first })
  }

  /// The mean loss of a batch; all parts share the scores of all items.
  func mean(
    of batch: TrainingBatch, _ encoder: any SequenceEncoder, _ term: RobustTerm,
    _ lists: [Window: TeacherLists.List]
  ) -> Tensor {
    let outputs = encoder.encode(
      batch.windows.map(\.history), positions: .last, dropout: batch.dropout)
    let scores = encoder.head(outputs)
    let flat = scores.reshaped([scores.count])
    func column(_ items: [Int]) -> Tensor {
      flat.gathered(at: items.enumerated().map { $0 * encoder.itemCount + $1 - 1 })
    }
    let targets = batch.targets(.last)
    let negatives = column(batch.negatives(.last, items: encoder.itemCount))
    var mean = loss.pairwise(positive: column(targets), negative: negatives)
    if alpha > 0 { mean = mean + alpha * term(scores, targets: targets.map { $0 - 1 }) }
    guard distillationWeight > 0 else { return mean }
    return mean + distillationWeight
      * distillation(
        scores, negatives: negatives, lists: batch.windows.map { lists[$0] }, term: term)
  }

  /// A fresh network.
  func encoder(items: Int, seed: UInt64) throws -> any ItemInputEncoder {
    switch base {
    case .sasrec:
      try QueryNormEncoder(
        items: items, width: width, maxLength: settings.maxLength, dropoutRate: dropout, key: seed)
    case .gru4rec:
      GatedRecurrentEncoder(.dros, items: items, width: width, dropoutRate: 0, key: seed)
    case .caser:
      ConvolutionalEncoder(
        items: items, width: width, length: settings.maxLength, dropoutRate: dropout, key: seed)
    }
  }
}

/// Why there is nothing to distil from.
public enum DLLM2RecError: BearLabError, Equatable {
  case noTeacher
  case otherCatalogue(vectors: [Int], items: Int)

  public var description: String {
    switch self {
    case .noTeacher: "recommender dllm2rec: there is no teacher"
    case .otherCatalogue(let vectors, let items):
      "recommender dllm2rec: the teacher's item vectors have shape \(vectors), and there are "
        + "\(items) items"
    }
  }

  public var remedy: String {
    switch self {
    case .noTeacher:
      "make a file with `bear-lab export teacher RUN FILE` and say --set recommender.teacher=FILE, "
        + "or set embedding-weight and distillation-weight to 0"
    case .otherCatalogue: "use a teacher of the same data set"
    }
  }
}

/// Registers the recommender `dllm2rec`.
public enum DLLM2RecModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(recommender: "dllm2rec", DLLM2RecRecommender.self)
  }
}

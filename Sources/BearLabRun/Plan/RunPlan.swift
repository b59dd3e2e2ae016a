public import BearLabCore
internal import BearLabFormats
public import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTensor
internal import Foundation

/// The memory that a run will take, predicted without its model's weights.
public struct RunPlan {
  /// A part of a run, whose memory is free again when the next one begins.
  struct Stage {
    let name: String
    /// What is computed at a time, at the most.
    let load: MemoryPlan.Load
    let memory: MemoryPlan

    var rows: Int { load.rows }
  }

  let stages: [Stage]
  let precision: Precision
  /// What this process held before a weight was read: program, data, trie, tokenizer.
  let baseBytes: Int
  /// 0 for all that the machine has.
  let limit: Int
  /// What the machine can give; nil where it does not say.
  let availableBytes: Int?

  /// The most that the process will hold, in bytes.
  public var peakBytes: Int { baseBytes + (stages.map(\.memory.peakBytes).max() ?? 0) }

  /// Plans the training of a model that need not exist.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the model.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - rows: the tokens of a micro-batch.
  ///   - outputs: those of them behind which logits are asked for; nil for all.
  ///   - head: which logits are computed.
  ///   - description: the LoRA settings, the precision and the limit.
  /// - Throws: `ComputeError` for a precision that there is not, `LanguageModelError` for a limit
  ///   that cannot be kept.
  public init(
    shape: LanguageModelShape, tiedHead: Bool, rows: Int, outputs: Int? = nil,
    head: MemoryPlan.Head = .chosenTokens, description: RunDescription
  ) throws {
    let resolved = try description.resolvingPrecision()
    let planner = Planner(
      shape: shape, tiedHead: tiedHead, precision: try resolved.precision ?? .f32,
      limit: try resolved.memoryLimit, lora: try resolved.loraSettings,
      baseBytes: Machine.peakBytes ?? 0)
    let load = MemoryPlan.Load(
      rows: rows, outputs: outputs ?? rows, head: head, trains: true)
    self.init(planner, stages: [try planner.stage("training", load)])
  }

  /// Plans a run on data: every micro-batch and every batch of test rows is laid out as the run will.
  ///
  /// - Throws: what reading the data and the header of the model throws, and `LanguageModelError` for
  ///   a limit that cannot be kept.
  public init(
    _ description: RunDescription, registry: PluginRegistry, resources: ResourceLocator
  ) throws {
    guard description.hasModel else {
      try self.init(RecommenderExperiment(description, registry: registry, resources: resources))
      return
    }
    try self.init(RunInputs(description, registry: registry, resources: resources))
  }

  /// A run without a language model, of which nothing but the data is of a size to plan for.
  private init(_ experiment: RecommenderExperiment) {
    stages = []
    precision = .f32
    limit = 0
    baseBytes = Machine.peakBytes ?? 0
    availableBytes = Machine.current.availableMemory
  }

  /// Plans a run of inputs that are there.
  ///
  /// `baseBytes` is what the process held before a weight was read; nil for what it has held so far.
  init(_ inputs: RunInputs, baseBytes: Int? = nil) throws {
    let trains = try inputs.description.trainingSettings.epochs > 0
    let decoding = try inputs.largestDecoding
    let training = trains ? try inputs.largestMicroBatch : nil
    let planner = Planner(
      shape: inputs.model.shape, tiedHead: inputs.model.tiedHead, precision: inputs.precision,
      limit: try inputs.description.memoryLimit,
      lora: trains || inputs.adapter != nil ? try inputs.loraSettings : nil,
      baseBytes: baseBytes ?? Machine.peakBytes ?? 0)
    let stages =
      try [planner.loading]
      + (training.map { [try planner.stage("training", $0)] } ?? [])
      + [planner.stage("decoding", decoding)]
    self.init(planner, stages: stages)
  }

  private init(_ planner: Planner, stages: [Stage]) {
    self.stages = stages
    precision = planner.precision
    limit = planner.limit
    baseBytes = planner.baseBytes
    availableBytes = Machine.current.availableMemory
  }

  /// What all stages share.
  private struct Planner {
    let shape: LanguageModelShape
    let tiedHead: Bool
    let precision: Precision
    let limit: Int
    /// Of what is trained before or while; nil where nothing is.
    let lora: LoRASettings?
    let baseBytes: Int

    func stage(_ name: String, _ load: MemoryPlan.Load) throws(LanguageModelError) -> Stage {
      Stage(
        name: name, load: load,
        memory: try MemoryPlan(
          shape: shape, tiedHead: tiedHead, precision: precision, threads: Compute.threads,
          load: load, lora: lora, limit: limit, otherBytes: baseBytes))
    }

    /// The reading of the model's files.
    var loading: Stage {
      Stage(
        name: "loading",
        load: MemoryPlan.Load(rows: 0, outputs: 0, head: .chosenTokens, trains: false),
        memory: MemoryPlan(
          loading: shape, tiedHead: tiedHead, precision: precision,
          mappedBytes: FileHash.chunk))
    }
  }
}

extension RunPlan {
  /// A table of the stages, its columns aligned.
  public var text: String {
    let available = "this machine has \(ByteCount.text(availableBytes)) available"
    guard !stages.isEmpty else {
      return
        "no language model, no plan: data and program take \(ByteCount.text(baseBytes)), and a "
        + "recommender little more; \(available)\n"
    }
    func row(_ name: String, _ value: (Stage) -> Int) -> [String] {
      [name] + stages.map { ByteCount.text(value($0)) }
    }
    let table = MarkdownTable(
      header: ["memory, \(precision.rawValue)"] + stages.map(\.name),
      rows: [
        ["tokens at once"] + stages.map { "\($0.rows)" },
        row("weights", \.memory.weightBytes), row("activations", \.memory.activationBytes),
        row("LoRA and optimiser", \.memory.adapterBytes), row("logits", \.memory.logitBytes),
        row("scratch", \.memory.scratchBytes),
        row("data and program") { _ in baseBytes },
        row("predicted peak") { baseBytes + $0.memory.peakBytes },
        ["layers computed again"] + stages.map { "\($0.memory.recomputedLayers)" },
      ])
    return table.text + "\n" + (limit > 0 ? "limit \(ByteCount.text(limit)); " : "") + available
      + "\n"
  }

  /// The figures as one JSON object, without a line feed at the end.
  public func json() throws -> String {
    struct Report: Encodable {
      struct Part: Encodable {
        let rows, weightBytes, activationBytes, adapterBytes, logitBytes, scratchBytes: Int
        let peakBytes, recomputedLayers: Int
      }
      let precision: String
      let threads, baseBytes, peakBytes, limitBytes: Int
      let availableBytes: Int?
      let stages: [String: Part]
    }
    let parts = stages.map { stage in
      let memory = stage.memory
      return (
        stage.name,
        Report.Part(
          rows: stage.rows, weightBytes: memory.weightBytes,
          activationBytes: memory.activationBytes, adapterBytes: memory.adapterBytes,
          logitBytes: memory.logitBytes, scratchBytes: memory.scratchBytes,
          peakBytes: baseBytes + memory.peakBytes,
          recomputedLayers: memory.recomputedLayers)
      )
    }
    let report = Report(
      precision: precision.rawValue, threads: Compute.threads, baseBytes: baseBytes,
      peakBytes: peakBytes, limitBytes: limit, availableBytes: availableBytes,
      stages: Dictionary(uniqueKeysWithValues: parts))
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(report), as: UTF8.self)
  }
}

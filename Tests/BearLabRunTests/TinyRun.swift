import BearLabCore
import BearLabRun
import BearLabTensor
import BearLabTestSupport
import Foundation

/// What a run on the tiny model and data left behind.
struct TinyRun {
  let table: ReportTable
  let files: [String: Data]
  let events: [RunEvent]
  var metrics: [MetricLine] {
    get throws { try lines("metrics.jsonl") }
  }

  func lines<Line: Decodable>(_ name: String) throws -> [Line] {
    try (files[name] ?? Data()).split(separator: 0x0A).map {
      try JSONDecoder().decode(Line.self, from: $0)
    }
  }

  var losses: [Double] {
    get throws { try metrics.compactMap(\.loss) }
  }

  var predictions: [PredictionRow] {
    get throws {
      try JSONDecoder().decode([PredictionRow].self, from: files["predictions.json"] ?? Data())
    }
  }
}

struct MetricLine: Decodable {
  let event: String
  let step: Int?
  let epoch: Int?
  let loss: Double?
  let samples: Int?
  let name: String?
  let split: String?
  let rows: Int?
  let ndcg: Double?
  let itemNLL: Double?

  enum CodingKeys: String, CodingKey {
    case event, step, epoch, loss, samples, name, split, rows
    case ndcg = "ndcg@10"
    case itemNLL = "item_nll"
  }
}

struct PredictionRow: Decodable, Equatable {
  let instruction: String
  let input: String
  let output: String
  let predict: [String]
  let predict_scores: [Double]
}

/// The tiny experiment of some settings, which win over those of a run of a fraction of a second.
func tinyExperiment(
  _ settings: [String] = [], cache: String, precisions: [Precision] = Precision.available
) throws -> Experiment {
  let small = [
    "dataset=tiny", "model=tiny", "training.samples=48", "training.learning-rate=0.02",
    "evaluation.users=16", "lora.rank=8", "lora.targets=q_proj,v_proj", "training.epochs=1",
    "training.batch-size=8", "precision=f32",
  ]
  let registry = try PluginRegistry.builtin()
  let description = try RunDescription((small + settings).map(assignment), registry: registry)
  return try Experiment(
    description, registry: registry, resources: ResourceLocator(cache: cache),
    precisions: precisions)
}

/// Reads `kind.parameter=value`, or `parameter=value` for a general setting.
private func assignment(_ setting: String) throws -> RunDescription.Assignment {
  let parts = setting.split(separator: "=").map(String.init)
  return parts[0].contains(".")
    ? try RunDescription.Assignment(parsing: setting)
    : RunDescription.Assignment(section: "", name: parts[0], text: parts[1])
}

/// Runs the tiny experiment; `inspect` sees the folder before it goes.
///
/// It holds threads and instruction set of the process, so calls cannot be nested.
@discardableResult
func tinyRun(
  _ settings: [String] = [], threads: Int = 1,
  inspect: (Experiment, RunFolder, ReportTable) throws -> Void = { _, _, _ in }
) throws -> TinyRun {
  try withCompute(threads: threads) {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(settings, cache: cache)
      let folder = try RunFolder(creating: "\(cache)/run")
      var events: [RunEvent] = []
      let table = try Runner(experiment, in: folder) { events.append($0) }.run()
      try inspect(experiment, folder, table)
      var files: [String: Data] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        files[name] = try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)"))
      }
      return TinyRun(table: table, files: files, events: events)
    }
  }
}

/// The library that multiplies by frozen weights with the best instruction set.
let engineOfThisCPU =
  availableInstructionSets.last?.hasPrefix("avx512") == true ? "onednn" : "openblas"

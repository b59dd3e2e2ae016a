import BearLabCore
import BearLabLanguageModel
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// A run's LoRA weights on their way out and back.
@Suite struct AdapterRunTests {
  private static func export(_ folder: RunFolder) throws -> AdapterExport {
    let cache = URL(filePath: folder.path).deletingLastPathComponent().path
    return try AdapterExport(
      of: folder, registry: .builtin(), resources: ResourceLocator(cache: cache))
  }

  private static func measured(_ settings: [String], cache: String) throws -> ReportTable.Row {
    let table = try tinyExperiment(settings, cache: cache).measure(run: nil) { _ in }
    return try #require(table.rows.first)
  }

  /// The base model with the exported adapter, and the merged model, measure as the run did.
  @Test func anExportIsTheRunsModel() throws {
    try tinyRun(["lora.targets=all", "lora.alpha=12"]) { experiment, folder, table in
      let cache = URL(filePath: folder.path).deletingLastPathComponent().path
      let tuned = try #require(table.rows.last)
      var export = try Self.export(folder)
      #expect(export.epoch == 1 && export.notices.isEmpty)
      #expect(try export.writePEFT(to: "\(cache)/peft") < 1e-6)
      #expect(try export.writeGGUF(to: "\(cache)/lora.gguf") < 1e-6)
      #expect(
        try export.writeMerged(to: "\(cache)/merged", type: .f32, shardBytes: 20_000) < 1e-4)
      for settings in [["adapter=\(cache)/peft"], ["model=\(cache)/merged"]] {
        let row = try Self.measured(settings, cache: cache)
        #expect(row.figures.ndcg == tuned.figures.ndcg, "\(settings)")
        #expect(abs((row.figures.itemNLL ?? 0) - (tuned.figures.itemNLL ?? 1)) < 1e-4)
      }
      let merged = try FileManager.default.contentsOfDirectory(atPath: "\(cache)/merged").sorted()
      #expect(merged.contains("model.safetensors.index.json") && merged.contains("config.json"))
      #expect(merged.contains("model-00001-of-00005.safetensors"), "\(merged)")
      // Nothing half written is left, and nothing is overwritten.
      #expect(
        !(try FileManager.default.contentsOfDirectory(atPath: cache)).contains {
          $0.hasSuffix(".partial")
        })
      for path in ["\(cache)/peft", "\(cache)/lora.gguf"] {
        #expect(throws: AdapterExportError.occupied(path: path)) {
          path.hasSuffix("f") && path.contains("lora")
            ? try export.writeGGUF(to: path) : try export.writePEFT(to: path)
        }
      }
    }
  }

  /// Sixteen bits give other logits, and the probe is of the weights as they are stored.
  @Test func aMergedModelMayBeRounded() throws {
    try tinyRun { _, folder, _ in
      let path = "\(folder.path)-merged"
      var export = try Self.export(folder)
      let gap = try export.writeMerged(to: path, type: .bf16)
      #expect(gap > 1e-4 && gap < 0.5, "\(gap)")
      let model = try LoadedModel(path: path)
      let probe = try #require(try ExportProbe(in: path))
      #expect(try probe.gap(to: model.model, adapter: nil) == 0)
    }
  }

  /// Training goes on from the adapter: its first loss is that of the adapted model, its table's
  /// zero-shot row is measured with it, and `run.yaml` says which it was.
  @Test func trainingBeginsWithTheAdapter() throws {
    try tinyRun(["lora.dropout=0"]) { _, folder, table in
      let cache = URL(filePath: folder.path).deletingLastPathComponent().path
      let adapter = "\(cache)/peft"
      var export = try Self.export(folder)
      _ = try export.writePEFT(to: adapter)
      // The rank of section lora is not looked at.
      let settings = ["lora.dropout=0", "adapter=\(adapter)", "lora.rank=3"]
      let experiment = try tinyExperiment(settings, cache: cache)
      let second = try RunFolder(creating: "\(cache)/second")
      var notices: [String] = []
      let continued = try Runner(experiment, in: second) {
        if case .notice(let text) = $0 { notices.append(text) }
      }.run()
      #expect(notices.contains("training begins with the adapter in \(adapter)"), "\(notices)")
      let zeroShot = try #require(continued.rows.first { $0.name == "zero-shot" })
      #expect(zeroShot.figures.ndcg == table.rows.last?.figures.ndcg)
      #expect(zeroShot.figures.ndcg != table.rows.first { $0.name == "zero-shot" }?.figures.ndcg)
      #expect(
        try second.readRecord()["adapter-sha256"] == PEFTAdapter(folder: adapter).hash)
      // Exported again, with the rank and the scale of the first run.
      var again = try Self.export(second)
      #expect(try again.writePEFT(to: "\(cache)/again") < 1e-6)
      let config = try String(contentsOfFile: "\(cache)/again/adapter_config.json", encoding: .utf8)
      #expect(config.contains(#""r" : 8"#) && config.contains(#""lora_alpha" : 16"#), "\(config)")
      // A run is measured with its own adapter.
      let own = experiment.description
      let other = try tinyExperiment(["lora.dropout=0"], cache: cache).description
      #expect(
        throws: RunFolderError.otherAdapter(
          path: second.path, trained: adapter, given: "no adapter")
      ) { try own.requireSameTraining(of: other, in: second) }
    }
  }

  /// What was changed behind our back is found before anything is computed with it.
  @Test func aChangedExportIsRefused() throws {
    try tinyRun(["lora.rank=32"]) { _, folder, _ in
      let cache = URL(filePath: folder.path).deletingLastPathComponent().path
      var export = try Self.export(folder)
      _ = try export.writePEFT(to: "\(cache)/peft")
      let path = "\(cache)/peft/adapter_config.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try text.replacing(#""use_rslora" : false"#, with: #""use_rslora" : true"#)
        .write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: ExportProbeError.self) {
        try tinyExperiment(["adapter=\(cache)/peft"], cache: cache)
      }
      #expect(error?.description.contains("model.layers.0.self_attn.q_proj") == true)
    }
  }

  @Test func aBackboneThatTrainsNoLoRATakesNoAdapter() throws {
    try tinyRun { _, folder, _ in
      let cache = URL(filePath: folder.path).deletingLastPathComponent().path
      var export = try Self.export(folder)
      _ = try export.writePEFT(to: "\(cache)/peft")
      #expect(throws: PEFTError.frozenBackbone(name: "a-llmrec")) {
        try tinyExperiment(
          ["backbone=a-llmrec", "backbone.freeze-lm=true", "adapter=\(cache)/peft"], cache: cache)
      }
    }
  }
}

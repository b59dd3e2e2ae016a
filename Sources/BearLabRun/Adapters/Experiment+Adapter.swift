internal import BearLabCore
internal import BearLabLanguageModel
internal import BearLabNN

extension LanguageModel {
  /// LoRA weights as a description has them: those of an adapter where there is one, else fresh ones;
  /// none where the backbone leaves the language model as it is.
  ///
  /// - Throws: ``PEFTError``.
  func makeAdapter(
    for description: RunDescription, from adapter: PEFTAdapter?, backbone: any Backbone
  ) throws -> LoRAAdapter {
    var settings = try description.loraSettings
    if let adapter { return try adapter.adapter(for: shape, dropout: settings.dropout) }
    if !backbone.trainsLanguageModel { settings.targets = [] }
    return makeAdapter(settings, seed: try description.seed)
  }
}

extension Experiment {
  /// Checks an adapter that was exported here against what it gave then.
  ///
  /// - Throws: ``ExportProbeError``.
  func checkProbe() throws {
    guard let found = inputs.adapter, let probe = try ExportProbe(in: found.folder) else { return }
    let adapter = try found.adapter(for: loaded.model.shape)
    try probe.check(adapter, folder: found.folder)
    try probe.check(loaded.model, adapter: adapter, folder: found.folder)
  }
}

internal import BearLabCore
internal import BearLabLanguageModel
internal import BearLabTraining

extension RunInputs {
  /// The largest number of nodes of a micro-batch of the first epoch.
  var largestMicroBatch: Int {
    get throws {
      let settings = try description.trainingSettings
      let samples = try trainingWindows.map(sample)
      let sizes = settings.batches(sampleCount: samples.count, epoch: 0).flatMap { batch in
        settings.microBatches(of: batch.map { samples[$0] }).map { part in
          AnswerForest(Array(part), trie: trie, columns: objective.needs.columns).nodeCount
        }
      }
      return sizes.max() ?? 0
    }
  }

  /// The largest number of nodes of a batch of test rows: their prompts, and the beams behind each.
  ///
  /// Which beams a search follows is not known before; each is taken to have the length of a title.
  var largestDecoding: Int {
    get throws {
      let size: Int = try description.evaluation["batch-size"]
      let width: Int = (try? description.decoder.values["width"]) ?? 1
      let windows = try testWindows
      let sizes = try stride(from: 0, to: windows.count, by: size).map { start in
        let batch = windows[start..<min(start + size, windows.count)]
        var forest = TokenForest()
        for window in batch { _ = forest.insert(try prompt(window, stage: .inference)) }
        return forest.count + batch.count * width * meanTitleLength
      }
      return sizes.max() ?? 0
    }
  }

  /// In tokens, EOS left out: it is predicted, and never run through the model.
  private var meanTitleLength: Int {
    let titles = dataset.catalogue.titles.indices
    let tokens = titles.reduce(0) { $0 + trie.tokens(of: $1).count - 1 }
    return titles.isEmpty ? 0 : tokens / titles.count
  }
}

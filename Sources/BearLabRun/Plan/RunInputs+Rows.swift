internal import BearLabCore
internal import BearLabLanguageModel
internal import BearLabTraining

extension RunInputs {
  /// The largest numbers of nodes and of outputs of a micro-batch, over all epochs.
  var largestMicroBatch: MemoryPlan.Load {
    get throws {
      var load = MemoryPlan.Load(
        rows: 0, outputs: 0, head: objective.needs.columns.head, trains: true)
      let settings = try description.trainingSettings
      let samples = try trainingWindows.map {
        withNegatives(try sample($0, stage: .training))
      }
      let batches = (0..<settings.epochs).lazy.flatMap { epoch in
        settings.batches(sampleCount: samples.count, epoch: epoch)
      }
      for batch in batches {
        for part in settings.microBatches(of: batch.map { samples[$0] }) {
          let answers = AnswerForest(Array(part), trie: trie, columns: objective.needs.columns)
          load.rows = max(load.rows, answers.nodeCount)
          load.outputs = max(load.outputs, answers.outputCount)
        }
      }
      return load
    }
  }

  /// A sample with as many other titles as the objective has negatives: which ones are drawn is not
  /// known yet.
  private func withNegatives(_ sample: AnswerForest.Sample) -> AnswerForest.Sample {
    guard let count = objective.needs.negatives?.count, let own = sample.answers.first?.title else {
      return sample
    }
    let titles = trie.titleCount
    var sample = sample
    sample.answers += (1...count).map { place in
      AnswerForest.Candidate(
        title: (own + place * max(1, titles / (count + 1))) % titles, role: .negative)
    }
    return sample
  }

  /// The largest number of nodes of a batch of test rows: their prompts, and the beams behind each.
  var largestDecoding: MemoryPlan.Load {
    get throws {
      let size: Int = try description.evaluation["batch-size"]
      let width: Int = (try? description.decoder.values["width"]) ?? 1
      let beams = beamNodes(width: width)
      let windows = try testWindows
      let sizes = try stride(from: 0, to: windows.count, by: size).map { start in
        let batch = windows[start..<min(start + size, windows.count)]
        var forest = TokenForest()
        for window in batch { _ = forest.insert(try prompt(window, stage: .inference).elements) }
        return forest.count + batch.count * beams
      }
      return MemoryPlan.Load(
        rows: sizes.max() ?? 0, outputs: min(size, windows.count) * width,
        head: description.constraint == .after ? .vocabulary : .chosenTokens, trains: false)
    }
  }

  /// The nodes that a search adds behind one prompt, about.
  ///
  ///     Σ_d min(width · share of the titles with a token at depth d, trie nodes at depth d)
  ///
  /// Which beams are followed is not known before: they are taken to be of all titles alike. Only
  /// tokens behind which something is chosen are run through the model.
  private func beamNodes(width: Int) -> Int {
    var depths: [(titles: Int, nodes: Set<ItemTrie.Node>)] = []
    let titles = dataset.catalogue.titles.indices
    for title in titles {
      for (depth, node) in computedPath(to: title).enumerated() {
        if depth == depths.count { depths.append((0, [])) }
        depths[depth].titles += 1
        depths[depth].nodes.insert(node)
      }
    }
    return depths.reduce(0) { total, depth in
      total + min((width * depth.titles + titles.count - 1) / titles.count, depth.nodes.count)
    }
  }

  /// The nodes of a title's path that are run through the model: none that nothing is asked behind.
  private func computedPath(to title: Int) -> [ItemTrie.Node] {
    let path = trie.path(to: trie.leaf(of: title))
    guard description.constraint == .before else { return path.dropLast() }
    let lastChoice = path.lastIndex { node in
      trie.children(of: trie.parent(of: node) ?? ItemTrie.root).count > 1
    }
    return Array(path.prefix(lastChoice ?? 0))
  }
}

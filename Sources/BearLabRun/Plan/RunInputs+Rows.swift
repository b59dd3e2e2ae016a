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
  var largestDecoding: Int {
    get throws {
      let size: Int = try description.evaluation["batch-size"]
      let beams = beamNodes(width: (try? description.decoder.values["width"]) ?? 1)
      let windows = try testWindows
      let sizes = try stride(from: 0, to: windows.count, by: size).map { start in
        let batch = windows[start..<min(start + size, windows.count)]
        var forest = TokenForest()
        for window in batch { _ = forest.insert(try prompt(window, stage: .inference)) }
        return forest.count + batch.count * beams
      }
      return sizes.max() ?? 0
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

internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabNN
internal import Foundation

extension Experiment {
  /// Writes what a run recommends behind training windows, for a recommender to learn from.
  ///
  /// - Parameters:
  ///   - folder: of the run; the checkpoint of its best epoch decodes.
  ///   - rows: the first of the windows that language models train on, so many.
  ///   - path: of the file; see `TeacherFile`.
  ///   - interruption: asked after every batch.
  ///   - observer: told how far it is.
  /// - Returns: the number of lists.
  /// - Throws: ``RunInterrupted``, and what checkpoint, model, decoder and file throw.
  @discardableResult
  public func exportTeacher(
    of folder: RunFolder, rows: Int, to path: String, interruption: Interruption = Interruption(),
    observer: (RunEvent) -> Void
  ) throws -> Int {
    try changes(since: folder).forEach { observer(.notice($0)) }
    try prepareRecommender(of: folder, observer: observer)
    let injector = try makeInjector(observer: observer)
    let weights = try trainedWeights(of: folder, injector: injector).weights
    let windows = Array(dataset.trainSample.prefix(rows))
    observer(.began(stage: "teacher's lists", done: 0, total: windows.count, unit: "windows"))
    let evaluation = try evaluator().evaluate(windows, weights: weights) {
      observer(.progress(done: $0, detail: ""))
      try interruption.check(run: folder.path)
    }
    let places = Dictionary(
      dataset.train.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let lists = evaluation.rows.compactMap { row in
      places[row.window].map { (row: $0, list: teacherList(row.ranked)) }
    }
    try TeacherFile.write(lists, embeddings: titleEmbeddings(observer), of: dataset, to: path)
    return lists.count
  }

  /// The titles of a list as items, the first of each title; what is no title is left out.
  ///
  /// A distance is a score with the other sign: grounding's is a distance, a beam's −log P.
  private func teacherList(_ ranked: [RankedAnswer]) -> TeacherLists.List {
    let titles = ranked.compactMap { answer in answer.title.map { ($0, -answer.score) } }
    return TeacherLists.List(
      items: titles.map { dataset.catalogue.items(withTitle: $0.0)[0] }, distances: titles.map(\.1))
  }

  /// The base model's last hidden state at the end of each item's title, `[items, width]`.
  private func titleEmbeddings(_ observer: (RunEvent) -> Void) throws -> StoredTensors.Entry {
    let encoder = loaded.encoder
    let scorer = LanguageModelScorer(
      model: loaded.model, adapter: nil, trie: trie, constraint: constraint, prompts: [])
    let texts = dataset.catalogue.titles.map { title -> [Int32] in
      let tokens = (encoder.bosToken.map { [$0] } ?? []) + encoder.encode(title)
      return tokens.isEmpty ? [encoder.eosToken] : tokens
    }
    observer(.began(stage: "titles' vectors", done: 0, total: texts.count, unit: "titles"))
    var states: [[Float]] = []
    for start in stride(from: 0, to: texts.count, by: 256) {
      states += try scorer.embeddings(of: Array(texts[start..<min(start + 256, texts.count)]))
      observer(.progress(done: states.count, detail: ""))
    }
    let items = (0..<dataset.catalogue.itemCount).map { dataset.catalogue.titleNumber(of: $0 + 1) }
    return StoredTensors.Entry(
      shape: [items.count, loaded.model.shape.width], values: items.flatMap { states[$0] })
  }
}

public import BearLabCore
internal import Foundation

/// The runs that a table or figure needs, each once, in an order in which they can be done.
public struct ReproductionPlan: Sendable {
  public let target: ReproductionTarget
  let layout: ReproductionLayout
  let request: ReproductionRequest
  public private(set) var runs: [Run] = []
  /// The places in ``runs`` of each cell's seeds.
  private(set) var cells: [Cell: [Int]] = [:]

  /// A row of a block on a data set.
  struct Cell: Hashable {
    let dataset: String
    let block: String
    let method: String
  }

  /// A run of a cell and seed.
  public struct Run: PlannedRun {
    /// The name of its folder.
    public let name: String
    public let path: String
    /// What describes it, later ones winning over earlier ones.
    public let settings: [RunDescription.Assignment]
    public let description: RunDescription
    /// The paper's name of the row that it is for.
    public let method: String
  }

  /// Describes every run; nothing is read but the names of plug-ins.
  ///
  /// - Throws: ``ReproductionError``, such as for a row whose plug-in there is not.
  public init(
    _ target: ReproductionTarget, _ request: ReproductionRequest, registry: PluginRegistry
  ) throws {
    try request.check(target.layout)
    self.target = target
    let all = target.layout
    layout = request.methods.isEmpty ? all : all.keeping(methods: request.methods)
    var request = request
    if request.datasets.isEmpty {
      // Toy-S is a sample of Toy.
      request.datasets = layout.datasets.map { $0.lowercased().replacing("-s", with: "") }
    }
    self.request = request
    var unused = Set(request.settings.indices.filter { request.settings[$0].isOfPlugin })
    for dataset in request.datasets {
      for (block, model) in placed {
        for row in block.rows {
          cells[Cell(dataset: dataset, block: block.name, method: row.method)] =
            try request.seeds.map { seed in
              try add(row, Place(block, model, dataset, seed), registry, &unused)
            }
        }
      }
    }
    guard !runs.isEmpty else {
      throw ReproductionError.noModel(layout.blocks.first?.model ?? "")
    }
    if let index = unused.min() {
      let setting = request.settings[index]
      throw ReproductionError.unusedSetting("\(setting.section).\(setting.name)")
    }
  }

  /// The blocks that there is a model for, each with its model; nil for the default one.
  var placed: [(block: ReproductionLayout.Block, model: String?)] {
    let sizes = target.layout.sizes
    let models: [String?] = request.models.isEmpty ? [nil] : request.models
    return layout.blocks.compactMap { block in
      guard let place = sizes.firstIndex(of: block.model), place < models.count else { return nil }
      return (block, models[place])
    }
  }

  /// Where a run stands.
  private struct Place {
    let block: ReproductionLayout.Block
    let model: String?
    let dataset: String
    let seed: Int

    init(
      _ block: ReproductionLayout.Block, _ model: String?, _ dataset: String, _ seed: Int
    ) {
      (self.block, self.model, self.dataset, self.seed) = (block, model, dataset, seed)
    }
  }

  /// Adds the run of a row, behind the one that it starts from; returns its place.
  private mutating func add(
    _ row: ReproductionLayout.Row, _ place: Place, _ registry: PluginRegistry,
    _ unused: inout Set<Int>
  ) throws -> Int {
    var start: Run?
    if row.startsFromSFT {
      let sft = place.block.supervised(for: row)
      start = runs[try add(sft, place, registry, &unused)]
    }
    let run: Run
    do {
      run = try makeRun(row, place, start, registry, &unused)
    } catch let error as any BearLabError {
      throw ReproductionError.impossibleRow(
        method: row.method, reason: error.description, remedy: error.remedy)
    }
    if let known = runs.firstIndex(where: { $0.name == run.name }) {
      guard try runs[known].description.yaml() == run.description.yaml() else {
        throw ReproductionError.sameName(run.name)
      }
      return known
    }
    runs.append(run)
    return runs.count - 1
  }

  private func makeRun(
    _ row: ReproductionLayout.Row, _ place: Place, _ start: Run?, _ registry: PluginRegistry,
    _ unused: inout Set<Int>
  ) throws -> Run {
    let setting = RunDescription.Assignment.init(section:name:text:)
    var settings = request.settings.filter { !$0.isOfPlugin }
    settings.append(setting("", "dataset", place.dataset))
    if let model = place.model, row.hasModel { settings.append(setting("", "model", model)) }
    settings.append(setting("", "seed", "\(place.seed)"))
    settings += row.choices.map { setting("", $0.name, $0.value) }
    if !row.hasModel { settings = try RunDescription.droppingModelSettings(settings) }
    settings += try row.parameters.map { try .init(parsing: "\($0.name)=\($0.value)") }
    let names = try parameters(of: row, settings, registry)
    // A parameter is set where there is one of that name.
    for (index, own) in request.settings.enumerated()
    where own.isOfPlugin && names[own.section]?.contains(own.name) == true {
      settings.append(own)
      unused.remove(index)
    }
    settings += request.own.filter { $0.method == row.method }.map(\.setting)
    if let start { settings.append(setting("", "init-from", start.path)) }
    let description = try RunDescription(settings, registry: registry)
    let name = [
      Self.word(place.dataset), row.hasModel ? Self.word(description.model) : "", row.slug,
      "seed-\(place.seed)",
    ].filter { !$0.isEmpty }.joined(separator: "-")
    return Run(
      name: name, path: "\(request.output)/\(name)", settings: settings,
      description: description, method: row.method)
  }

  /// The names of the parameters of each kind's plug-in.
  ///
  /// A recommender alone is not made for that: it may ask for a file that is still to be named.
  private func parameters(
    of row: ReproductionLayout.Row, _ settings: [RunDescription.Assignment],
    _ registry: PluginRegistry
  ) throws -> [String: [String]] {
    if let name = row.choices.first(where: { $0.name == "recommender" })?.value {
      return ["recommender": try registry.recommenders.find(name).parameters.map(\.name)]
    }
    let made = try RunDescription(settings, registry: registry)
    return [
      "backbone": made.backbone, "recommender": made.recommender, "objective": made.objective,
      "sampler": made.sampler, "decoder": made.decoder,
    ].compactMapValues { $0.map { Array($0.values.values.keys) } }
  }

  /// The last component of a path, for the name of a folder.
  private static func word(_ path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? ""
    let name = last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
    return String(name.map { $0.isLetter || $0.isNumber || "._-".contains($0) ? $0 : "-" })
  }
}

extension ReproductionLayout.Block {
  /// The row that a preference objective starts from: the block's own, where it has it.
  fileprivate func supervised(for row: ReproductionLayout.Row) -> ReproductionLayout.Row {
    let backbone = row.choices.first { $0.name == "backbone" }?.value ?? "bigrec"
    let made = ReproductionLayout.Row.model("SFT", "sft", backbone: backbone)
    return rows.first { $0.choices == made.choices && $0.parameters.isEmpty } ?? made
  }
}

extension RunDescription.Assignment {
  /// Whether it is a parameter of a plug-in.
  fileprivate var isOfPlugin: Bool { RunDescription.pluginKinds.contains(section) }
}

/// What a table or figure of the paper is made of: rows, columns, and the settings behind them.
///
/// It knows plug-ins by name only, so that a row can be described whose plug-in is not there.
struct ReproductionLayout: Sendable {
  /// What it shows, in a line.
  let title: String
  let blocks: [Block]
  let columns: [Column]
  /// The paper's data sets, as it names them.
  let datasets: [String]
  /// Whether the paper prints the line `Imp.%`.
  var hasImprovement = false
  /// What the paper says beside its numbers.
  var notes: [String] = []

  /// Rows that are compared with one another.
  struct Block: Sendable {
    /// As ``PublishedTables`` names it.
    let name: String
    /// The paper's language model.
    let model: String
    /// Nil for what the paper shows without numbers.
    let published: PublishedNumbers?
    var rows: [Row]
  }

  /// A method and the settings that make it.
  struct Row: Sendable, Equatable {
    /// As the paper names it.
    let method: String
    /// The plug-ins by kind, such as `("objective", "sft")`.
    let choices: [Setting]
    /// Parameters of these plug-ins, such as `objective.lambda`.
    var parameters: [Setting] = []
    /// Whether the training starts from the run of the block's backbone with the objective `sft`.
    var startsFromSFT = false
    /// As ``PublishedTables`` names it, where that differs.
    var publishedName: String?

    /// Whether there is a language model in it.
    var hasModel: Bool { !choices.contains(Setting("backbone", RunDescription.noBackbone)) }

    /// What runs of it are called, such as `bigrec-sft-d3`.
    var slug: String {
      let plugins = choices.filter { $0.value != RunDescription.noBackbone }.map(\.value)
      let values = parameters.map { "\($0.name.split(separator: ".").last ?? "")-\($0.value)" }
      return (plugins + values).joined(separator: "-")
    }
  }

  /// A setting's name, with its section, and its value as text.
  struct Setting: Sendable, Equatable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  /// A column: something measured in every run.
  struct Column: Sendable, Equatable {
    let name: String
    /// Digits behind the point.
    var digits = 4
    var source = Source.ranking

    /// Where the numbers come from.
    enum Source: Sendable {
      /// The run's evaluation on test.
      case ranking
      /// The run's `timing.jsonl`.
      case timing
      /// A column of this block divided by its first row's.
      case ratio(of: String)
      /// The diagnosis of pruning.
      case diagnosis
    }

    static func == (first: Column, second: Column) -> Bool { first.name == second.name }
  }

  /// The paper's name of a data set; nil for one that it does not have.
  ///
  /// The last component of a path counts, whatever its case. `toy` stands for `Toy-S` as well, the
  /// paper's sample of it.
  func publishedName(ofDataset dataset: String) -> String? {
    let name = dataset.split(separator: "/").last.map(String.init)?.lowercased() ?? ""
    return datasets.first { $0.lowercased() == name || $0.lowercased() == "\(name)-s" }
  }

  /// The paper's language models, each once, in the order of the blocks.
  var sizes: [String] { Self.distinct(blocks.map(\.model)) }

  /// The names of all methods, each once, in the order of the rows.
  var methods: [String] { Self.distinct(blocks.flatMap { $0.rows.map(\.method) }) }

  private static func distinct(_ names: [String]) -> [String] {
    names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The same with some of the methods only.
  func keeping(methods: [String]) -> ReproductionLayout {
    var blocks = self.blocks
    for index in blocks.indices { blocks[index].rows.removeAll { !methods.contains($0.method) } }
    return ReproductionLayout(
      title: title, blocks: blocks.filter { !$0.rows.isEmpty }, columns: columns,
      datasets: datasets, hasImprovement: hasImprovement, notes: notes)
  }
}

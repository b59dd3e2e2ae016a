public import BearLabCore

/// On what, and at which scale, a table or figure is made again.
public struct ReproductionRequest: Sendable {
  /// Names or folders; empty for the paper's.
  public var datasets: [String]
  /// Names or files, one a size of table 4; empty for the default one.
  public var models: [String]
  public var seeds: [Int]
  /// The methods that are wanted, by the paper's names; empty for all.
  public var methods: [String]
  /// What holds for all runs, later ones winning over earlier ones.
  public var settings: [RunDescription.Assignment]
  /// What holds for one method, by its name.
  public var own: [(method: String, setting: RunDescription.Assignment)]
  /// The folder that the runs' folders are in.
  public var output: String

  /// Creates a request.
  public init(
    datasets: [String] = [], models: [String] = [], seeds: [Int] = [42], methods: [String] = [],
    settings: [RunDescription.Assignment] = [],
    own: [(method: String, setting: RunDescription.Assignment)] = [], output: String
  ) {
    self.datasets = datasets
    self.models = models
    self.seeds = seeds
    self.methods = methods
    self.settings = settings
    self.own = own
    self.output = output
  }

  /// Reads `kind.parameter=value`, or `METHOD:kind.parameter=value` for one method alone.
  ///
  /// - Throws: ``RunDescriptionError/malformedAssignment(_:)``.
  public mutating func add(parsing text: String) throws(RunDescriptionError) {
    let name = text.prefix { $0 != "=" }
    guard let colon = name.lastIndex(of: ":") else {
      return settings.append(try RunDescription.Assignment(parsing: text))
    }
    let setting = String(text[text.index(after: colon)...])
    own.append((String(text[..<colon]), try RunDescription.Assignment(parsing: setting)))
  }

  /// What the cell of a table decides, and nobody else.
  static let reserved = [
    "dataset", "model", "backbone", "objective", "recommender", "seed", "seeds", "init-from",
  ]

  /// Checks everything that does not need the plug-ins.
  ///
  /// - Throws: ``ReproductionError``.
  func check(_ layout: ReproductionLayout) throws(ReproductionError) {
    for method in methods + own.map(\.method) where !layout.methods.contains(method) {
      throw .unknownMethod(method, known: layout.methods)
    }
    for setting in settings + own.map(\.setting) {
      guard setting.section.isEmpty, Self.reserved.contains(setting.name) else { continue }
      throw .reservedSetting(setting.name)
    }
    let most = layout.sizes.count
    guard models.count <= most else { throw .tooManyModels(models.count, most: most) }
  }
}

/// What can be wrong with what is to be made again.
public enum ReproductionError: BearLabError, Equatable {
  case unknownMethod(String, known: [String])
  case reservedSetting(String)
  case tooManyModels(Int, most: Int)
  case noModel(String)
  case unusedSetting(String)
  case impossibleRow(method: String, reason: String, remedy: String)
  case sameName(String)
  case otherSettings(path: String, differing: [String])

  public var description: String {
    switch self {
    case .unknownMethod(let name, _): "there is no method '\(excerpt(of: name))' in it"
    case .reservedSetting(let name): "'\(name)' is decided by the row of the table"
    case .tooManyModels(let count, let most): "there are \(count) models for \(most)"
    case .noModel(let size): "there is no model in place of \(size)"
    case .unusedSetting(let name): "no row has a setting '\(excerpt(of: name))'"
    case .impossibleRow(let method, let reason, _): "row \(method): \(reason)"
    case .sameName(let name): "two runs would have the folder \(name)"
    case .otherSettings(let path, let differing):
      "the run in \(path) has other settings: "
        + excerpt(of: differing.joined(separator: ", "), limit: 300)
    }
  }

  public var remedy: String {
    switch self {
    case .unknownMethod(let name, let known):
      Suggestion.remedy(for: name, among: known, noun: "method")
    case .reservedSetting: "give --dataset, --model, --seeds or --methods, or leave it out"
    case .tooManyModels(_, let most): most == 1 ? "give one model" : "give at most \(most) models"
    case .noModel: "give --model one for each size, in the order of the table"
    case .unusedSetting: "check its name with `bear-lab describe`, or leave it out"
    case .impossibleRow(_, _, let remedy):
      remedy + "; --methods names the rows that are wanted"
    case .sameName: "give data sets and models whose last path components differ"
    case .otherSettings: "give another --output, or the settings that it was made with"
    }
  }
}

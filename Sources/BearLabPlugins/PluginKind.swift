/// What a plug-in can be.
public enum PluginKind: String, CaseIterable, Sendable {
  case backbone
  case objective
  case decoder
  case recommender
  case sampler
  case metric
  case dataset

  /// The word in Swift: the end of a type's name, the beginning of a module's.
  var word: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

  /// The kind behind its article: `an objective`.
  var phrase: String { (self == .objective ? "an " : "a ") + rawValue }

  /// A type of the kind, `FocalObjective`.
  func type(_ name: PluginName) -> String { name.identifier + word }

  /// The module of a plug-in, `ObjectiveFocal`: no plug-in's name makes it one that there is.
  func module(_ name: PluginName) -> String { word + name.identifier }

  /// The source of a plug-in that works as it is.
  func source(_ name: PluginName) -> String {
    String(decoding: template, as: UTF8.self)
      .replacing("\"template\"", with: "\"\(name.text)\"")
      .replacing("`template`", with: "`\(name.text)`")
      .replacing("Template", with: name.identifier)
  }

  private var template: [UInt8] {
    switch self {
    case .backbone: PackageResources.backbone_swift
    case .objective: PackageResources.objective_swift
    case .decoder: PackageResources.decoder_swift
    case .recommender: PackageResources.recommender_swift
    case .sampler: PackageResources.sampler_swift
    case .metric: PackageResources.metric_swift
    case .dataset: PackageResources.dataset_swift
    }
  }

  /// A test that calls the conformance kit.
  func test(_ name: PluginName) -> String {
    // In the order that the formatter wants.
    ["BearLabTestSupport", module(name), "Testing"].sorted().map { "import \($0)\n" }.joined()
      + """

      @Test func conforms() throws {
      \(testBody(name))
      }

      """
  }

  private func testBody(_ name: PluginName) -> String {
    guard self == .dataset else {
      return "  try \(word)Conformance.check(\(type(name)).self)"
    }
    return #"""
        let events = (1...20).map { "\($0 % 4)\tTitle \($0 * 7 % 5)\t\(1000 + $0)\n" }
        try DatasetConformance.check(
      """# + "\n    \(type(name)).self, files: [\"events.tsv\": events.joined()])"
  }

  /// How a run is told to use it.
  func option(_ name: PluginName) -> String {
    switch self {
    case .metric: "--set evaluation.metrics=\(name.text)"
    case .dataset: "--dataset FOLDER"
    case .objective: "--objective \(name.text)"
    default: "--\(rawValue) \(name.text)"
    }
  }
}

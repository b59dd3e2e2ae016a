internal import BearLabCore

extension RunDescription {
  /// The backbone's name in a run without a language model.
  static let noBackbone = "none"

  /// What backbone or decoder build on that need a recommender, where none is set.
  static let defaultRecommender = "sasrec"

  /// Whether the run has a language model.
  public var hasModel: Bool { backbone.name != Self.noBackbone }

  /// Whether the run takes notice of a setting; an empty section is the general one.
  func uses(_ section: String, _ name: String) -> Bool {
    hasModel || RunSections.withoutModel[section]?.contains(name) == true
  }

  /// The file of a trained recommender that the backbone is to build on; nil for the store's.
  var recommenderFile: String? {
    guard case .text(let path) = backbone.values.values["recommender"], !path.isEmpty else {
      return nil
    }
    return path
  }

  /// The recommender of the run.
  ///
  /// - Parameters:
  ///   - name: the one that was set, or empty.
  ///   - backbone: its name, and the backbone unless it is `none`.
  ///   - objective: the objective.
  ///   - decoder: the decoder.
  ///   - assignments: all that was set.
  ///   - registry: the recommenders.
  /// - Returns: the one that was set, else the default one if backbone, objective or decoder need
  ///   one; nil for none.
  /// - Throws: `RegistryError`, or ``RunDescriptionError`` where it does not go with the backbone.
  static func recommender(
    set name: String, backbone: (name: String, made: (any Backbone)?),
    objective: any Objective, decoder: any Decoder, _ assignments: [Assignment],
    registry: PluginRegistry
  ) throws -> String? {
    if !name.isEmpty { _ = try registry.recommenders.find(name) }
    guard let made = backbone.made else {
      guard !name.isEmpty else { throw RunDescriptionError.nothingToRun }
      return name
    }
    if made.needs.recommender || objective.needs.recommender || decoder.needsRecommender {
      return name.isEmpty ? defaultRecommender : name
    }
    guard name.isEmpty else {
      throw RunDescriptionError.recommenderNotUsed(backbone: backbone.name, recommender: name)
    }
    if let stray = assignments.first(where: { $0.section == "recommender" && !$0.isOfProtocol }) {
      throw RunDescriptionError.noRecommender(setting: "recommender.\(stray.name)")
    }
    return nil
  }

  /// Says that there is no backbone where a recommender is chosen and nothing is said of a backbone.
  static func implyingNoBackbone(_ assignments: [Assignment]) -> [Assignment] {
    func last(_ name: String) -> Int? {
      assignments.lastIndex { $0.section.isEmpty && $0.name == name }
    }
    guard last("backbone") == nil, let place = last("recommender"),
      !assignments[place].text.isEmpty
    else { return assignments }
    var implied = assignments
    implied.insert(Assignment(section: "", name: "backbone", text: noBackbone), at: place)
    return implied
  }

  /// Leaves out what was said of a language model before it was said that there is none.
  ///
  /// - Throws: ``RunDescriptionError/noModelSetting(_:)`` for what is said of one afterwards.
  static func droppingModelSettings(_ assignments: [Assignment]) throws -> [Assignment] {
    guard let place = assignments.lastIndex(where: { $0.section.isEmpty && $0.name == "backbone" }),
      assignments[place].text == noBackbone
    else { return assignments }
    return try assignments.enumerated().compactMap { index, assignment in
      let (section, name) = (assignment.section, assignment.name)
      let isKnown = !section.isEmpty || RunSections.general.contains { $0.name == name }
      let isUsed = RunSections.withoutModel[section]?.contains(name) == true
      // What is not known is refused as such.
      if section == "recommender" || isUsed || !isKnown { return assignment }
      guard index < place || assignment.isOfProtocol else {
        throw RunDescriptionError.noModelSetting(assignment.path)
      }
      return nil
    }
  }

  /// Checks that there is a language model.
  ///
  /// - Throws: ``RunDescriptionError/needsModel``.
  func requireModel() throws(RunDescriptionError) {
    guard hasModel else { throw .needsModel }
  }
}

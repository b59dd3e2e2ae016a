/// An objective whose tokens are weighted as another one weights its own: `cft+bear`.
///
///     loss = Σ w_t f_t ℓ_t / Σ w_t f_t
///
/// w_t and ℓ_t are the first half's, the factors f_t the second's. The parameters are those of both; of
/// two with one name, the second's gets `factor-` in front. What must be computed is what the first
/// half needs, with the whole vocabulary's logits where the second needs them.
public struct ComposedObjective<First: TokenWeightedObjective, Second: TokenFactors>: Objective {
  private var first: First
  private var second: Second

  /// What is put in front of a parameter of the second half whose name the first has too.
  static var prefix: String { "factor-" }

  public static var summary: String {
    "\(First.summary); its tokens weighted by: \(Second.summary)"
  }
  public static var citation: String {
    [First.citation, Second.citation].filter { !$0.isEmpty }.joined(separator: "; ")
  }
  public static var parameters: [Parameter] {
    First.parameters + Second.parameters.map { $0.renamed(name(ofSecond: $0.name)) }
  }

  /// Creates both halves.
  ///
  /// - Throws: what either throws; what the second has against being one.
  public init(_ values: ParameterValues) throws {
    let own = Dictionary(
      uniqueKeysWithValues: First.parameters.map { ($0.name, values.values[$0.name]) })
    let others = Dictionary(
      uniqueKeysWithValues: Second.parameters.map {
        ($0.name, values.values[Self.name(ofSecond: $0.name)])
      })
    first = try First(own.compactMapValues(\.self))
    second = try Second(others.compactMapValues(\.self))
    try second.requireFactors(with: first.needs)
  }

  private static func name(ofSecond name: String) -> String {
    First.parameters.contains { $0.name == name } ? prefix + name : name
  }

  public var needs: ObjectiveNeeds {
    var needs = first.needs
    if needs.columns == .targets, second.needs.columns == .vocabulary {
      needs.columns = .vocabulary
    }
    return needs
  }

  public func loss(_ batch: AnswerBatch) throws -> LossTerms {
    try first.loss(batch, factors: second.tokenFactors(batch))
  }

  public mutating func prepare(_ context: ObjectiveContext) throws {
    try first.prepare(context)
    try second.prepare(context)
  }

  public mutating func epochBegins(_ epoch: Int) throws {
    try first.epochBegins(epoch)
    try second.epochBegins(epoch)
  }

  public mutating func observe(_ batch: AnswerBatch) throws {
    try first.observe(batch)
    try second.observe(batch)
  }

  public mutating func stepEnded() throws {
    try first.stepEnded()
    try second.stepEnded()
  }

  /// The states of both, the second's keys with `factor-` in front.
  public var state: [String: Double] {
    get {
      second.state.reduce(into: first.state) { $0[Self.prefix + $1.key] = $1.value }
    }
    set {
      first.state = newValue.filter { !$0.key.hasPrefix(Self.prefix) }
      second.state = newValue.reduce(into: [:]) { state, entry in
        guard entry.key.hasPrefix(Self.prefix) else { return }
        state[String(entry.key.dropFirst(Self.prefix.count))] = entry.value
      }
    }
  }
}

extension Parameter {
  /// The same parameter under another name.
  fileprivate func renamed(_ name: String) -> Parameter {
    Parameter(
      name: name, defaultValue: defaultValue, domain: domain, unit: unit, summary: summary)
  }
}

extension PluginRegistry {
  /// The objectives that can be the first half of a composition, by name.
  public var weightedObjectives: [String] {
    objectives.all.filter { $0.type is any TokenWeightedObjective.Type }.map(\.name)
  }

  /// The objectives that can be the second half of a composition, by name.
  public var factorObjectives: [String] {
    objectives.all.filter { $0.type is any TokenFactors.Type }.map(\.name)
  }

  /// The objective called `name`, or `first+second` for a composition of two.
  ///
  /// - Throws: ``RegistryError/unknown(kind:name:known:)``; ``CompositionError``.
  public func objective(named name: String) throws -> any Objective.Type {
    guard name.contains("+") else { return try objectives.find(name) }
    let halves = name.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    guard halves.count == 2 else { throw CompositionError.notTwo(name) }
    let types = try halves.map { try objectives.find($0) }
    guard let first = types[0] as? any TokenWeightedObjective.Type else {
      throw CompositionError.noTokenWeights(halves[0], known: weightedObjectives)
    }
    guard let second = types[1] as? any TokenFactors.Type else {
      throw CompositionError.noTokenFactors(halves[1], known: factorObjectives)
    }
    return composed(first, second)
  }

  private func composed<First: TokenWeightedObjective, Second: TokenFactors>(
    _ first: First.Type, _ second: Second.Type
  ) -> any Objective.Type {
    ComposedObjective<First, Second>.self
  }
}

/// Why two objectives do not make one.
public enum CompositionError: BearLabError, Equatable {
  case notTwo(String)
  case noTokenWeights(String, known: [String])
  case noTokenFactors(String, known: [String])

  public var description: String {
    switch self {
    case .notTwo(let name): "objective '\(excerpt(of: name))' is not composed of two"
    case .noTokenWeights(let name, _):
      "objective '\(name)' is no weighted mean over tokens, so that nothing can be put behind its +"
    case .noTokenFactors(let name, _):
      "objective '\(name)' has no factors of tokens, so that it cannot stand behind a +"
    }
  }

  public var remedy: String {
    switch self {
    case .notTwo: "write two names with one + between them, such as cft+bear"
    case .noTokenWeights(_, let known):
      "in front of the +, write one of: \(known.joined(separator: ", "))"
    case .noTokenFactors(_, let known):
      "behind the +, write one of: \(known.joined(separator: ", "))"
    }
  }
}

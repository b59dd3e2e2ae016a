public import BearLabCore

/// Checks samplers against the contract of `NegativeSampler`, on random requests.
///
/// ```swift
/// @Test func conforms() throws {
///   try SamplerConformance.check(MySampler.self)
/// }
/// ```
///
/// What is drawn is a pure function of request and context, none comes twice, none is the target or
/// of the history, none is outside of the catalogue unless `needs.leavesCatalogue` says so,
/// and there are no more than asked for; where there are fewer in the catalogue, all come.
public enum SamplerConformance {
  private static let titles = 20

  /// Checks a type: what it declares, and a sampler with some parameters.
  ///
  /// - Throws: ``ConformanceError``, and what the sampler throws.
  public static func check(
    _ type: any NegativeSampler.Type, _ parameters: [String: ParameterValue] = [:]
  ) throws {
    let declared = DeclarationConformance.problems(of: type)
    try ConformanceError.require(declared, of: type, as: "Plugin")
    let sampler = try type.init(parameters)
    let problems = try (0..<60).flatMap { seed in
      try Self.problems(of: sampler, seed: seed).map { "request \(seed): \($0)" }
    }
    try ConformanceError.require(problems, of: type, as: "NegativeSampler")
  }

  private static func problems(
    of sampler: any NegativeSampler, seed: UInt64
  ) throws -> [String] {
    var random = SeededGenerator(seed)
    let needs = sampler.needs
    let context = NegativeContext(
      targetCounts: (0..<titles).map { $0 % 5 + 1 },
      titleEmbeddings: needs.titleEmbeddings
        ? (0..<titles).map { _ in (0..<4).map { _ in Float.random(in: -1...1, using: &random) } }
        : [], endToken: 0)
    let target = Int.random(in: 0..<titles, using: &random)
    let history = Set((0..<4).map { _ in Int.random(in: 0..<titles, using: &random) })
    // Every third request asks for more than there are.
    let count = seed % 3 == 0 ? titles + 5 : Int.random(in: 1...6, using: &random)
    let ranked = (0..<titles).shuffled(using: &random).prefix(10)
    let request = NegativeRequest(
      target: target, history: history, count: count,
      batch: needs.batch ? (0..<7).map { _ in Int.random(in: 0..<titles, using: &random) } : [],
      ranked: needs.decoder == nil
        ? [] : ranked.enumerated().map { .init(.init(title: $1, score: -Float($0))) },
      seed: seed)
    let drawn = try sampler.negatives(for: request, in: context)
    var problems: [String] = []
    if try sampler.negatives(for: request, in: context) != drawn {
      problems.append("the same request twice gives other negatives: draw from request.seed alone")
    }
    problems += faults(of: drawn, for: request, sampler.needs)
    let eligible = (0..<titles).filter(request.isEligible).count
    if !needs.batch, needs.decoder == nil, drawn.count < min(count, eligible) {
      problems.append(
        "\(drawn.count) negatives, where \(count) are wanted and \(eligible) are there")
    }
    return problems
  }

  /// What is wrong with what was drawn.
  private static func faults(
    of drawn: [AnswerForest.Candidate.Text], for request: NegativeRequest, _ needs: SamplerNeeds
  ) -> [String] {
    var problems: [String] = []
    if drawn.count > request.count {
      problems.append("\(drawn.count) negatives, where \(request.count) are wanted")
    }
    if Set(drawn).count != drawn.count { problems.append("a negative comes twice in \(drawn)") }
    for text in drawn {
      switch text {
      case .title(let title) where !(0..<titles).contains(title):
        problems.append("there is no title \(title) among \(titles)")
      case .title(let title) where !needs.leavesCatalogue && !request.isEligible(title):
        let what = title == request.target ? "the target" : "of the history"
        problems.append("title \(title) is \(what)")
      case .tokens where !needs.leavesCatalogue:
        problems.append("\(text) is no title, and needs.leavesCatalogue does not say so")
      case .title, .tokens: break
      }
    }
    return problems
  }
}

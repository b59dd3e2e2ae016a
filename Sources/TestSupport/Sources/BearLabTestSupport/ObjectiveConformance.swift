public import BearLabCore
public import BearLabTensor

/// Checks objectives against the contract of `Objective`, on random answers.
///
/// ```swift
/// @Test func conforms() throws {
///   try ObjectiveConformance.check(FocalObjective.self)
/// }
/// ```
///
/// The gradient is that of the value, by finite differences. Sum and weight of samples together are
/// the sums of theirs, in any order, so that no micro-batch changes a step; what `observe`
/// gathers is additive too, and takes effect in `stepEnded` alone. A row with one
/// allowed token has no gradient where `needs.columns` is `.children`. Logits that are huge, equal or
/// −∞, answers of one token, and answers with forced tokens alone give finite numbers. The same batch
/// gives the same bits.
public enum ObjectiveConformance {
  /// A batch's loss as a function whose plain derivative an objective's gradient is.
  public typealias Frozen = (AnswerBatch) throws -> (AnswerBatch) throws -> Tensor

  /// Checks a type: what it declares, and an objective with some parameters, prepared as a trainer
  /// does.
  ///
  /// - Parameters:
  ///   - type: the objective under test.
  ///   - parameters: those that differ from the defaults.
  ///   - frozen: for an objective with parts that are constant to the gradient: takes a batch at the
  ///     point of comparison, computes the constants there, and returns the function of a batch whose
  ///     plain derivative the objective's gradient is. Nil where nothing is constant.
  /// - Throws: ``ConformanceError``, and what the objective throws.
  public static func check(
    _ type: any Objective.Type, _ parameters: [String: ParameterValue] = [:],
    frozen: Frozen? = nil
  ) throws {
    let declared = DeclarationConformance.problems(of: type)
    try ConformanceError.require(declared, of: type, as: "Plugin")
    var objective = try type.init(parameters)
    try objective.prepare(RandomAnswers.context(of: objective.needs))
    try objective.epochBegins(0)
    try check(objective, frozen: frozen)
  }

  /// Checks an objective that is prepared where it needs that.
  ///
  /// - Throws: ``ConformanceError``, and what the objective throws.
  public static func check(_ objective: any Objective, frozen: Frozen? = nil) throws {
    try ConformanceError.require(
      problems(of: objective, frozen: frozen), of: objective, as: "Objective")
  }

  /// Looks for what is wrong with an objective.
  ///
  /// - Parameters:
  ///   - objective: the objective under test, prepared where it needs that.
  ///   - batches: how many random ones.
  ///   - tolerance: of the gradient, relative.
  ///   - frozen: as in ``check(_:_:frozen:)``.
  ///   - masked: whether logits of -infinity are tried; false where the loss has no bound in them.
  /// - Returns: what is wrong, empty where nothing is.
  /// - Throws: what the objective throws.
  public static func problems(
    of objective: any Objective, batches: Int = 10, tolerance: Double = 2e-3,
    frozen: Frozen? = nil, masked: Bool = true
  ) throws -> [String] {
    var problems: [String] = []
    for seed in 0..<UInt64(batches) {
      var random = SeededGenerator(seed)
      let answers = RandomAnswers(samples: 3, needs: objective.needs, using: &random)
      let check = ObjectiveCheck(
        objective: objective, answers: answers, logits: answers.logits(using: &random))
      let found =
        try check.gradient(frozen, tolerance) + check.additivity() + check.forcedRows()
        + check.repetition() + check.observation()
      problems += found.map { "batch \(seed): \($0)" }
    }
    return try problems + ObjectiveExtremes.problems(of: objective, masked: masked)
  }
}

/// The checks on one batch.
private struct ObjectiveCheck {
  let objective: any Objective
  let answers: RandomAnswers
  let logits: Tensor

  func gradient(
    _ frozen: ObjectiveConformance.Frozen?, _ tolerance: Double
  ) throws -> [String] {
    // The value comes from the frozen function, the gradient at the point from the objective.
    let constantParts = try frozen?(answers.batch(logits))
    func sum(_ logits: Tensor) throws -> Tensor {
      let batch = try answers.batch(logits)
      if let constantParts, !logits.requiresGradient { return try constantParts(batch) }
      return try objective.loss(batch).sum
    }
    let error = try GradientCheck.largestError(of: { try sum($0[0]) }, at: [logits])
    guard !(error < tolerance) else { return [] }
    return [
      "the gradient is off by \(error) from finite differences, \(try worstElement(of: sum)); "
        + "is a derivative cut off by detached() or scalars, or is there a kink?"
    ]
  }

  /// Names the logit whose derivative is farthest from the difference quotient.
  private func worstElement(of sum: (Tensor) throws -> Tensor) throws -> String {
    let leaf = Tensor(logits.scalars, shape: logits.shape, requiresGradient: true)
    try sum(leaf).backward()
    let gradient = leaf.gradient ?? [Float](repeating: 0, count: logits.count)
    let step: Float = 0.02
    var worst = (place: 0, difference: Float(0), gap: Float(-1))
    for place in gradient.indices {
      func value(_ shift: Float) throws -> Float {
        var moved = logits.scalars
        moved[place] += shift
        return try sum(Tensor(moved, shape: logits.shape)).scalars[0]
      }
      let difference = try (value(step) - value(-step)) / (2 * step)
      let gap = abs(difference - gradient[place])
      if !(gap <= worst.gap) { worst = (place, difference, gap) }
    }
    let (row, token) = worst.place.quotientAndRemainder(dividingBy: answers.vocabulary)
    let role = answers.targets[row] == Int32(token) ? "the target" : "not the target"
    return "most at row \(row), token \(token) (\(role)): the tape has \(gradient[worst.place]), "
      + "a difference \(worst.difference)"
  }

  func additivity() throws -> [String] {
    let parts = try (0..<3).map { try objective.loss(answers.batch(logits, samples: [$0])) }
    var problems: [String] = []
    for order in [[0, 1, 2], [2, 0, 1]] {
      let together = try objective.loss(answers.batch(logits, samples: order))
      for (what, whole, single) in [
        ("sum", together.sum, parts.map(\.sum)), ("weight", together.weight, parts.map(\.weight)),
      ] where !Self.isTotal(whole, of: single) {
        problems.append(
          "the \(what) of samples \(order) is \(whole.scalars[0]), and not the total of their own, "
            + "\(single.map { $0.scalars[0] }): divide by nothing that the batch decides, and give it "
            + "as the weight")
      }
    }
    return problems
  }

  func forcedRows() throws -> [String] {
    guard objective.needs.columns == .children else { return [] }
    let gradient = try gradient()
    // Terms that cancel may leave their rounding.
    let rounding = 1e-6 * (gradient.map(abs).max() ?? 0)
    let width = answers.vocabulary
    let touched = answers.forcedRows.filter { row in
      gradient.dropFirst(row * width).prefix(width).contains { !(abs($0) <= rounding) }
    }
    return touched.isEmpty
      ? []
      : [
        "forced rows \(touched) have a gradient: with one allowed token there is nothing to learn, "
          + "so let a row's loss depend on its log-probability alone"
      ]
  }

  func repetition() throws -> [String] {
    let losses = try (0..<2).map { _ in try objective.loss(answers.batch(logits)).sum.scalars }
    let isSame = try losses[0] == losses[1] && gradient() == gradient()
    return isSame ? [] : ["the same batch twice has other bits: is something random or kept?"]
  }

  /// Whether what is gathered over a step is the same for one batch and for several.
  func observation() throws -> [String] {
    let before = try objective.loss(answers.batch(logits)).sum.scalars
    var (whole, parts) = (objective, objective)
    try whole.observe(answers.batch(logits))
    var problems: [String] = []
    if try whole.loss(answers.batch(logits)).sum.scalars != before {
      problems.append("observe changes the loss before stepEnded")
    }
    for sample in 0..<3 { try parts.observe(answers.batch(logits, samples: [sample])) }
    try whole.stepEnded()
    try parts.stepEnded()
    for (key, value) in whole.state.sorted(by: { $0.key < $1.key }) {
      let other = parts.state[key] ?? .nan
      guard !(abs(other - value) <= 1e-5 * max(1, abs(value))) else { continue }
      problems.append("after a step '\(key)' is \(value), and \(other) in micro-batches")
    }
    var restored = objective
    restored.state = whole.state
    if try restored.loss(answers.batch(logits)).sum.scalars
      != whole.loss(answers.batch(logits)).sum.scalars
    {
      problems.append("what has the state of another has another loss: state is not complete")
    }
    return problems
  }

  private func gradient() throws -> [Float] {
    let leaf = Tensor(logits.scalars, shape: logits.shape, requiresGradient: true)
    try objective.loss(answers.batch(leaf)).sum.backward()
    return leaf.gradient ?? []
  }

  private static func isTotal(_ tensor: Tensor, of parts: [Tensor]) -> Bool {
    let values = parts.map { Double($0.scalars[0]) }
    let scale = values.reduce(1) { $0 + abs($1) }
    return abs(Double(tensor.scalars[0]) - values.reduce(0, +)) <= 1e-5 * scale
  }
}

internal import BearLabCore
public import BearLabErrors

/// The switches of ``BEARObjective``, with the values as the command line spells them.
struct BEARSwitches {
  let form: Form
  let lambdaConvention: LambdaConvention
  let base: Base
  let betaOver: BetaOver
  let betaGradient: BetaGradient
  let fewer: Fewer
  let normaliser: Normaliser
  let surrogate: Surrogate

  /// Which of the two formulas.
  enum Form: String, CaseIterable, ParameterReadable {
    /// Cross-entropy re-weighted by constants.
    case code
    /// Cross-entropy plus a regulariser.
    case paper
  }

  /// What the parameter `lambda` is: the gradients of the two forms agree where λ = λ_c ξ.
  enum LambdaConvention: String, CaseIterable, ParameterReadable {
    /// λ_c, the weight in the code's form (`topk_weight`).
    case code
    /// λ, the weight in the paper's.
    case paper
  }

  /// Over which tokens the soft-max runs.
  enum Base: String, CaseIterable, ParameterReadable {
    case masked
    case full
  }

  /// Among which tokens the threshold β is the K-th best.
  enum BetaOver: String, CaseIterable, ParameterReadable {
    case valid
    case vocabulary
  }

  /// Whether the gradient passes through the threshold.
  enum BetaGradient: String, CaseIterable, ParameterReadable {
    case stop
    case flow
  }

  /// What to do with a row of fewer than K tokens, which cannot fall out of the beam.
  enum Fewer: String, CaseIterable, ParameterReadable {
    /// The threshold is the least probable token.
    case minValid = "min-valid"
    /// The row has no regulariser.
    case skip
    /// No threshold: the condition counts as satisfied beyond any margin.
    case satisfied = "none"
  }

  /// What the weighted sum of the code's form is divided by.
  enum Normaliser: String, CaseIterable, ParameterReadable {
    case weights
    case multiChild = "multi-child"
    case allTokens = "all-tokens"
    /// Nothing; a sum over samples becomes their mean, as for every objective.
    case sum
  }

  /// The function of the pruning margin.
  enum Surrogate: String, CaseIterable, ParameterReadable {
    /// As published: emphasises tokens that are inside the beam.
    case logSigmoid = "log-sigmoid"
    /// Emphasises tokens that are outside of it.
    case softplus
  }

  init(_ values: ParameterValues) throws {
    form = try values["form"]
    lambdaConvention = try values["lambda-convention"]
    base = try values["base"]
    betaOver = try values["beta-over"]
    betaGradient = try values["beta-grad"]
    fewer = try values["fewer"]
    normaliser = try values["normalise"]
    surrogate = try values["surrogate"]
    try refuseConflicts()
  }

  private func refuseConflicts() throws(BEARError) {
    if base == .masked, betaOver == .vocabulary {
      throw .conflict(
        "beta-over=vocabulary", "base=masked", because: "invalid tokens have no probability there")
    }
    if form == .code, betaGradient == .flow {
      throw .conflict(
        "beta-grad=flow", "form=code", because: "its weights are constants to the gradient")
    }
    if betaOver == .vocabulary, fewer != .minValid {
      throw .conflict(
        "fewer=\(fewer.rawValue)", "beta-over=vocabulary",
        because: "no row of the vocabulary has too few tokens")
    }
    if form == .paper, fewer == .satisfied {
      throw .conflict(
        "fewer=none", "form=paper", because: "log σ(Δ/ξ) is infinite without a threshold")
    }
    if form == .paper, normaliser == .multiChild || normaliser == .allTokens {
      throw .conflict(
        "normalise=\(normaliser.rawValue)", "form=paper",
        because: "it is a sum over tokens and a mean over samples")
    }
  }
}

extension BEARSwitches {
  /// Refuses what means nothing behind a `+`, where only the weights of the code's form count.
  ///
  /// - Parameter needs: of the objective in front of it.
  /// - Throws: ``BEARError/conflict(_:_:because:)``.
  func requireFactors(with needs: ObjectiveNeeds) throws(BEARError) {
    guard form == .code else {
      throw .conflict(
        "form=paper", "another objective in front of it", because: "it has no weights of tokens")
    }
    guard normaliser == .weights else {
      throw .conflict(
        "normalise=\(normaliser.rawValue)", "another objective in front of it",
        because: "the weighted loss is divided by the sum of its weights")
    }
    guard base == .masked || needs.columns != .children else {
      throw .conflict(
        "base=full", "an objective over valid tokens in front of it",
        because: "no other tokens have logits")
    }
  }
}

/// Why there is no BEAR objective with some parameters.
public enum BEARError: BearLabError, Equatable {
  case conflict(_ switch: String, _ other: String, because: String)

  public var description: String {
    switch self {
    case .conflict(let first, let second, let reason):
      "objective bear: \(first) makes no sense with \(second): \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .conflict(let first, let second, _): "change \(first) or \(second)"
    }
  }
}

public import BearLabCore
internal import BearLabTensor
internal import CBearLabABI

/// The hinge loss of the targets' logits, the smallest objective that uses the host's tensors.
///
///     loss = Σ max(0, margin − logit[target])
public struct HingeObjective: Objective {
  private let margin: Float

  public static let summary = "hinge loss of the target's logit, for tests of plug-in loading"
  public static let parameters: [Parameter] = [
    .real("margin", default: 1, in: 0..., "logit above which a target costs nothing")
  ]

  public init(_ values: ParameterValues) throws {
    margin = try values["margin"]
  }

  public var needs: ObjectiveNeeds { ObjectiveNeeds(columns: .children, constraint: .before) }

  public func loss(_ batch: AnswerBatch) throws(AnswerBatchError) -> LossTerms {
    let shortfalls = (margin - (try batch.childLogits).targets).clamped(atLeast: 0)
    return LossTerms(sum: shortfalls.sum(), weight: Float(batch.rowCount))
  }
}

/// Registers the objective `fixture-hinge`.
public enum FixtureModule: PluginModule {
  public static func register(in registry: PluginRegistry) throws {
    try registry.register(objective: "fixture-hinge", HingeObjective.self)
  }
}

/// Tells which core the plug-in was built against.
@c(bearlab_plugin_abi) public func pluginABI() -> Int32 { BEARLAB_ABI_VERSION }

/// Tells which compiler built the plug-in.
@c(bearlab_plugin_compiler) public func pluginCompiler() -> UnsafePointer<CChar> {
  bearlab_compiler()
}

/// Registers the plug-in with the host.
@c(bearlab_plugin_entry) public func pluginEntry(_ context: UnsafeMutableRawPointer) -> Int32 {
  PluginContext.run(FixtureModule.self, in: context)
}

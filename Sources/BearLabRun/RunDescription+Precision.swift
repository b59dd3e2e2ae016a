internal import BearLabCore
public import BearLabTensor

extension RunDescription {
  /// The word for the fastest precision of the machine.
  static let automaticPrecision = "auto"

  /// The precision of frozen weights and of the operands of products; nil where it is to be chosen.
  public var precision: Precision? {
    get throws {
      let word: String = try general["precision"]
      return Precision(rawValue: word)
    }
  }

  /// The same settings with the precision chosen, as a run is recorded: who repeats or continues it
  /// must compute in the same one.
  ///
  /// - Parameter available: the precisions that there are, the fastest last.
  /// - Returns: a description that says `f32` or `bf16`.
  /// - Throws: `ComputeError/precision` where the one that was set is not among them.
  func resolvingPrecision(
    among available: [Precision] = Precision.available
  ) throws -> RunDescription {
    let chosen = try precision ?? available.last ?? .f32
    try chosen.require(among: available)
    return try replacing(general: ["precision": .text(chosen.rawValue)])
  }
}

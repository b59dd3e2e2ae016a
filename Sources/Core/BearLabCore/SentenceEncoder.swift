public import BearLabTensor

/// Turns texts into vectors whose nearness is nearness of meaning: what A-LLMRec aligns items with.
///
/// Contract: a text's vector does not depend on which others are asked for with it, but for rounding.
public protocol SentenceEncoder: AnyObject {
  /// The width of the vectors.
  var width: Int { get }
  /// The vectors of some texts, `[texts, width]`; constants to the tape.
  func embed(_ texts: [String]) throws -> Tensor
}

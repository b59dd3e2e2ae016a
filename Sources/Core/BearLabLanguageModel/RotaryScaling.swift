/// How the rotary frequencies of a model differ from θ^(-2i / headWidth).
public enum RotaryScaling: Sendable, Hashable {
  case none
  /// All frequencies divided by one factor: positions lie as much closer together.
  case linear(factor: Float)
  /// Only what turns slowly is divided; see ``Llama3RotaryScaling``.
  case llama3(Llama3RotaryScaling)
  /// `[headWidth / 2]`: each frequency divided by a factor of its own, as GGUF stores any of these.
  case factors([Float])
}

/// The scaling of Llama 3.1: fast frequencies stay, slow ones are divided, with a ramp between.
///
///     w  = L · f / 2π                                turns in the original context of L positions
///     f' = f                where w > high           (f: the unscaled frequency)
///        = f / factor       where w < low
///        = (1 - s) f / factor + s f,   s = (w - low) / (high - low),   between
///
/// - Source: huggingface/transformers, `modeling_rope_utils.py`, `_compute_llama3_parameters`.
public struct Llama3RotaryScaling: Sendable, Hashable {
  public var factor: Float
  /// In turns.
  public var lowFrequencyFactor: Float
  /// In turns; above ``lowFrequencyFactor``.
  public var highFrequencyFactor: Float
  /// L, in positions.
  public var originalContextLength: Int

  /// Takes the four settings.
  public init(
    factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float,
    originalContextLength: Int
  ) {
    self.factor = factor
    self.lowFrequencyFactor = lowFrequencyFactor
    self.highFrequencyFactor = highFrequencyFactor
    self.originalContextLength = originalContextLength
  }

  /// A frequency in radians a position, scaled; rounded step by step as PyTorch does.
  func scaled(_ frequency: Float) -> Float {
    let wavelength = 2 * Float.pi / frequency
    let context = Float(originalContextLength)
    if wavelength > context / lowFrequencyFactor { return frequency / factor }
    if wavelength < context / highFrequencyFactor { return frequency }
    let share =
      (context / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
    return (1 - share) * frequency / factor + share * frequency
  }
}

extension LanguageModelShape {
  /// `[headWidth / 2]` rotary frequencies, in radians a position.
  var inverseFrequencies: [Double] {
    (0..<headWidth / 2).map { index in
      let plain = 1 / power(Float(ropeTheta), Float(2 * index) / Float(headWidth))
      switch ropeScaling {
      case .none: return plain
      case .linear(let factor): return Double(Float(plain) / factor)
      case .llama3(let scaling): return Double(scaling.scaled(Float(plain)))
      case .factors(let factors): return plain / Double(factors[index])
      }
    }
  }
}

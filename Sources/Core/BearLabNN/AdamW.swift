public import BearLabTensor

/// AdamW's settings (Loshchilov & Hutter, 2019); PyTorch's defaults but for the weight decay.
public struct AdamWSettings: Sendable, Hashable {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double
  /// Whether the decay is added to the gradient, as `torch.optim.Adam` has it, in place of being
  /// taken off the parameter.
  public var isDecayCoupled: Bool

  /// Creates settings.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    isDecayCoupled: Bool = false
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecayCoupled = isDecayCoupled
  }
}

/// The optimiser of a list of tensors.
///
/// A step's gradient is gathered in parts, each with a factor that is known only when the part is
/// complete: ``gatherGradients(scale:)`` after each part, then ``update(learningRate:gradientScale:)``.
/// A parameter without a gradient is left alone, and so is its bias correction, as in PyTorch.
public final class AdamW {
  public let settings: AdamWSettings
  /// Steps done.
  public private(set) var step = 0
  /// What is updated, in its order.
  public let parameters: [(name: String, tensor: Tensor)]
  private let moments: [(first: Buffer, second: Buffer)]
  /// How often each parameter was stepped: never without a gradient.
  private var steps: [Int]
  /// The gradient of the step under way; nil where no part had one.
  private var gathered: [Buffer?]

  /// Creates an optimiser with moments of zero.
  public init(parameters: [(name: String, tensor: Tensor)], settings: AdamWSettings) {
    self.parameters = parameters
    self.settings = settings
    moments = parameters.map { (Buffer(count: $0.tensor.count), Buffer(count: $0.tensor.count)) }
    steps = parameters.map { _ in 0 }
    gathered = parameters.map { _ in nil }
  }

  /// Moves the tensors' gradients, times a factor, to the gradient of the step.
  public func gatherGradients(scale: Double) {
    for (index, entry) in parameters.enumerated() where gathered[index] == nil {
      gathered[index] = entry.tensor.gradientBuffer.map { Buffer(count: $0.count) }
    }
    Compute.split(parameters.count) { range in
      for index in range {
        guard let gradient = parameters[index].tensor.gradientBuffer, let total = gathered[index]
        else { continue }
        Kernels.add(gradient, scale: Float(scale), to: total)
      }
    }
    discardGradients()
  }

  /// Forgets the tensors' gradients that were not gathered yet.
  public func discardGradients() {
    for entry in parameters { entry.tensor.clearGradient() }
  }

  /// Forgets the step under way: its gathered gradient and what the tensors have.
  public func abandonStep() {
    discardGradients()
    gathered = parameters.map { _ in nil }
  }

  /// The L2 norm of the step's gradient; a missing one counts as zero.
  public var gradientNorm: Double {
    Profile.measure(.optimiser) {
      gathered.reduce(0.0) { total, gradient in
        total + (gradient.map { Kernels.sumOfSquares($0) } ?? 0)
      }.squareRoot()
    }
  }

  /// Updates the parameters from the gathered gradient, then forgets it.
  ///
  /// - Parameters:
  ///   - learningRate: of this step.
  ///   - gradientScale: what every gradient is multiplied by first: normalisation and clipping.
  public func update(learningRate: Double, gradientScale: Double = 1) {
    step += 1
    for index in steps.indices where gathered[index] != nil { steps[index] += 1 }
    let decay = settings.isDecayCoupled ? 0 : settings.weightDecay
    Compute.split(moments.count) { range in
      Profile.measure(.optimiser) {
        for index in range {
          guard let gradient = gathered[index] else { continue }
          Kernels.adamW(
            parameter: parameters[index].tensor.buffer, gradient: gradient,
            first: moments[index].first, second: moments[index].second, step: steps[index],
            learningRate: learningRate, beta1: settings.beta1, beta2: settings.beta2,
            epsilon: settings.epsilon, weightDecay: decay, penalty: settings.weightDecay - decay,
            gradientScale: gradientScale)
        }
      }
    }
    abandonStep()
  }

  /// The moments by `<parameter>/first` and `/second`, and the number of steps: for checkpoints.
  ///
  /// A parameter that was stepped less often also has `<parameter>/steps`, of one number.
  public var state: (step: Int, moments: [(name: String, shape: [Int], values: [Float])]) {
    let rows = parameters.indices.flatMap { index in
      let (name, tensor) = parameters[index]
      var rows = [
        ("\(name)/first", tensor.shape, moments[index].first.values),
        ("\(name)/second", tensor.shape, moments[index].second.values),
      ]
      if steps[index] != step { rows.append(("\(name)/steps", [1], [Float(steps[index])])) }
      return rows
    }
    return (step, rows)
  }

  /// Restores what ``state`` gave; moments that are missing stay at zero.
  public func restore(step: Int, moments values: [String: [Float]]) {
    self.step = step
    for (index, entry) in parameters.enumerated() {
      steps[index] = values["\(entry.name)/steps"]?.first.map { Int($0) } ?? step
      if let first = values["\(entry.name)/first"] { moments[index].first.replace(with: first) }
      if let second = values["\(entry.name)/second"] { moments[index].second.replace(with: second) }
    }
  }
}

import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// Two parameters of which the second may have no gradient.
private struct Pair {
  let first = Tensor([1, -2], shape: [2], requiresGradient: true)
  let second = Tensor([3], shape: [1], requiresGradient: true)
  let optimizer: AdamW

  init(_ settings: AdamWSettings = AdamWSettings()) {
    optimizer = AdamW(parameters: [("first", first), ("second", second)], settings: settings)
  }

  /// A step of f = Σ first² (+ second²).
  func step(both: Bool) {
    var loss = (first * first).sum()
    if both { loss = loss + (second * second).sum() }
    loss.backward()
    optimizer.gatherGradients(scale: 1)
    optimizer.update(learningRate: 0.1)
  }
}

@Suite struct AdamWTests {
  @Test func aParameterWithoutGradientIsNotStepped() {
    let pair = Pair()
    for _ in 0..<3 { pair.step(both: false) }
    #expect(pair.second.scalars == [3])
    // Its bias correction has not moved: the first step goes the whole learning rate.
    pair.step(both: true)
    #expect(abs(pair.second.scalars[0] - 2.9) < 1e-6)
  }

  @Test func stateKeepsTheStepsOfEachParameter() {
    let pair = Pair()
    for both in [false, true, false] { pair.step(both: both) }
    let state = pair.optimizer.state
    #expect(state.step == 3)
    #expect(
      state.moments.map(\.name) == [
        "first/first", "first/second", "second/first", "second/second", "second/steps",
      ])
    let copy = Pair()
    copy.first.replace(with: pair.first.scalars)
    copy.second.replace(with: pair.second.scalars)
    copy.optimizer.restore(
      step: state.step,
      moments: Dictionary(
        state.moments.map { ($0.name, $0.values) }, uniquingKeysWith: { first, _ in first }))
    for each in [pair, copy] { each.step(both: true) }
    #expect(copy.first.scalars == pair.first.scalars)
    #expect(copy.second.scalars == pair.second.scalars)
  }

  /// By hand: the first step has length one in each coordinate, in the direction of gradient plus
  /// decay, which a large decay turns round.
  @Test func coupledDecayIsPartOfTheGradient() {
    let settings = AdamWSettings(weightDecay: 0.5, isDecayCoupled: true)
    let tensor = Tensor([2, 1], shape: [2], requiresGradient: true)
    let optimizer = AdamW(parameters: [("t", tensor)], settings: settings)
    (tensor * Tensor([-0.5, -0.75], shape: [2])).sum().backward()
    optimizer.gatherGradients(scale: 1)
    optimizer.update(learningRate: 0.1)
    // Gradients −0.5 + 0.5·2 = 0.5 and −0.75 + 0.5·1 = −0.25.
    #expect(largestGap(tensor.scalars, [1.9, 1.1] as [Float]) < 1e-6)
    let moments = optimizer.state.moments
    #expect(largestGap(moments[0].values, [0.05, -0.025] as [Float]) < 1e-7)
  }
}

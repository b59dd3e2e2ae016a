import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// Gradients through the whole model against differences of the double reference.
@Suite struct GradientTests {
  private let tiny: TinyModel
  private let adapter: LoRAAdapter
  private let injected = RandomForest.makeVectors()
  private let paths: [[TokenForest.Element]]
  /// Of the loss, a linear function of all hidden states.
  private let coefficients: [Float]

  init() throws { try self.init(.llama) }

  private init(_ family: TinyModel.Family) throws {
    tiny = try TinyModel(seed: 41, family: family)
    adapter = tiny.makeAdapter()
    let stem = randomTokens(4, seed: 1) + [.init(token: 0, slot: 3)] + randomTokens(2, seed: 2)
    paths = [
      stem, stem.prefix(5) + randomTokens(3, seed: 3),
      stem.prefix(2) + [.init(token: 0, slot: 3), .init(token: 0, slot: 1)],
      [.init(token: 0, slot: 0)] + randomTokens(2, seed: 4),
    ]
    coefficients = randomFloats(paths.joined().count * tiny.shape.width, seed: 5)
  }

  @Test(arguments: availableInstructionSets, TinyModel.Family.allCases)
  func loraOnEveryProjection(instructionSet: String, family: TinyModel.Family) throws {
    try withCompute(instructionSet: instructionSet) {
      // Its own model, whose engine is that of the instruction set.
      try Self(family).expectGradientsOfLoRA()
    }
  }

  private func expectGradientsOfLoRA() throws {
    try backward()
    let reference = ReferenceTransformer(tiny, adapter: adapter)
    for (layer, pairs) in adapter.layers.enumerated() {
      for (projection, pair) in pairs {
        for matrix in [\ReferenceTransformer.Pair.a, \.b] {
          let gradient = try #require((matrix == \.a ? pair.a : pair.b).gradient)
          let gap = directionalGap(gradient) { step in
            var moved = reference
            moved.pairs[layer][projection]?.move(matrix, by: step)
            return loss(moved, vectors: injected.vectors.scalars.map(Double.init))
          }
          #expect(gap < 2e-5, "layer \(layer), \(projection), \(matrix == \.a ? "A" : "B")")
        }
      }
    }
  }

  @Test(arguments: TinyModel.Family.allCases)
  func injectedVectors(family: TinyModel.Family) throws {
    try Self(family).expectGradientsOfVectors()
  }

  private func expectGradientsOfVectors() throws {
    try backward()
    let reference = ReferenceTransformer(tiny, adapter: adapter)
    let vectors = injected.vectors.scalars.map(Double.init)
    let gradient = try #require(injected.vectors.gradient)
    for slot in [0, 1, 3] {
      let range = slot * 24..<(slot + 1) * 24
      let gap = directionalGap(Array(gradient[range])) { step in
        var moved = vectors
        for (index, delta) in zip(range, step) { moved[index] += delta }
        return loss(reference, vectors: moved)
      }
      #expect(gap < 2e-5, "slot \(slot)")
    }
    #expect(gradient[2 * 24..<3 * 24].allSatisfy { $0 == 0 })
  }

  /// Without LoRA the vectors get the same gradient as with LoRA of zeros.
  @Test func injectedVectorsWithoutLoRA() throws {
    func gradient(_ adapter: LoRAAdapter?) throws -> [Float] {
      let injected = RandomForest.makeVectors()
      let states = try hiddenStates(
        alongPath: paths[2], model: tiny.model, adapter: adapter, injected: injected)
      (states * Tensor(randomFloats(states.count, seed: 1), shape: states.shape)).sum().backward()
      return try #require(injected.vectors.gradient)
    }
    let zeros = tiny.model.makeAdapter(LoRASettings(), seed: 1)
    #expect(relativeGap(try gradient(nil), try gradient(zeros)) < 1e-5)
  }

  @Test(arguments: [0.0, 0.25], TinyModel.Family.allCases)
  func finiteDifferencesOfTheModelItself(dropout: Double, family: TinyModel.Family) throws {
    try Self(family).expectFiniteDifferences(dropout: dropout)
  }

  private func expectFiniteDifferences(dropout: Double) throws {
    let adapter = tiny.makeAdapter(dropout: dropout)
    let tensors = adapter.parameters.map(\.tensor)
    let start = tensors.flatMap(\.scalars)
    let error = try GradientCheck.largestError(
      of: { inputs in
        var rest = inputs[0].scalars[...]
        for tensor in tensors {
          tensor.replace(with: Array(rest.prefix(tensor.count)))
          rest = rest.dropFirst(tensor.count)
          tensor.clearGradient()
        }
        let states = try hiddenStates(
          alongPath: paths[1], model: tiny.model, adapter: adapter,
          dropout: DropoutKey(seed: 1, step: 0), injected: injected)
        let sum = (states * Tensor(Array(coefficients.prefix(states.count)), shape: states.shape))
          .sum()
        guard inputs[0].requiresGradient else { return sum }
        // The gradient of all tensors, handed to the one input that the check knows.
        sum.backward()
        let gradient = tensors.flatMap { $0.gradient ?? [] }
        return (inputs[0] * Tensor(gradient, shape: [gradient.count])).sum()
      }, at: [Tensor(start, shape: [start.count])], step: 2e-3)
    #expect(error < 5e-3)
  }

  private func backward() throws {
    var forest = TokenForest()
    let nodes = paths.flatMap { forest.insert($0) }
    let states = try tiny.model.hiddenStates(
      of: nodes, in: forest, adapter: adapter, injected: injected)
    (states * Tensor(coefficients, shape: states.shape)).sum().backward()
  }

  private func loss(_ reference: ReferenceTransformer, vectors: [Double]) -> Double {
    let states = paths.flatMap { path in
      reference.hiddenStates(
        path.map { element in
          guard let slot = element.slot else { return reference.embedding(of: element.token) }
          return Array(vectors[slot * 24..<(slot + 1) * 24])
        }
      ).flatMap { $0 }
    }
    return zip(states, coefficients).reduce(0) { $0 + $1.0 * Double($1.1) }
  }

  /// |∇f · d − (f(x + hd) − f(x − hd)) / 2h| / (‖∇f‖ ‖d‖ / √n) for d of random signs.
  private func directionalGap(
    _ gradient: [Float], _ moved: (_ step: [Double]) -> Double
  ) -> Double {
    let h = 1e-5
    var random = SeededGenerator(6)
    let signs = gradient.map { _ in Bool.random(using: &random) ? 1.0 : -1.0 }
    let numeric = (moved(signs.map { $0 * h }) - moved(signs.map { -$0 * h })) / (2 * h)
    let analytic = zip(gradient, signs).reduce(0) { $0 + Double($1.0) * $1.1 }
    let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let gap = abs(analytic - numeric) / norm
    return gap.isNaN ? .infinity : gap
  }
}

extension ReferenceTransformer.Pair {
  fileprivate mutating func move(_ matrix: WritableKeyPath<Self, [Double]>, by step: [Double]) {
    self[keyPath: matrix] = zip(self[keyPath: matrix], step).map(+)
  }
}

import BearLabErrors
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

@testable import BearLabLanguageModel

/// One path through the model against the formulas in double precision.
@Suite struct SinglePathTests {
  @Test(arguments: [1, 2, 17, 75], TinyModel.Family.allCases)
  func hiddenStatesAreThoseOfTheReference(length: Int, family: TinyModel.Family) throws {
    let tiny = try TinyModel(seed: UInt64(length), family: family)
    let path = randomTokens(length, seed: 3)
    for adapter in [nil, tiny.makeAdapter()] {
      let reference = ReferenceTransformer(tiny, adapter: adapter)
      let expected = reference.hiddenStates(path.map { reference.embedding(of: $0.token) })
      let actual = try hiddenStates(alongPath: path, model: tiny.model, adapter: adapter)
      #expect(actual.shape == [length, 24])
      #expect(relativeGap(actual.scalars, expected.flatMap { $0 }) < 1e-5)
    }
  }

  /// Each feature changes the numbers: a reference that shared a slip with the model would not tell.
  @Test(arguments: [AttentionBias.none, .queryKeyValue])
  func featuresChangeTheHiddenStates(bias: AttentionBias) throws {
    let tiny = try TinyModel(seed: 5, family: .everything)
    let path = randomTokens(20, seed: 3)
    func states(_ change: (inout LanguageModelShape) -> Void) throws -> [Float] {
      var shape = tiny.shape
      change(&shape)
      let model = try LanguageModel(shape: shape, tiedHead: true) { tiny.weights[$0] ?? [] }
      return try hiddenStates(alongPath: path, model: model).scalars
    }
    let all = try states { _ in }
    #expect(relativeGap(try states { $0.attentionBias = bias }, all) > 1e-3)
    #expect(relativeGap(try states { $0.normalisesQueriesAndKeys = false }, all) > 1e-3)
    #expect(relativeGap(try states { $0.ropeScaling = .none }, all) > 1e-3)
    #expect(relativeGap(try states { $0.ropeScaling = .linear(factor: 2) }, all) > 1e-3)
  }

  /// The scaling of Llama 3.1 as Meta has set it, and as a GGUF file stores it; by hand.
  @Test func frequenciesOfLlama3() throws {
    var shape = try TinyModel().shape
    shape.headWidth = 128
    shape.ropeTheta = 500_000
    let plain = shape.inverseFrequencies
    let settings = Llama3RotaryScaling(
      factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192)
    shape.ropeScaling = .llama3(settings)
    let scaled = shape.inverseFrequencies
    // Turns in 8192 positions: 1304 at first, 2.6 at index 30, 0.003 at the last.
    #expect(scaled[0] == plain[0])
    #expect(abs(scaled[63] / (plain[63] / 8) - 1) < 1e-6)
    let share = (8192 * plain[30] / (2 * .pi) - 1) / 3
    #expect(share > 0.1 && share < 0.9)
    #expect(abs(scaled[30] / (plain[30] * (share + (1 - share) / 8)) - 1) < 1e-6)
    shape.ropeScaling = .factors(zip(plain, scaled).map { Float($0 / $1) })
    #expect(zip(shape.inverseFrequencies, scaled).allSatisfy { abs($0 / $1 - 1) < 1e-6 })
  }

  /// The feed-forward layer in panels of 320 and 210 columns.
  @Test(arguments: availableInstructionSets)
  func severalPanelsOfTheFeedForwardLayer(instructionSet: String) throws {
    try withCompute(instructionSet: instructionSet) {
      let tiny = try TinyModel(seed: 7, feedForwardWidth: 530)
      let adapter = tiny.makeAdapter()
      let path = randomTokens(13, seed: 5)
      let reference = ReferenceTransformer(tiny, adapter: adapter)
      let expected = reference.hiddenStates(path.map { reference.embedding(of: $0.token) })
      let actual = try hiddenStates(alongPath: path, model: tiny.model, adapter: adapter)
      #expect(relativeGap(actual.scalars, expected.flatMap { $0 }) < 1e-5)
    }
  }

  /// LoRA on one projection at a time, so that none can stand in for another.
  @Test(arguments: Projection.allCases)
  func loraChangesItsProjection(projection: Projection) throws {
    let tiny = try TinyModel(seed: 4)
    let adapter = tiny.makeAdapter(targets: [projection])
    let path = randomTokens(9, seed: 5)
    let reference = ReferenceTransformer(tiny, adapter: adapter)
    let expected = reference.hiddenStates(path.map { reference.embedding(of: $0.token) })
      .flatMap { $0 }
    let actual = try hiddenStates(alongPath: path, model: tiny.model, adapter: adapter)
    let without = try hiddenStates(alongPath: path, model: tiny.model)
    #expect(relativeGap(actual.scalars, expected) < 1e-5)
    #expect(relativeGap(without.scalars, expected) > 1e-3)
  }

  /// The masks are inverted dropout of the inputs of A, by seed, step, layer, projection and path.
  @Test func dropoutIsOnTheInputsOfA() throws {
    let tiny = try TinyModel(seed: 6)
    let adapter = tiny.makeAdapter(dropout: 0.4)
    let dropout = DropoutKey(seed: 9, step: 4)
    let path = randomTokens(11, seed: 8)
    var forest = TokenForest()
    _ = forest.insert(path)
    var reference = ReferenceTransformer(tiny, adapter: adapter)
    reference.mask = { [shape = tiny.shape] layer, projection, position in
      let index = Projection.allCases.firstIndex(of: projection) ?? 0
      let key = CounterGenerator.mix(dropout.key, UInt64(layer << 8 | index))
      return mask(
        key: CounterGenerator.mix(key, forest.pathKeys[position]), rate: 0.4,
        count: shape.size(of: projection).inputs)
    }
    let expected = reference.hiddenStates(path.map { reference.embedding(of: $0.token) })
    let actual = try hiddenStates(
      alongPath: path, model: tiny.model, adapter: adapter, dropout: dropout)
    #expect(relativeGap(actual.scalars, expected.flatMap { $0 }) < 1e-5)
  }

  /// A column is kept where its 16 of the random bits, four columns a word, reach the rate.
  private func mask(key: UInt64, rate: Double, count: Int) -> [Double] {
    // The kernel mixes the key once, so that keys that are near are not near in the sequence.
    var start = CounterGenerator(key: key &- 0x9E37_79B9_7F4A_7C15)
    var random = CounterGenerator(key: start.next())
    let threshold = UInt64((rate * 65536).rounded())
    // What is kept is multiplied by 1 over the probability that the threshold really gives.
    let scale = 65536 / Double(65536 - threshold)
    let words = (0..<(count + 3) / 4).map { _ in random.next() }
    return (0..<count).map { column in
      words[column / 4] >> UInt64(16 * (column % 4)) & 0xFFFF >= threshold ? scale : 0
    }
  }

  @Test(arguments: [false, true])
  func headIsTheEmbeddingOrItsOwn(tied: Bool) throws {
    let tiny = try TinyModel(seed: 12, tiedHead: tied)
    let path = randomTokens(5, seed: 13)
    let reference = ReferenceTransformer(tiny)
    let expected = reference.hiddenStates(path.map { reference.embedding(of: $0.token) })
      .flatMap { reference.logits($0) }
    let hidden = try hiddenStates(alongPath: path, model: tiny.model)
    let logits = tiny.model.vocabularyLogits(of: hidden)
    #expect(logits.shape == [5, 60])
    #expect(relativeGap(logits.scalars, expected) < 1e-5)
  }

  /// Rows of no, one, some and all columns; values and gradients.
  @Test func headAtChosenColumnsIsTheFullHead() throws {
    let tiny = try TinyModel(seed: 14, tiedHead: false)
    let columns: [ArraySlice<Int32>] = [[3, 17, 59], [], [0], Array(0..<60)[...]]
    let leaf = { Tensor(randomFloats(4 * 24, seed: 2), shape: [4, 24], requiresGradient: true) }
    let (chosen, full) = (leaf(), leaf())
    let logits = tiny.model.logits(of: chosen, columns: columns)
    let expected = RaggedRows(
      gathering: columns, from: tiny.model.vocabularyLogits(of: full),
      targets: [Int](repeating: 0, count: 4)
    ).values
    #expect(relativeGap(logits.scalars, expected.scalars) < 1e-5)
    let coefficients = Tensor(randomFloats(64, seed: 3), shape: [64])
    (logits * coefficients).sum().backward()
    (expected * coefficients).sum().backward()
    #expect(relativeGap(chosen.gradient ?? [], full.gradient ?? []) < 1e-5)
  }

  @Test func aPathLongerThanTheContextIsRefused() throws {
    let tiny = try TinyModel()
    #expect(throws: LanguageModelError.tooLong(positions: 161, contextLength: 160)) {
      _ = try hiddenStates(alongPath: randomTokens(161, seed: 1), model: tiny.model)
    }
    _ = try hiddenStates(alongPath: randomTokens(160, seed: 1), model: tiny.model)
  }

  @Test(arguments: [Int32(-1), 60])
  func anUnknownTokenIsRefused(token: Int32) throws {
    let tiny = try TinyModel()
    #expect(
      throws: LanguageModelError.unknownToken(token: Int(token), vocabularySize: 60)
    ) {
      _ = try hiddenStates(alongPath: [.init(token: token)], model: tiny.model)
    }
  }

  @Test func weightsOfAWrongSizeAreRefused() throws {
    let tiny = try TinyModel(tiedHead: false)
    for name in tiny.weights.keys {
      #expect(throws: LanguageModelError.self) {
        _ = try LanguageModel(shape: tiny.shape, tiedHead: false) { read in
          Array((tiny.weights[read] ?? []).dropLast(read == name ? 1 : 0))
        }
      }
    }
  }
}

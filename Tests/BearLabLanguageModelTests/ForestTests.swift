import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

/// A forest equals its paths: values, and gradients of all that is trained.
@Suite(.serialized) struct ForestTests {
  /// Dropout rates are tried with one key, so that a node has the mask of its path.
  @Test(arguments: RandomForest.all, [0.0, 0.3])
  func aForestEqualsItsPaths(forest: RandomForest, dropout: Double) throws {
    for instructionSet in availableInstructionSets {
      let (tiny, apart) = try withCompute(instructionSet: instructionSet) {
        let tiny = try TinyModel(seed: 21)
        return (tiny, try ForestOutcome(of: forest, in: tiny, dropout: dropout, asForest: false))
      }
      for threads in [1, 2] {
        let together = try withCompute(threads: threads, instructionSet: instructionSet) {
          try ForestOutcome(of: forest, in: tiny, dropout: dropout, asForest: true)
        }
        let what = "\(threads) threads, \(instructionSet)"
        expectEqual(together, apart, what)
        // A row has the same bits whatever the other rows of a pass.
        if instructionSet.hasPrefix("avx512") {
          #expect(together.hidden == apart.hidden, "bits of hidden states, \(what)")
        }
      }
    }
  }

  /// The features of other families, with dropout.
  @Test(arguments: RandomForest.all, [TinyModel.Family.qwen2, .qwen3, .everything])
  func aForestOfAnyFamilyEqualsItsPaths(
    forest: RandomForest, family: TinyModel.Family
  ) throws {
    for instructionSet in ["portable", availableInstructionSets.last ?? "portable"] {
      let (tiny, apart) = try withCompute(instructionSet: instructionSet) {
        let tiny = try TinyModel(seed: 21, family: family)
        return (tiny, try ForestOutcome(of: forest, in: tiny, dropout: 0.3, asForest: false))
      }
      for threads in [1, 2] {
        let together = try withCompute(threads: threads, instructionSet: instructionSet) {
          try ForestOutcome(of: forest, in: tiny, dropout: 0.3, asForest: true)
        }
        expectEqual(together, apart, "\(threads) threads, \(instructionSet)")
        if instructionSet.hasPrefix("avx512") { #expect(together.hidden == apart.hidden) }
      }
    }
  }

  @Test func instructionSetsAndThreadsAgree() throws {
    for forest in RandomForest.all {
      let reference = try withCompute(instructionSet: "portable") {
        try ForestOutcome(
          of: forest, in: TinyModel(seed: 22, tiedHead: false), dropout: 0.1, asForest: true)
      }
      for instructionSet in availableInstructionSets {
        let other = try withCompute(threads: 2, instructionSet: instructionSet) {
          try ForestOutcome(
            of: forest, in: TinyModel(seed: 22, tiedHead: false), dropout: 0.1, asForest: true)
        }
        expectEqual(other, reference, "\(forest.testDescription), \(instructionSet)")
      }
    }
  }

  /// The forest's values equal the double reference's, not only those of the same code.
  @Test(arguments: RandomForest.all)
  func aForestEqualsTheReference(forest: RandomForest) throws {
    let tiny = try TinyModel(seed: 23)
    let adapter = tiny.makeAdapter()
    let injected = RandomForest.makeVectors()
    let outcome = try ForestOutcome(
      of: forest, in: tiny, adapter: adapter, injected: injected, asForest: true)
    let reference = ReferenceTransformer(tiny, adapter: adapter)
    let vectors = injected.vectors.scalars.map(Double.init)
    let expected = forest.paths.flatMap { path in
      reference.hiddenStates(
        path.map { element in
          guard let slot = element.slot else { return reference.embedding(of: element.token) }
          return Array(vectors[slot * 24..<(slot + 1) * 24])
        }
      ).flatMap { $0 }
    }
    #expect(relativeGap(outcome.hidden, expected) < 1e-5)
  }

  /// Only some of the nodes are asked for, one of them twice; the others get no gradient.
  @Test func someNodesOfAForest() throws {
    let tiny = try TinyModel(seed: 24)
    let paths = [randomTokens(7, seed: 1), randomTokens(5, seed: 2)]
    func gradients(_ asked: [(path: Int, position: Int)], whole: Bool) throws -> [Float] {
      let adapter = tiny.makeAdapter()
      var forest = TokenForest()
      let nodes = (whole ? paths : [paths[0]]).map { forest.insert($0) }
      let hidden = try tiny.model.hiddenStates(
        of: asked.map { nodes[$0.path][$0.position] }, in: forest, adapter: adapter)
      #expect(hidden.shape == [asked.count, 24])
      (hidden * Tensor(randomFloats(hidden.count, seed: 5), shape: hidden.shape)).sum().backward()
      return adapter.parameters.flatMap { $0.tensor.gradient ?? [] }
    }
    let asked = [(path: 0, position: 4), (path: 0, position: 1), (path: 0, position: 4)]
    let expected = try gradients(asked, whole: false)
    #expect(relativeGap(try gradients(asked, whole: true), expected) < 1e-5)
  }

  @Test func aForestWithoutRowsHasNoHiddenStates() throws {
    let tiny = try TinyModel()
    var forest = TokenForest()
    #expect(try tiny.model.hiddenStates(of: [], in: forest).shape == [0, 24])
    _ = forest.insert(randomTokens(3, seed: 1))
    #expect(try tiny.model.hiddenStates(of: [], in: forest).shape == [0, 24])
  }

  private func expectEqual(_ actual: ForestOutcome, _ expected: ForestOutcome, _ what: String) {
    #expect(relativeGap(actual.hidden, expected.hidden) < 1e-5, "hidden states, \(what)")
    #expect(Set(actual.gradients.keys) == Set(expected.gradients.keys))
    // The largest gradient of all tensors: those of one tensor may nearly cancel.
    let largest = expected.gradients.values.joined().map { Double(abs($0)) }.max() ?? 0
    #expect(largest > 0)
    for (name, gradient) in expected.gradients {
      let gap = largestGap(actual.gradients[name] ?? [], gradient)
      #expect(gap < 1e-5 * largest, "gradient of \(name), \(what)")
    }
  }
}

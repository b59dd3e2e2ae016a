public import BearLabCore
public import BearLabLanguageModel
public import BearLabNN
public import BearLabTensor
internal import Foundation

/// A random language model that is small enough for tests, with its weights.
///
/// Three layers of width 24, four heads of width 6 over two key-value heads, a feed-forward width
/// of 40 unless another is asked for, and a vocabulary of 60.
public struct TinyModel {
  /// What the model has besides.
  public enum Family: Sendable, CaseIterable {
    /// Nothing.
    case llama
    /// A bias of Q, K and V, and positions that lie closer together.
    case qwen2
    /// Normalised heads of width 8, which times the heads is more than the model's width.
    case qwen3
    /// Every bias, normalised heads, and the rotary scaling of Llama 3.
    case everything
  }

  public let model: LanguageModel
  public let hasTiedHead: Bool
  /// Row-major, as the model read them; the head is there only where it is not tied.
  public let weights: [WeightName: [Float]]

  public var shape: LanguageModelShape { model.shape }

  /// Draws the weights.
  ///
  /// - Parameters:
  ///   - seed: the same one gives the same weights, rounded in bf16.
  ///   - tiedHead: whether the head's weights are the embedding's.
  ///   - precision: one that the instruction set in use has.
  ///   - feedForwardWidth: beyond 512 the feed-forward layer is computed in several panels.
  ///   - family: which features it has.
  ///   - rounding: what becomes of the weights of projections, in any precision.
  /// - Throws: ``BearLabLanguageModel/LanguageModelError``, never for the sizes of this model.
  public init(
    seed: UInt64 = 1, tiedHead: Bool = true, precision: Precision = .f32,
    feedForwardWidth: Int = 40, family: Family = .llama, rounding: (Float) -> Float = { $0 }
  ) throws {
    let shape = family.shape(feedForwardWidth: feedForwardWidth)
    var random = SeededGenerator(seed)
    var weights: [WeightName: [Float]] = [:]
    model = try LanguageModel(shape: shape, tiedHead: tiedHead, precision: precision) { name in
      let (count, range) = Self.size(of: name, in: shape)
      var numbers = (0..<count).map { _ in Float.random(in: range, using: &random) }
      if case .projection = name { numbers = numbers.map(rounding) }
      weights[name] = numbers
      return numbers
    }
    self.weights = weights
    hasTiedHead = tiedHead
  }

  /// LoRA weights of which B is random too, so that every gradient is other than zero.
  public func makeAdapter(
    rank: Int = 3, alpha: Double = 4, dropout: Double = 0,
    targets: Set<Projection> = Set(Projection.allCases), seed: UInt64 = 1
  ) -> LoRAAdapter {
    let adapter = model.makeAdapter(
      LoRASettings(rank: rank, alpha: alpha, dropout: dropout, targets: targets), seed: seed)
    var random = SeededGenerator(seed)
    for (name, tensor) in adapter.parameters where name.hasSuffix("/B") {
      tensor.replace(
        with: (0..<tensor.count).map { _ in Float.random(in: -0.4...0.4, using: &random) })
    }
    return adapter
  }

  private static func size(
    of name: WeightName, in shape: LanguageModelShape
  ) -> (count: Int, range: ClosedRange<Float>) {
    switch name {
    case .embedding, .head: (shape.vocabularySize * shape.width, -1...1)
    case .attentionNorm, .feedForwardNorm, .finalNorm: (shape.width, 0.5...1.5)
    case .queryNorm, .keyNorm: (shape.headWidth, 0.5...1.5)
    case .bias(let projection, _): (shape.size(of: projection).outputs, -0.5...0.5)
    case .projection(let projection, _):
      // Sums over a wide feed-forward layer are as large as over a narrow one.
      (
        shape.size(of: projection).inputs * shape.size(of: projection).outputs,
        projection == .down && shape.feedForwardWidth > 100 ? -0.1...0.1 : -0.4...0.4
      )
    }
  }
}

extension TinyModel.Family {
  fileprivate func shape(feedForwardWidth: Int) -> LanguageModelShape {
    var shape = LanguageModelShape(
      layerCount: 3, width: 24, feedForwardWidth: feedForwardWidth, headCount: 4, kvHeadCount: 2,
      headWidth: 6, vocabularySize: 60, contextLength: 160, normEpsilon: 1e-5, ropeTheta: 10_000)
    switch self {
    case .llama: break
    case .qwen2:
      shape.attentionBias = .queryKeyValue
      shape.ropeScaling = .linear(factor: 3)
    case .qwen3:
      shape.headWidth = 8
      shape.normalisesQueriesAndKeys = true
    case .everything:
      shape.headWidth = 8
      shape.normalisesQueriesAndKeys = true
      shape.attentionBias = .all
      // Of the frequencies 1, 0.1, 0.01 and 0.001 one stays, one is between, two are divided.
      shape.ropeScaling = .llama3(
        Llama3RotaryScaling(
          factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 100))
    }
    return shape
  }
}

/// Words as tokens: 0 is EOS, 1 is BOS, 2 stands for every word that is not known.
public struct WordEncoder: TextEncoder {
  public let bosToken: Int32? = 1
  public let eosToken: Int32 = 0
  private let words: [String]
  private let tokens: [String: Int32]

  /// Numbers the words of some texts, which spaces separate, in the order of first appearance.
  public init(_ texts: [String]) {
    var words = ["<eos>", "<bos>", "<unknown>"]
    var tokens: [String: Int32] = [:]
    for word in texts.flatMap({ $0.split(separator: " ") }).map(String.init)
    where tokens[word] == nil {
      tokens[word] = Int32(words.count)
      words.append(word)
    }
    self.words = words
    self.tokens = tokens
  }

  public func encode(_ text: String) -> [Int32] {
    text.split(separator: " ").map { tokens[String($0)] ?? 2 }
  }

  public func decode(_ tokens: [Int32]) -> String {
    tokens.map { words[Int($0)] }.joined(separator: " ")
  }
}

/// Held while threads and instruction set are not those of the other tests.
private let computeLock = NSLock()

/// The instruction set that `BEAR_LAB_ISA` sets for tests too; nil for the best.
private let forcedInstructionSet = ProcessInfo.processInfo.environment["BEAR_LAB_ISA"]
  .flatMap { $0.isEmpty ? nil : $0 }

/// Runs `body` with some threads and an instruction set, then goes back to one and to the best.
///
/// Both are settings of the process: of all callers only one runs at a time, whatever suite it is
/// in. Calls cannot be nested. What depends on the engine or the precision of a model must make
/// the model in `body` as well; all other tests run beside this with whatever is set.
///
/// - Parameters:
///   - threads: at least 1.
///   - instructionSet: nil for what `BEAR_LAB_ISA` says, or else the best that this CPU has.
///   - body: what depends on the two.
/// - Returns: what `body` returns.
/// - Throws: ``BearLabTensor/ComputeError``, and what `body` throws.
public func withCompute<Result>(
  threads: Int = 1, instructionSet: String? = nil, _ body: () throws -> Result
) throws -> Result {
  computeLock.lock()
  defer { computeLock.unlock() }
  try Compute.selectInstructionSet(instructionSet ?? forcedInstructionSet)
  Compute.threads = threads
  defer {
    Compute.threads = 1
    try? Compute.selectInstructionSet(forcedInstructionSet)
  }
  return try body()
}

/// The instruction sets that this CPU has, up to the one of `BEAR_LAB_ISA`.
public let availableInstructionSets: [String] = {
  let all = Compute.instructionSets
  return Array(all[...(forcedInstructionSet.flatMap(all.firstIndex) ?? all.count - 1)])
}()

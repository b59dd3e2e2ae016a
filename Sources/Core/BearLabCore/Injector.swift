public import BearLabLanguageModel
public import BearLabTensor

/// Computes the vectors of slots, with gradients to what it trains.
public protocol Injector: AnyObject {
  /// What fine-tuning trains beside LoRA, by name, as checkpoints store it.
  var trainable: [(name: String, tensor: Tensor)] { get }
  /// What was learned before fine-tuning and stays as it is; checkpoints store it too.
  var frozen: [(name: String, tensor: Tensor)] { get }
  /// The vectors of `slots`, `[slots, D]`, on the tape.
  ///
  /// A slot's vector does not depend on which others are asked for with it, but for rounding.
  func vectors(for slots: [Prompt.Slot]) throws -> Tensor
}

extension Injector {
  public var frozen: [(name: String, tensor: Tensor)] { [] }

  /// The vectors of some slots as a forest takes them; nil where there are none.
  public func injected(for slots: [Prompt.Slot]) throws -> InjectedVectors? {
    guard !slots.isEmpty else { return nil }
    return InjectedVectors(slots: slots.map(\.number), vectors: try vectors(for: slots))
  }

  /// The same as constants.
  public func constants(for slots: [Prompt.Slot]) throws -> InjectedVectors? {
    guard !slots.isEmpty else { return nil }
    return InjectedVectors(
      slots: slots.map(\.number), vectors: try vectors(for: slots).detached())
  }
}

/// The vectors of slots while what an injector trains stays the same.
///
/// Each is computed once and by itself, so that its bits do not depend on which users share a batch.
public struct SlotVectors {
  private let injector: any Injector
  private var known: [Int: [Float]] = [:]

  /// Starts without vectors.
  public init(_ injector: any Injector) { self.injector = injector }

  /// The vectors of some prompts' slots, as constants; nil where there are none.
  public mutating func injected(for prompts: [EncodedPrompt]) throws -> InjectedVectors? {
    var numbers: [Int] = []
    var rows: [Float] = []
    var listed: Set<Int> = []
    for slot in prompts.flatMap(\.slots) where listed.insert(slot.number).inserted {
      let row = try known[slot.number] ?? injector.vectors(for: [slot]).scalars
      known[slot.number] = row
      numbers.append(slot.number)
      rows += row
    }
    guard !numbers.isEmpty else { return nil }
    return InjectedVectors(
      slots: numbers, vectors: Tensor(rows, shape: [numbers.count, rows.count / numbers.count]))
  }
}

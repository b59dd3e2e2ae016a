public import BearLabCore
internal import BearLabNN
public import BearLabTensor

/// What the next item's score is trained to be.
///
/// With the positive's score s⁺ and that s⁻ of one item drawn evenly from those that are neither in
/// the history nor the target:
///
///     bce  −log σ(s⁺) − log σ(−s⁻)
///     bpr  −log σ(s⁺ − s⁻)
///     mse  ((s⁺ − 1)² + (s⁻)²) / 2
///     ce   −log softmax(s)[target] over all items
public enum NextItemLossKind: String, Sendable, ParameterReadable, CaseIterable {
  case bce, bpr, mse, ce
}

/// The loss of next items, a mean over outputs.
public struct NextItemLoss: Sendable {
  public let kind: NextItemLossKind
  public let positions: OutputPositions
  /// As the DROS code has it: `bce` is the mean over positives and negatives together, and `bpr` is
  /// of scores ELU(s) + 1.
  public let isDROS: Bool

  /// Creates a loss.
  public init(kind: NextItemLossKind, positions: OutputPositions = .last, isDROS: Bool = false) {
    self.kind = kind
    self.positions = positions
    self.isDROS = isDROS
  }

  /// The mean loss of some windows.
  public func callAsFunction(_ batch: TrainingBatch, _ encoder: any SequenceEncoder) -> Tensor {
    let outputs = encoder.encode(
      batch.windows.map(\.history), positions: positions, dropout: batch.dropout)
    let targets = batch.targets(positions)
    if kind == .ce {
      return encoder.head(outputs).crossEntropy(targets: targets.map { $0 - 1 }).mean()
    }
    let negatives = batch.negatives(positions, items: encoder.itemCount)
    return pairwise(
      positive: encoder.scores(of: targets, outputs: outputs),
      negative: encoder.scores(of: negatives, outputs: outputs))
  }

  /// The mean loss of scores `[n]` of positives and negatives; not of `ce`.
  public func pairwise(positive: Tensor, negative: Tensor) -> Tensor {
    switch kind {
    case .bce:
      let sum =
        positive.binaryCrossEntropy(target: true).mean()
        + negative.binaryCrossEntropy(target: false).mean()
      return isDROS ? sum / 2 : sum
    case .bpr where isDROS:
      return -(shiftedELU(positive) - shiftedELU(negative)).logSigmoid().mean()
    case .bpr: return -(positive - negative).logSigmoid().mean()
    case .mse:
      let gap = positive - 1
      return ((gap * gap).mean() + (negative * negative).mean()) / 2
    case .ce: preconditionFailure("cross-entropy is over all items, not over pairs")
    }
  }

  /// ELU(x) + 1: x + 1 above 0, e^x below.
  private func shiftedELU(_ x: Tensor) -> Tensor { x.relu() + (-(-x).relu()).exp() }
}

extension SequenceEncoder {
  /// The score of one item for each output.
  ///
  /// - Parameters:
  ///   - items: `[n]`, item ids from 1.
  ///   - outputs: `[n, width]`.
  /// - Returns: `[n]`.
  public func scores(of items: [Int], outputs: Tensor) -> Tensor {
    let rows = items.map { $0 - 1 }
    let products = outputs.rowDots(head.weight.rows(at: rows))
    return head.bias.map { products + $0.gathered(at: rows) } ?? products
  }
}

/// Windows that are trained on in one step.
public struct TrainingBatch {
  /// Their histories are cut to what the network takes.
  public let windows: [Window]
  public let dropout: DropoutSource
  /// Of what else is random in the step.
  public let key: UInt64

  /// Creates a batch.
  public init(windows: [Window], key: UInt64) {
    self.windows = windows
    self.key = key
    dropout = DropoutSource(key: CounterGenerator.mix(key, 1))
  }

  /// The right item of each output: behind the last item, the window's target; behind another, the
  /// next one.
  public func targets(_ positions: OutputPositions) -> [Int] {
    windows.flatMap { Self.targets($0, positions) }
  }

  private static func targets(_ window: Window, _ positions: OutputPositions) -> [Int] {
    positions == .last
      ? [window.target] : Array((window.history + [window.target]).dropFirst())
  }

  /// An item for each output that is in neither history nor target.
  ///
  /// Where the window has nearly all items, one that is not the output's own target.
  public func negatives(_ positions: OutputPositions, items: Int) -> [Int] {
    var random = CounterGenerator(key: CounterGenerator.mix(key, 2))
    return windows.flatMap { window in
      Self.targets(window, positions).map { target in
        var item = Int.random(in: 1...items, using: &random)
        var draws = 1
        while item == target || window.history.contains(item) || item == window.target,
          draws < Self.mostDraws
        {
          item = Int.random(in: 1...items, using: &random)
          draws += 1
        }
        return item == target && items > 1 ? item % items + 1 : item
      }
    }
  }

  /// So many draws miss the last of 100 items that are left with a chance of 4e-5.
  private static let mostDraws = 1000
}

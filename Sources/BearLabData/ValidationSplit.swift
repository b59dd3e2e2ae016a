internal import BearLabCore

/// The windows that language models train on, and those that checkpoints are selected on.
struct ValidationSplit {
  /// As many training windows as `train_10000.csv` has.
  static let trainLimit = 10_000
  /// As many windows as `test_5000.csv` has at most.
  static let evaluationLimit = 5_000
  /// Fewer windows than this select no checkpoint.
  static let smallestValidation = 200

  let trainSample: [Window]
  let validation: [Window]
  /// How the validation windows were found.
  let notice: String

  /// Samples training windows, and validation windows that exist of their own.
  ///
  /// - Parameters:
  ///   - train: all training windows.
  ///   - validation: all validation windows.
  ///   - origin: where the validation windows are from, for the notice.
  init(train: [Window], validation: [Window], from origin: String) {
    trainSample = Permutation.sample(train, limit: Self.trainLimit)
    self.validation = Permutation.sample(validation, limit: Self.evaluationLimit)
    notice = "validation: \(self.validation.count) of \(validation.count) windows of \(origin)"
  }

  /// Carves the validation windows out of the last eighth of the training windows.
  ///
  /// What the training sample has drawn from that tail stays in training. Where fewer than
  /// ``smallestValidation`` windows would be left, the tail leaves training before the sample is
  /// drawn.
  ///
  /// - Parameter train: all rows of `train.csv`, in order of time.
  init(carvedFrom train: [Window]) {
    let order = Permutation.shuffled(count: train.count).prefix(Self.trainLimit)
    let tail = (train.count - train.count / 8)..<train.count
    let drawn = Set(order)
    let left = tail.filter { !drawn.contains($0) }
    if left.count >= Self.smallestValidation {
      trainSample = order.map { train[$0] }
      validation = Permutation.sample(left.map { train[$0] }, limit: Self.evaluationLimit)
      notice =
        "validation: \(validation.count) of \(left.count) windows, the last \(tail.count) "
        + "of train.csv without those in the training sample, carved as there is no valid.csv"
    } else {
      trainSample = Permutation.sample(train[..<tail.lowerBound], limit: Self.trainLimit)
      validation = Permutation.sample(train[tail], limit: Self.evaluationLimit)
      notice =
        "validation: the last \(tail.count) windows of train.csv, which language models do not "
        + "train on, as there is no valid.csv and train.csv is small"
    }
  }
}

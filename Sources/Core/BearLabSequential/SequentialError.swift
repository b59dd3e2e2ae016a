public import BearLabErrors

/// What can be wrong with the data or the settings of a sequential recommender.
public enum SequentialError: BearLabError, Equatable {
  case noTrainingWindows
  case unknownItem(Int, row: Int, items: Int)
  case heads(Int, width: Int)
  case divergence(epoch: Int)

  public var description: String {
    switch self {
    case .noTrainingWindows: "there are no training windows"
    case .unknownItem(let item, let row, let items):
      "row \(row) has item \(item), but the catalogue has items 1 to \(items)"
    case .heads(let heads, let width):
      "\(heads) attention heads do not divide a width of \(width)"
    case .divergence(let epoch): "the loss of epoch \(epoch) is no finite number"
    }
  }

  public var remedy: String {
    switch self {
    case .noTrainingWindows: "use a data set with at least one training window"
    case .unknownItem: "use histories and windows of the catalogue that the recommender is for"
    case .heads: "give a number of heads that divides the width"
    case .divergence: "give a smaller learning-rate"
    }
  }

  /// Checks that all items are of the catalogue.
  static func requireItems(_ histories: [[Int]], below items: Int) throws(SequentialError) {
    for (row, history) in histories.enumerated() {
      for item in history where item < 1 || item > items {
        throw .unknownItem(item, row: row, items: items)
      }
    }
  }
}

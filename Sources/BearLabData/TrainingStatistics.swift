public import BearLabCore

/// What all training windows say about items: how popular they are, and which were seen.
public struct TrainingStatistics: Sendable {
  /// `[titles]`: how often each title is the target of a training window.
  public let targetCounts: [Int]
  /// The title numbers that are in training, in a history or as a target.
  public let seenTitles: Set<Int>

  /// Counts over `train`, which are all windows of `train.csv` and not the sample.
  public init(train: [Window], catalogue: Catalogue) {
    var counts = [Int](repeating: 0, count: catalogue.titles.count)
    var seen: Set<Int> = []
    for window in train {
      let target = catalogue.titleNumber(of: window.target)
      counts[target] += 1
      seen.insert(target)
      for item in window.history { seen.insert(catalogue.titleNumber(of: item)) }
    }
    targetCounts = counts
    seenTitles = seen
  }
}

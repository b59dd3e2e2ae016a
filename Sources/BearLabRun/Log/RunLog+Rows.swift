public import BearLabEvaluation

extension RunLog {
  /// The test rows of each model that was measured, by its name.
  ///
  /// - Throws: ``RunLogError/malformedLine(path:line:excerpt:)``.
  public func rankedRows() throws -> [(name: String, rows: [RankedRow])] {
    try RowResults.names(in: folder.path).map {
      ($0, try LogLines(path: RowResults.path($0, in: folder)).decode(RankedRow.self))
    }
  }

  /// The number of the epoch that figures are of; nil of other figures.
  public static func epoch(of figures: EvaluationFigures) -> Int? { RunFolder.epoch(of: figures) }
}

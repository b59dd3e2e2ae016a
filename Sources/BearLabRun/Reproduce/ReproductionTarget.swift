/// A table or figure of the paper that can be made again.
public enum ReproductionTarget: String, Sendable, CaseIterable {
  case table2, table3, table4, table5
  case figure3, figure4, figure5, figure6, figure7, figure8, figure9

  /// Its rows and columns: section 8.4 of the method specification.
  var layout: ReproductionLayout {
    switch self {
    case .table2: .table2
    case .table3: .table3
    case .table4: .table4
    case .table5: .table5
    case .figure3: .figure3
    case .figure4: .figure4
    case .figure5: .figure5
    case .figure6: .figure6
    case .figure7: .figure7
    case .figure8: .figure8
    case .figure9: .figure9
    }
  }
}

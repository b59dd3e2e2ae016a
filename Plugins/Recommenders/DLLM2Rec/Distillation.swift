internal import BearLabCore
internal import BearLabSequential
internal import BearLabTensor

/// The loss by which a student learns ranked lists.
///
///     L = Σ_r mean[w_r (−log σ(f_{T_r}) + n)] + α Σ_r mean[w_r] · mean[robust_r]
///     n = −log σ(1 − f_neg), or −log(1 − σ(f_neg));   robust_r has T_r as target
///
/// Means are over the rows of a batch; those without a list add nothing. The product of two means
/// is what the authors' code computes; `elementwise` is mean[w_r robust_r] in its place.
///
/// - Source: section 5.2 of the method specification; istarryn/DLLM2Rec, `main.py`.
struct Distillation {
  /// What a negative item's score costs.
  enum NegativeTerm: String, ParameterReadable {
    case official, bce
  }

  /// How weights and the robust term are put together.
  enum RobustMean: String, ParameterReadable {
    case official, elementwise
  }

  let weights: TeacherWeights
  /// k.
  let length: Int
  let negativeTerm: NegativeTerm
  let robustMean: RobustMean
  /// α.
  let robustWeight: Float

  /// A place of a list: the row of the batch, the item's column, the rank from 0, the weight.
  private struct Place {
    let row: Int
    let column: Int
    let rank: Int
    let weight: Float
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - scores: of the student, `[n, items]`.
  ///   - negatives: the score of a negative item in each row, `[n]`.
  ///   - lists: `[n]`, nil for a row without one.
  ///   - term: the robust term.
  /// - Returns: a scalar.
  func callAsFunction(
    _ scores: Tensor, negatives: Tensor, lists: [TeacherLists.List?], term: RobustTerm
  ) -> Tensor {
    let (rows, items) = (scores.shape[0], scores.shape[1])
    let places = places(scores, lists)
    guard !places.isEmpty else { return Tensor(zeros: []) }
    let taught = scores.reshaped([scores.count]).gathered(
      at: places.map { $0.row * items + $0.column })
    let negative = negatives.gathered(at: places.map(\.row))
    let shares = Tensor(places.map { $0.weight / Float(rows) }, shape: [places.count])
    let own = (shares * ((-taught).softplus() + cost(negative))).sum()
    guard robustWeight > 0 else { return own }
    return own + robustWeight * robust(scores, places, term)
  }

  /// What a negative item's score costs: the official code has the logarithm of σ(1 − f).
  private func cost(_ negative: Tensor) -> Tensor {
    negativeTerm == .official ? (negative - 1).softplus() : negative.softplus()
  }

  /// The weighted robust terms, rank by rank.
  private func robust(_ scores: Tensor, _ places: [Place], _ term: RobustTerm) -> Tensor {
    let listed = Float(Set(places.map(\.row)).count)
    let rows = Float(scores.shape[0])
    var sum = Tensor(zeros: [])
    for rank in 0..<length {
      let own = places.filter { $0.rank == rank }
      guard !own.isEmpty else { break }
      let terms = term.rows(scores.rows(at: own.map(\.row)), targets: own.map(\.column))
      switch robustMean {
      case .official:
        // The batch is that of the rows with lists; the others add nothing to its mean.
        let weight = own.reduce(0) { $0 + $1.weight } / listed
        sum = sum + terms.mean() * (weight * listed / rows)
      case .elementwise:
        sum = sum + (terms * Tensor(own.map { $0.weight / rows }, shape: [own.count])).sum()
      }
    }
    return sum
  }

  private func places(_ scores: Tensor, _ lists: [TeacherLists.List?]) -> [Place] {
    let dense = RaggedRows(
      dense: scores.detached(), targets: [Int](repeating: 0, count: scores.shape[0]))
    let best = dense.rowLargest(length)
    return lists.enumerated().flatMap { row, list -> [Place] in
      guard let list, !list.items.isEmpty else { return [] }
      let items = list.items.prefix(length)
      let shared = Set(best[row].map { $0.place + 1 })
      let weights = weights(
        distances: Array(list.distances.prefix(length)), isShared: items.map(shared.contains))
      return items.enumerated().map {
        Place(row: row, column: $1 - 1, rank: $0, weight: Float(weights[$0]))
      }
    }
  }
}

import BearLabCore
import BearLabTensor
import Foundation

/// BEAR written down a second time, in double precision over the whole vocabulary, for the checks
/// of values and gradients.
struct BEARReference {
  let switches: [String: String]
  var temperature = 0.8
  var lambda = 0.6
  var xi = 1.3
  var beamWidth = 5

  /// The parameters of the objective that this is a reference of.
  var parameters: [String: ParameterValue] {
    switches.mapValues { .text($0) }.merging(
      [
        "tau": .real(temperature), "lambda": .real(lambda), "xi": .real(xi),
        "beam-width": .integer(beamWidth),
      ], uniquingKeysWith: { first, _ in first })
  }

  /// One answer token.
  struct Row {
    /// `[vocabulary]`, nats; -infinity where the soft-max has no token.
    let logProbabilities: [Double]
    let target: Int
    /// The tokens among which the threshold is, the most probable first.
    let competitors: [Int]
    let isForced: Bool

    var own: Double { logProbabilities[target] }
  }

  /// The loss's sum as a function of a batch, with the constants of the gradient as at `point`.
  func frozen(_ point: AnswerBatch) throws -> (AnswerBatch) throws -> Tensor {
    let fixed = try rows(of: point)
    return { batch in
      let rows = try rows(of: batch)
      let losses = zip(rows, fixed).map {
        switches["form"] == "paper" ? regularised($0, $1) : weighted($0, $1)
      }
      return Tensor(scalar: Float(losses.reduce(0, +)))
    }
  }

  /// The weight of a batch.
  func weight(_ batch: AnswerBatch) throws -> Double {
    let choices = try rows(of: batch).filter { !$0.isForced }
    switch (switches["form"], switches["normalise"]) {
    case ("paper", _), (_, "sum"): return Double(batch.sampleCount)
    case (_, "all-tokens"): return Double(batch.rowCount)
    case (_, "multi-child"): return Double(choices.count)
    default: return choices.reduce(0) { $0 + weight($1) }
    }
  }

  private func weighted(_ row: Row, _ fixed: Row) -> Double {
    row.isForced ? 0 : -row.own * weight(fixed)
  }

  /// w_t.
  private func weight(_ row: Row) -> Double {
    let margin = row.logProbabilities[thresholdToken(row)] - row.own
    let isPublished = switches["surrogate"] != "softplus"
    var sigma = sigmoid((isPublished ? -margin : margin) / xi)
    if row.competitors.count < beamWidth {
      if switches["fewer"] == "skip" { sigma = 0 }
      if switches["fewer"] == "none" { sigma = isPublished ? 1 : 0 }
    }
    return 1 + (switches["lambda-convention"] == "paper" ? lambda / xi : lambda) * sigma
  }

  private func regularised(_ row: Row, _ fixed: Row) -> Double {
    if row.competitors.count < beamWidth, switches["fewer"] == "skip" { return -row.own }
    let token = thresholdToken(fixed)
    let threshold = (switches["beta-grad"] == "flow" ? row : fixed).logProbabilities[token]
    let margin = (threshold - row.own) / xi
    let isPublished = switches["surrogate"] != "softplus"
    let weight = switches["lambda-convention"] == "paper" ? lambda : lambda * xi
    return -row.own + weight * (isPublished ? log(sigmoid(margin)) : log(1 + exp(margin)))
  }

  private func thresholdToken(_ row: Row) -> Int {
    row.competitors[min(beamWidth, row.competitors.count) - 1]
  }

  private func rows(of batch: AnswerBatch) throws -> [Row] {
    let logits = try batch.vocabularyLogits
    let values = logits.values.scalars
    return batch.targets.indices.map { row in
      let scaled = values[logits.offsets[row]..<logits.offsets[row + 1]].map {
        Double($0) / temperature
      }
      let allowed = batch.allowed[row].map(Int.init)
      let valid = switches["base"] == "full" ? Array(scaled.indices) : allowed
      let normaliser = log(valid.reduce(0) { $0 + exp(scaled[$1]) })
      let competitors = switches["beta-over"] == "vocabulary" ? Array(scaled.indices) : allowed
      return Row(
        logProbabilities: scaled.indices.map {
          valid.contains($0) ? scaled[$0] - normaliser : -.infinity
        },
        target: Int(batch.targets[row]),
        competitors: competitors.sorted { scaled[$0] > scaled[$1] },
        isForced: allowed.count == 1)
    }
  }

  private func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
}

import BearLabCore
import Foundation

/// Log-probabilities of answer tokens in double precision, for references of objectives.
struct RowReference {
  /// `[rows][vocabulary]`: as the batch has them.
  let logits: [[Double]]
  let batch: AnswerBatch

  init(_ batch: AnswerBatch) throws {
    self.batch = batch
    logits = try batch.vocabularyLogits.rowValues.map { $0.map(Double.init) }
  }

  /// log p of a token over the allowed tokens of a row, or over the vocabulary.
  func logProbability(_ row: Int, _ token: Int, masked: Bool) -> Double {
    let tokens = masked ? batch.allowed[row].map(Int.init) : Array(logits[row].indices)
    return logits[row][token] - log(tokens.reduce(0) { $0 + exp(logits[row][$1]) })
  }

  func target(_ row: Int, masked: Bool) -> Double {
    logProbability(row, Int(batch.targets[row]), masked: masked)
  }

  /// log P of an answer.
  func answer(_ place: Int, masked: Bool) -> Double {
    batch.answers[place].rows.reduce(0) { $0 + target($1, masked: masked) }
  }

  /// The k-th largest log-probability over the allowed tokens; the smallest of fewer.
  func threshold(_ row: Int, width: Int) -> Double {
    let all = batch.allowed[row].map { logProbability(row, Int($0), masked: true) }.sorted(by: >)
    return all[min(width, all.count) - 1]
  }

  static func logSigmoid(_ value: Double) -> Double { -log(1 + exp(-value)) }
}

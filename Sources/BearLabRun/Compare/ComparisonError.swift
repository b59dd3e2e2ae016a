public import BearLabCore

/// Why runs cannot be compared.
public enum ComparisonError: BearLabError, Equatable {
  case tooFewRuns(Int)
  case givenTwice(String)
  case unknownBaseline(String, known: [String])
  case unknownMetric(String)
  case badResamples(Int)
  case badConfidence(Double)
  case noRows(path: String, name: String, available: [String])
  case malformedRow(path: String, line: Int, reason: String)
  case missingSeeds(path: String, seeds: [Int])
  case otherData(first: String, second: String, files: [String])
  case otherMatching(first: String, second: String, values: [String])
  case otherRows(
    first: String, second: String, onlyFirst: Int, onlySecond: Int, shared: Int,
    examples: [String])
  case otherTargets(first: String, second: String, rows: Int, example: String)
  case shortList(run: String, metric: String, length: Int)
  case otherLists(String, String, metric: String, lengths: [Int])
  case noLikelihoods(run: String)

  public var description: String {
    switch self {
    case .tooFewRuns(let count): "there is nothing to compare: \(count) run given"
    case .givenTwice(let run): "\(excerpt(of: run)) is given twice"
    case .unknownBaseline(let name, _): "the baseline '\(excerpt(of: name))' is none of the runs"
    case .unknownMetric(let text): "there is no metric '\(excerpt(of: text))'"
    case .badResamples(let count): "\(count) resamples say nothing"
    case .badConfidence(let value): "a confidence of \(value) is not between 0 and 1"
    case .noRows(let path, let name, let available):
      "\(path) has no rows of '\(excerpt(of: name))'"
        + (available.isEmpty ? "" : ", but of " + available.joined(separator: ", "))
    case .malformedRow(let path, let line, let reason): "\(path): line \(line) \(reason)"
    case .missingSeeds(let path, let seeds):
      "the series in \(path) has no run of seed \(seeds.map(String.init).joined(separator: ", "))"
    case .otherData(let first, let second, let files):
      "\(first) and \(second) were measured on different data: "
        + "\(files.joined(separator: ", ")) of one is not that of the other, by SHA-256"
    case .otherMatching(let first, let second, let values):
      "\(first) and \(second) call different answers right: evaluation.match is "
        + values.joined(separator: " and ")
    case .otherRows(let first, let second, let onlyFirst, let onlySecond, let shared, let examples):
      "\(first) and \(second) were measured on different rows: \(onlyFirst) only in the first, "
        + "\(onlySecond) only in the second, \(shared) in both; for example "
        + examples.joined(separator: "; ")
    case .otherTargets(let first, let second, let rows, let example):
      "\(first) and \(second) disagree about the target of \(rows) rows, its title's number or "
        + "whether it was seen in training; for example \(example)"
    case .shortList(let run, let metric, let length):
      "\(metric) is not known of \(run): its lists hold \(length) titles"
    case .otherLists(let first, let second, let metric, let lengths):
      "\(metric) of \(first) and \(second) cannot be compared: their lists hold "
        + lengths.map(String.init).joined(separator: " and ") + " titles"
    case .noLikelihoods(let run): "item_nll is not known of \(run), which has no likelihoods"
    }
  }

  public var remedy: String {
    switch self {
    case .tooFewRuns: "give two folders of runs or more, such as runs/a runs/b"
    case .givenTwice: "give each run once; RUN:zero-shot names other rows of the same run"
    case .unknownBaseline(_, let known): "give one of \(known.joined(separator: ", "))"
    case .unknownMetric:
      "give ndcg@K, hr@K, item_nll, or another of `bear-lab list metrics`, such as ndcg@10,hr@5"
    case .badResamples: "give at least 1; 10000 are usual"
    case .badConfidence: "give a share such as 0.95"
    case .noRows(_, _, let available):
      available.isEmpty
        ? "finish the run with bear-lab resume; one that measures validation alone has no rows"
        : "finish the run with bear-lab resume, or name rows that there are, as RUN:"
          + (available.first ?? "")
    case .malformedRow: "restore the file, or measure again with bear-lab run --config RUN/run.yaml"
    case .missingSeeds(let path, _): "finish the series: bear-lab resume \(path)"
    case .otherData: "compare runs on the same files of one data set"
    case .otherMatching: "measure both with the same evaluation.match"
    case .otherRows: "measure both with the same evaluation.users on the same split"
    case .otherTargets: "compare runs on the same files of one data set"
    case .shortList(_, let metric, let length):
      "give --metric \(metric.prefix { $0 != "@" })@\(length), or measure with a larger "
        + "decoder.width"
    case .otherLists(_, _, _, let lengths):
      "give runs with lists of one length, or a metric with a cutoff, such as ndcg@"
        + "\(lengths.min() ?? 10)"
    case .noLikelihoods: "leave item_nll out, or compare language models"
    }
  }
}

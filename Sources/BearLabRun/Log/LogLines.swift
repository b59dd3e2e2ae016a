public import BearLabCore
internal import Foundation

/// The lines of a file of JSON objects; none where there is no such file yet.
struct LogLines {
  private struct Event: Decodable { let event: String }

  private let path: String
  private let lines: [Data]

  init(path: String) {
    self.path = path
    let data = FileManager.default.contents(atPath: path) ?? Data()
    var lines = data.split(separator: 0x0A, omittingEmptySubsequences: false).map { Data($0) }
    // What stands behind the last line end is empty, or was torn by a kill.
    if !lines.isEmpty { lines.removeLast() }
    self.lines = lines
  }

  /// The lines of an event.
  func decode<Line: Decodable>(_ type: Line.Type, event: String) throws(RunLogError) -> [Line] {
    try decode(type) { data in
      try JSONDecoder().decode(Event.self, from: data).event == event
    }
  }

  /// The lines that are wanted, all of them by default.
  func decode<Line: Decodable>(
    _ type: Line.Type, where isWanted: (Data) throws -> Bool = { _ in true }
  ) throws(RunLogError) -> [Line] {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    var found: [Line] = []
    for (index, line) in lines.enumerated() {
      do {
        if try isWanted(line) { found.append(try decoder.decode(type, from: line)) }
      } catch {
        throw RunLogError.malformedLine(
          path: path, line: index + 1,
          excerpt: excerpt(of: String(decoding: line, as: UTF8.self), limit: 60))
      }
    }
    return found
  }
}

/// What can be wrong with what a run has written.
public enum RunLogError: BearLabError, Equatable {
  case malformedLine(path: String, line: Int, excerpt: String)
  case nothingMeasured(path: String)
  case noDiagnosis(run: String)
  case noSteps(run: String)

  public var description: String {
    switch self {
    case .malformedLine(let path, let line, let excerpt):
      "\(path), line \(line) is no line of a run: '\(excerpt)'"
    case .nothingMeasured(let path): "the run in \(path) has not measured yet what it trains"
    case .noDiagnosis(let run): "the run in \(run) has no diagnosis.jsonl"
    case .noSteps(let run): "the run in \(run) has no steps of fine-tuning in its metrics.jsonl"
    }
  }

  public var remedy: String {
    switch self {
    case .malformedLine: "put the file back as the run wrote it, or repeat the run"
    case .nothingMeasured(let path): "let it end: bear-lab resume \(path)"
    case .noDiagnosis(let run): "make it: bear-lab diagnose \(run)"
    case .noSteps(let run):
      "give the run of a language model, or let it go on: bear-lab resume \(run)"
    }
  }
}

internal import BearLabCheckpoint
internal import BearLabCore
internal import BearLabFormats
internal import BearLabLanguageModel
internal import BearLabTensor
internal import BearLabTraining
internal import Foundation

/// The reference's log-probabilities of all answers of a training, computed once and kept:
/// `<cache>/references/<hash>.h5`.
///
///     /reference     f32 [answers], in the order of the samples and of their answers, nats
///     attributes: reference (the file's version)
///
/// The hash is of everything that the bits depend on: model, initial weights, precision, instruction
/// set, threads, and the tokens of all prompts and answers.
struct ReferenceCache {
  private static let version = 1
  /// Samples of a forest: about as many rows as the engine needs to be fast.
  private static let samplesAtATime = 8

  /// Where the files are; nil where nothing is kept.
  let cache: String?
  /// What the weights are, in words that no other weights have.
  let identity: String

  /// Fills in the reference's log-probabilities.
  ///
  /// - Parameters:
  ///   - samples: those of the training, with all answers.
  ///   - reference: the weights.
  ///   - model: the language model.
  ///   - layout: makes a forest of some samples.
  ///   - progress: told how many samples are done, where they are computed; may throw to stop.
  /// - Throws: what the model throws, and a `CheckpointError` where nothing can be kept.
  func fill(
    _ samples: inout [AnswerForest.Sample], reference: ReferenceWeights, model: LanguageModel,
    layout: ([AnswerForest.Sample]) -> AnswerForest, progress: (Int) throws -> Void
  ) throws {
    let path = cache.map { "\($0)/references/\(hash(of: samples)).h5" }
    let count = samples.reduce(0) { $0 + $1.answers.count }
    var values = path.flatMap { read($0, count: count) } ?? []
    if values.isEmpty, count > 0 {
      for start in stride(from: 0, to: samples.count, by: Self.samplesAtATime) {
        let end = min(start + Self.samplesAtATime, samples.count)
        let answers = layout(Array(samples[start..<end]))
        values += try reference.logProbabilities(of: answers, model: model)
        try progress(end)
      }
      if let path { try write(values, to: path) }
    }
    var next = values.makeIterator()
    for index in samples.indices {
      samples[index].answers = samples[index].answers.map {
        $0.with(referenceLogProbability: next.next())
      }
    }
  }

  private func read(_ path: String, count: Int) -> [Float]? {
    // A file that cannot be used is made again.
    guard FileManager.default.fileExists(atPath: path),
      let file = try? CheckpointFile(readingFrom: path),
      file.attributes["reference"] == .integer(Self.version),
      let values = file.tensors["/reference"]?.values, values.count == count
    else { return nil }
    return values
  }

  private func write(_ values: [Float], to path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw RunFolderError.notWritable(path: folder, reason: systemReason(of: error))
    }
    var file = CheckpointFile()
    file.tensors["/reference"] = .init(shape: [values.count], values: values)
    file.attributes = ["reference": .integer(Self.version)]
    try file.write(to: path)
  }

  private func hash(of samples: [AnswerForest.Sample]) -> String {
    var bytes = Array(
      "\(identity) \(Compute.instructionSet) \(Compute.threads)\n".utf8)
    func append(_ number: Int) {
      withUnsafeBytes(of: Int64(number).littleEndian) { bytes += $0 }
    }
    for sample in samples {
      append(sample.prompt.elements.count)
      for element in sample.prompt.elements {
        append(Int(element.token))
        append(element.slot ?? -1)
      }
      append(sample.answers.count)
      for answer in sample.answers {
        switch answer.text {
        case .title(let title): append(title)
        case .tokens(let tokens):
          append(-tokens.count)
          tokens.forEach { append(Int($0)) }
        }
      }
    }
    return FileHash.sha256(of: bytes)
  }
}

internal import BearLabCore
internal import BearLabLanguageModel

/// `constrained_beam.json`: the best titles behind some histories.
enum BeamsCheck {
  private static let decoder = "constrained-beam"

  private struct File: Decodable {
    let cases: [GoldenCase<Case>]
  }

  private struct Case: Decodable {
    let history: [Int]
    let promptIds: [Int32]
    let constraint: String
    let flavour: String
    let lengthPenalty: Double?
    let beamWidth: Int
    let beams: [Beam]

    private enum CodingKeys: String, CodingKey {
      case history, constraint, flavour, beams
      case promptIds = "prompt_ids"
      case lengthPenalty = "length_penalty"
      case beamWidth = "beam_width"
    }

    var description: String {
      let penalty = lengthPenalty.map { " length-penalty=\($0)" } ?? ""
      return "constraint \(constraint), \(flavour)\(penalty), width \(beamWidth)"
    }
  }

  private struct Beam: Decodable {
    let tokens: [Int32]
    let score: Double
    let items: [Int]
  }

  static func run(_ context: GoldenContext) throws {
    try context.checkingModel("constrained_beam.json", as: File.self) { file, model in
      let golden: GoldenDataset
      do {
        golden = try GoldenDataset(context, model: model)
      } catch {
        return try context.report(
          Verification("constrained_beam.json", .fail(GoldenError.reason(of: error))))
      }
      guard context.registry.decoders.contains(decoder) else {
        return try context.report(
          Verification("constrained_beam.json", .skip("there is no decoder '\(decoder)'")))
      }
      var search = Search(golden: golden, model: model.model, registry: context.registry)
      for (index, row) in file.cases.enumerated() {
        let name = (try? row.value.description).map { ": \($0)" } ?? ""
        let outcome = Verification.Outcome { try search.judge(row.value) }
        try context.report(Verification("beams: case \(index)\(name)", outcome))
      }
      if let overlap = search.overlap {
        try context.report(Verification("beams: all cases", overlap.judge(onAverage: true)))
      }
    }
  }

  /// Searches one case after the other; those of one prompt share its keys and values.
  private struct Search {
    let golden: GoldenDataset
    let model: LanguageModel
    let registry: PluginRegistry
    /// Of all cases so far, where lists are not judged place by place.
    private(set) var overlap: BeamJudge.Overlap?
    private var latest: (prompt: [TokenForest.Element], scorer: LanguageModelScorer)?

    init(golden: GoldenDataset, model: LanguageModel, registry: PluginRegistry) {
      self.golden = golden
      self.model = model
      self.registry = registry
    }

    mutating func judge(_ sample: Case) throws -> Verification.Outcome {
      let prompt = try golden.prompt(history: sample.history, stage: .inference)
      let tokens = prompt.map(\.token)
      guard tokens == sample.promptIds else {
        return .fail(promptDifference(tokens, sample.promptIds))
      }
      let expected = try sample.beams.map(entry)
      let found = try search(sample, prompt: prompt).compactMap { answer in
        answer.title.map { BeamJudge.Entry(title: $0, score: Double(answer.score)) }
      }
      let judge = BeamJudge(golden: expected, found: found)
      guard model.precision == .bf16 else { return judge.judge() }
      overlap = overlap.map { $0 + judge.overlap } ?? judge.overlap
      return judge.overlap.judge(onAverage: false)
    }

    private mutating func search(
      _ sample: Case, prompt: [TokenForest.Element]
    ) throws -> [RankedAnswer] {
      guard let constraint = ConstraintMode(rawValue: sample.constraint) else {
        throw GoldenError.malformed(
          what: "constraint", seen: "'\(sample.constraint)'", accepted: "before or after")
      }
      var values: [String: ParameterValue] = [
        "width": .integer(sample.beamWidth), "flavour": .text(sample.flavour),
      ]
      // Only this flavour divides by a power of the length.
      if sample.flavour == "hf" {
        values["length-penalty"] = .real(sample.lengthPenalty ?? 0)
      }
      let decoder = try registry.decoders.find(BeamsCheck.decoder).init(values)
      var scorer =
        latest.flatMap { $0.prompt == prompt ? $0.scorer : nil }
        ?? LanguageModelScorer(
          model: model, adapter: nil, trie: golden.trie, constraint: constraint, prompts: [prompt])
      scorer.constraint = constraint
      let lists = try decoder.search(prompts: 1, in: golden.trie, scorer: &scorer)
      latest = (prompt, scorer)
      return lists[0]
    }

    /// A golden beam as a title, its tokens and items checked.
    private func entry(_ beam: Beam) throws -> BeamJudge.Entry {
      try golden.checkItems(beam.items)
      guard let item = beam.items.first else {
        throw GoldenError.malformed(
          what: "items of a beam", seen: "empty", accepted: "all that share its title")
      }
      let title = golden.catalogue.titleNumber(of: item)
      let items = golden.catalogue.items(withTitle: title)
      guard items == beam.items.sorted() else {
        throw GoldenError.malformed(
          what: "items of a beam", seen: "\(beam.items)",
          accepted: "\(items), which share a title,")
      }
      let tokens = golden.trie.tokens(of: title)
      guard tokens == beam.tokens else {
        throw GoldenError.malformed(
          what: "the path of item \(item)", seen: "\(beam.tokens)",
          accepted: "\(tokens), as the tokenizer has it,")
      }
      return BeamJudge.Entry(title: title, score: beam.score)
    }

    private func promptDifference(_ tokens: [Int32], _ expected: [Int32]) -> String {
      let place =
        zip(tokens, expected).enumerated().first { $1.0 != $1.1 }?.offset
        ?? min(tokens.count, expected.count)
      func word(_ list: [Int32]) -> String {
        list.indices.contains(place) ? "\(list[place])" : "the end"
      }
      return "token \(place) of the prompt is \(word(tokens)), expected \(word(expected))"
    }
  }
}

public import BearLabCore
internal import BearLabNN

/// What can be wrong with a run's description.
public enum RunDescriptionError: BearLabError, Equatable {
  case malformedAssignment(String)
  case unknownSection(String, known: [String])
  case settingWithoutSection(String, sections: [String])
  case unknownTarget(String)
  case malformedSeeds(String)
  case malformedMetric(String)
  case constraintMismatch(objective: String, trained: String, decoded: String)
  case unsupportedConstraint(set: String, decoder: String)
  case nothingToSelectOn
  case nothingToMeasure(selection: String)
  case nothingToRun
  case needsModel
  case recommenderNotUsed(backbone: String, recommender: String)
  case noRecommender(setting: String)
  case noModelSetting(String)
  case noNegatives(objective: String, setting: String)
  case freeNegatives(objective: String, sampler: String)
  case malformedYAML(path: String, reason: String)

  public var description: String {
    switch self {
    case .malformedAssignment(let text): "'\(excerpt(of: text))' is not kind.parameter=value"
    case .unknownSection(let section, _): "there is no section '\(excerpt(of: section))'"
    case .settingWithoutSection(let name, _): "'\(name)' is a setting of a section"
    case .unknownTarget(let word):
      "'\(excerpt(of: word))' is no linear layer that LoRA can be put on"
    case .malformedSeeds(let text):
      "seeds '\(excerpt(of: text))' are not different whole numbers from 0"
    case .malformedMetric(let word): "'\(excerpt(of: word))' is no metric"
    case .constraintMismatch(let objective, let trained, let decoded):
      "objective '\(objective)' is trained with the constraint \(trained) the soft-max, but the "
        + "decoder would apply it \(decoded)"
    case .unsupportedConstraint(let set, let decoder):
      "evaluation.constraint is '\(set)', but the decoder works with '\(decoder)' only"
    case .nothingToSelectOn:
      "evaluation.selection is 'valid', but the data set has no validation rows"
    case .nothingToMeasure(let selection):
      "evaluation.measure is 'validation', but nothing is measured there: evaluation.selection is "
        + "'\(selection)', or training.epochs is 0, or the data set has no validation rows"
    case .nothingToRun: "there is neither a backbone nor a recommender"
    case .needsModel: "backbone is 'none', so that there is no language model"
    case .recommenderNotUsed(let backbone, let recommender):
      "neither backbone '\(backbone)' nor the decoder builds on a recommender, and "
        + "'\(recommender)' is given"
    case .noRecommender(let setting):
      "\(setting) is a recommender's setting, and the run has none"
    case .freeNegatives(let objective, let sampler):
      "sampler '\(sampler)' may draw what is no title, which has no probability in the soft-max over "
        + "valid tokens of objective '\(objective)'"
    case .noNegatives(let objective, let setting):
      "\(setting) says nothing: objective '\(objective)' has no negatives"
    case .noModelSetting(let setting):
      "\(setting) says nothing in a run without a language model"
    case .malformedYAML(let path, let reason): "\(path) is no description of a run: \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .malformedAssignment: "write for example objective.lambda=0.5 or training.epochs=2"
    case .unknownSection(let section, let known):
      Suggestion.remedy(for: section, among: known, noun: "section")
    case .settingWithoutSection(let name, let sections):
      "write \(sections.map { "\($0).\(name)" }.joined(separator: " or "))"
    case .unknownTarget(let word):
      Suggestion.remedy(
        for: word, among: Projection.allCases.map(\.rawValue) + ["all"], noun: "layer")
    case .malformedSeeds: "write them as 1,2,3"
    case .malformedMetric: "write names, each with a cutoff or without: mrr,ndcg@20"
    case .constraintMismatch:
      "leave evaluation.constraint at 'objective' and take a decoder that can, or say "
        + "evaluation.constraint-mismatch=allow"
    case .unsupportedConstraint:
      "leave evaluation.constraint at 'objective', or take another decoder"
    case .nothingToSelectOn: "give the data set a valid.csv, or say evaluation.selection=last"
    case .nothingToMeasure:
      "give evaluation.selection=valid, an epoch or more, and a data set with validation rows"
    case .nothingToRun: "give --backbone, or --recommender alone for a run without a language model"
    case .needsModel: "give --backbone"
    case .recommenderNotUsed:
      "leave the recommender out; or leave the backbone out, or say --backbone none, to measure the "
        + "recommender alone"
    case .noRecommender: "give --recommender, or leave the setting out"
    case .freeNegatives:
      "take a sampler of titles, such as hard, or a soft-max over the vocabulary"
    case .noNegatives: "leave it out, or take an objective that compares answers, such as s-dpo"
    case .noModelSetting:
      "leave it out, or give --backbone; a recommender's own settings are recommender.name=value"
    case .malformedYAML: "start from the run.yaml of a run, or from `bear-lab run --dry-run`"
    }
  }
}

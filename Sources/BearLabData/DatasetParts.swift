internal import BearLabCore

/// A data set with all its windows, before any are sampled.
struct DatasetParts {
  let name: String
  let catalogue: Catalogue
  let choice: PhraseChoice
  let train: [Window]
  /// The validation windows and where they are from; nil where there are none of their own.
  let validation: (windows: [Window], origin: String)?
  let test: [Window]
  /// What a reader should know besides.
  var notices: [String] = []
  var fileHashes: [String: String] = [:]

  /// The data set as runs see it.
  var dataset: Dataset {
    let split: ValidationSplit
    if let validation {
      split = ValidationSplit(train: train, validation: validation.windows, from: validation.origin)
    } else {
      split = ValidationSplit(carvedFrom: train)
    }
    return Dataset(
      name: name, catalogue: catalogue, phrases: choice.phrases, train: train,
      trainSample: split.trainSample, validation: split.validation,
      test: Permutation.sample(test, limit: ValidationSplit.evaluationLimit),
      notices: choice.notices + [split.notice] + notices, fileHashes: fileHashes)
  }
}

/// A layout that can give all its windows.
protocol PartedSource: DatasetSource {
  /// Reads the data set in `folder`.
  func parts(folder: String) throws -> DatasetParts
}

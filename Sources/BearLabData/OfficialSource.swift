public import BearLabCore

/// The layout of the official repository: catalogue, training and test windows.
///
/// - Source: section 1 of the method specification; Tiny-Snow/BEAR-SIGIR-2026, `data/`.
public struct OfficialSource: DatasetSource {
  public static let summary = "the official layout: id2name4Rec.json, train.csv, test.csv"
  public static let citation = "Tiny-Snow/BEAR-SIGIR-2026, data"
  private static let required = ["id2name4Rec.json", "train.csv", "test.csv"]
  private static let validationFile = "valid.csv"

  public init(_ values: ParameterValues) throws {}

  public static func recognises(folder: String) -> Bool {
    required.allSatisfy { TextFile.exists($0, in: folder) }
  }

  /// Reads all files and every row; the samples are drawn here, `train_10000.csv` is not read.
  ///
  /// - Throws: ``DataError``.
  public func load(folder: String) throws -> Dataset {
    let name = TextFile.lastComponent(of: folder)
    let catalogue = try TitleFile.catalogue(TextFile("id2name4Rec.json", in: folder))
    let choice = try PhraseChoice(name: name, folder: folder)
    let train = try WindowFile.windows(TextFile("train.csv", in: folder), catalogue: catalogue)
    let test = try WindowFile.windows(TextFile("test.csv", in: folder), catalogue: catalogue)
    let split: ValidationSplit
    if TextFile.exists(Self.validationFile, in: folder) {
      let file = try TextFile(Self.validationFile, in: folder)
      let windows = try WindowFile.windows(file, catalogue: catalogue)
      split = ValidationSplit(train: train, validation: windows, from: Self.validationFile)
    } else {
      split = ValidationSplit(carvedFrom: train)
    }
    return Dataset(
      name: name, catalogue: catalogue, phrases: choice.phrases, train: train,
      trainSample: split.trainSample, validation: split.validation,
      test: Permutation.sample(test, limit: ValidationSplit.evaluationLimit),
      notices: choice.notices + [split.notice])
  }
}

extension OfficialSource {
  public static var fileNames: [String] { required + [validationFile, PhraseChoice.fileName] }
}

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
  public func load(folder: String) throws -> Dataset { try parts(folder: folder).dataset }
}

extension OfficialSource: PartedSource {
  func parts(folder: String) throws -> DatasetParts {
    let name = TextFile.lastComponent(of: folder)
    let catalogue = try TitleFile.catalogue(TextFile("id2name4Rec.json", in: folder))
    let choice = try PhraseChoice(name: name, folder: folder)
    func windows(_ file: String) throws -> [Window] {
      try WindowFile.windows(TextFile(file, in: folder), catalogue: catalogue)
    }
    let (train, test) = (try windows("train.csv"), try windows("test.csv"))
    let hasValidation = TextFile.exists(Self.validationFile, in: folder)
    return DatasetParts(
      name: name, catalogue: catalogue, choice: choice, train: train,
      validation: hasValidation ? (try windows(Self.validationFile), Self.validationFile) : nil,
      test: test)
  }
}

extension OfficialSource {
  public static var fileNames: [String] { required + [validationFile, PhraseChoice.fileName] }
}

public import BearLabCore
internal import Foundation

/// Checks layouts of data sets against the contract of `DatasetSource`, on a small one.
///
/// ```swift
/// @Test func conforms() throws {
///   try DatasetConformance.check(MySource.self, files: ["events.csv": "…"])
/// }
/// ```
///
/// The folder is recognised, and an empty one is not; every item is one of the catalogue and no
/// history is empty; training is in order of time; each part has windows, and training samples are
/// training windows; the files that are read are named, for their hashes; twice the same is read; and
/// a file that is cut in half is refused or read, but does no harm.
public enum DatasetConformance {
  /// Checks a type: what it declares, and what it reads.
  ///
  /// - Parameters:
  ///   - type: the layout under test.
  ///   - files: the texts of the data set's files, by name.
  /// - Throws: ``ConformanceError``, and what the layout throws.
  public static func check(_ type: any DatasetSource.Type, files: [String: String]) throws {
    let declared = DeclarationConformance.problems(of: type)
    try ConformanceError.require(declared, of: type, as: "Plugin")
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bear-lab-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var problems: [String] = []
    if type.recognises(folder: folder.path) {
      problems.append("an empty folder is recognised")
    }
    func write(_ name: String, _ text: some StringProtocol) throws {
      let file = folder.appending(path: name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    for (name, text) in files { try write(name, text) }
    if !type.recognises(folder: folder.path) {
      problems.append("the folder is not recognised")
    }
    for name in files.keys.sorted() where !type.fileNames.contains(name) {
      problems.append("fileNames does not name \(name): a run would not notice that it changes")
    }
    let source = try type.init([:])
    problems += try Self.problems(
      of: source.load(folder: folder.path), again: source.load(folder: folder.path))
    for (name, text) in files {
      try write(name, text.prefix(text.count / 2))
      _ = try? source.load(folder: folder.path)
      try write(name, text)
    }
    try ConformanceError.require(problems, of: type, as: "DatasetSource")
  }

  private static func problems(of dataset: Dataset, again: Dataset) -> [String] {
    let parts = [
      ("train", dataset.train, again.train),
      ("trainSample", dataset.trainSample, again.trainSample),
      ("validation", dataset.validation, again.validation), ("test", dataset.test, again.test),
    ]
    var problems: [String] = dataset.name.isEmpty ? ["the data set has no name"] : []
    if dataset.catalogue != again.catalogue { problems.append("read twice, titles are others") }
    for (name, windows, others) in parts {
      if windows.isEmpty { problems.append("\(name) has no windows") }
      if windows != others { problems.append("read twice, \(name) is another") }
      for (row, window) in windows.enumerated() {
        let strays = (window.history + [window.target]).filter { !dataset.catalogue.contains($0) }
        if !strays.isEmpty {
          problems.append("\(name), row \(row): the catalogue has no items \(strays)")
        }
        if window.history.isEmpty { problems.append("\(name), row \(row) has no history") }
      }
    }
    let times = dataset.train.map(\.timestamp)
    if times != times.sorted() { problems.append("train is not in order of time") }
    if !Set(dataset.trainSample).isSubset(of: dataset.train) {
      problems.append("trainSample has windows that train lacks")
    }
    return problems
  }
}

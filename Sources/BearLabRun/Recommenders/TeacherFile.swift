internal import BearLabCheckpoint
public import BearLabCore
internal import BearLabFormats
internal import Foundation

/// What a run recommends behind training windows, as a file holds it.
///
///     /teacher/rows         [M]      places of the windows among all training windows, from 0
///     /teacher/items        [M, k]   item ids, best first; 0 where a list is shorter
///     /teacher/distances    [M, k]   smaller is better
///     /teacher/embeddings   [N, D]   the base model's last hidden state at the end of each title
///     attributes: teacher (the file's version), data-sha256 (titles and training windows), bear-lab
///
/// All numbers are f32, in which ids are whole up to 2^24.
struct TeacherFile {
  private static let version = 1

  /// Writes lists and embeddings; the file is there whole or not at all.
  ///
  /// - Parameters:
  ///   - lists: by the place of the window.
  ///   - embeddings: `[N, D]`.
  ///   - dataset: whose windows they are.
  ///   - path: of the file.
  /// - Throws: a `CheckpointError`.
  static func write(
    _ lists: [(row: Int, list: TeacherLists.List)], embeddings: StoredTensors.Entry,
    of dataset: Dataset, to path: String
  ) throws {
    let length = lists.map(\.list.items.count).max() ?? 0
    func padded<Number: Numeric>(_ values: [Number]) -> [Number] {
      values + [Number](repeating: 0, count: length - values.count)
    }
    var file = CheckpointFile()
    file.tensors["/teacher/rows"] = .init(
      shape: [lists.count], values: lists.map { Float($0.row) })
    file.tensors["/teacher/items"] = .init(
      shape: [lists.count, length],
      values: lists.flatMap { padded($0.list.items).map { Float($0) } })
    file.tensors["/teacher/distances"] = .init(
      shape: [lists.count, length], values: lists.flatMap { padded($0.list.distances) })
    file.tensors["/teacher/embeddings"] = .init(shape: embeddings.shape, values: embeddings.values)
    file.attributes = [
      "teacher": .integer(version), "bear-lab": .text(BearLab.version),
      "data-sha256": .text(hash(of: dataset)),
    ]
    try file.write(to: path)
  }

  /// Reads a file for a data set.
  ///
  /// - Throws: a `CheckpointError`, or ``TeacherFileError``.
  static func read(_ path: String, for dataset: Dataset) throws -> TeacherLists {
    let file = try CheckpointFile(readingFrom: path)
    guard file.attributes["teacher"] == .integer(version) else {
      throw TeacherFileError.notATeacher(path: path)
    }
    guard file.attributes["data-sha256"] == .text(hash(of: dataset)) else {
      throw TeacherFileError.otherData(path: path)
    }
    guard let rows = file.tensors["/teacher/rows"], let items = file.tensors["/teacher/items"],
      let distances = file.tensors["/teacher/distances"],
      let embeddings = file.tensors["/teacher/embeddings"], items.shape.count == 2,
      items.shape == distances.shape, rows.shape == [items.shape[0]],
      embeddings.shape.count == 2, embeddings.shape[0] == dataset.catalogue.itemCount,
      rows.values.allSatisfy({ $0 >= 0 && $0 < Float(dataset.train.count) }),
      items.values.allSatisfy({ $0 >= 0 && $0 <= Float(dataset.catalogue.itemCount) })
    else { throw TeacherFileError.notATeacher(path: path) }
    let length = items.shape[1]
    var lists: [Window: TeacherLists.List] = [:]
    for (place, row) in rows.values.enumerated() {
      let range = place * length..<(place + 1) * length
      let known = range.filter { items.values[$0] > 0 }
      lists[dataset.train[Int(row)]] = TeacherLists.List(
        items: known.map { Int(items.values[$0]) }, distances: known.map { distances.values[$0] })
    }
    return TeacherLists(
      lists: lists, embeddings: .init(shape: embeddings.shape, values: embeddings.values))
  }

  /// SHA-256 of titles and training windows.
  private static func hash(of dataset: Dataset) -> String {
    RecommenderIdentity.hash(of: dataset.catalogue, [dataset.train])
  }
}

/// Why a file cannot teach a recommender.
public enum TeacherFileError: BearLabError, Equatable {
  case notATeacher(path: String)
  case otherData(path: String)

  public var description: String {
    switch self {
    case .notATeacher(let path): "\(path) holds no teacher's lists, or those of another version"
    case .otherData(let path): "\(path) was made for other titles or training windows"
    }
  }

  public var remedy: String {
    "make it from a run on this data set: bear-lab export teacher RUN FILE"
  }
}

import BearLabCore
import Testing

@testable import BearLabData

/// Counts are those of the specification; the windows are those of a reader in Python.
@Test func movieLensHasTheCountsOfTheSpecification() throws {
  guard let folder = movieLens() else { return }
  #expect(MovieLens100KSource.recognises(folder: folder))
  let dataset = try MovieLens100KSource([:]).load(folder: folder)
  #expect(dataset.name == "ml-100k")
  #expect(dataset.phrases == PromptPhrases.named("Movie"))
  #expect(dataset.catalogue.itemCount == 1349)
  #expect(dataset.catalogue.titles.count == 1340)
  #expect(dataset.catalogue.title(of: 1) == "Toy Story (1995)")
  // 71 885 + 8 986 + 8 986 = 89 857 windows.
  #expect(dataset.train.count == 71_885)
  #expect(dataset.trainSample.count == 10_000)
  #expect(dataset.validation.count == 5000)
  #expect(dataset.test.count == 5000)
  #expect(
    dataset.train[0]
      == Window(
        user: 259, history: [254, 285, 297, 184, 172, 762, 108, 287, 898, 117], target: 199,
        timestamp: 874_725_081))
  #expect(
    dataset.trainSample[0]
      == Window(
        user: 886, history: [644, 383, 1323, 777, 1295, 1288, 788, 576, 80, 548], target: 1172,
        timestamp: 876_034_228))
  #expect(
    dataset.validation[0]
      == Window(
        user: 107, history: [301, 304, 339, 267, 270, 320, 299, 287, 257, 1185], target: 876,
        timestamp: 891_264_501))
  #expect(
    dataset.test[0]
      == Window(
        user: 56, history: [192, 28, 69, 391, 726, 402, 445, 98, 233, 183], target: 199,
        timestamp: 892_679_088))
  #expect(
    dataset.notices == ["validation: 5000 of 8986 windows of the middle tenth in order of time"])
}

@Test func movieLensKeepsAllUsersAndInteractions() throws {
  guard let folder = movieLens() else { return }
  let file = try AtomicFile(TextFile("ml-100k.inter", in: folder))
  let all = file.rows.compactMap { row -> Interaction? in
    let numbers = row.cells.compactMap { Int($0) }
    return numbers.count == 4
      ? Interaction(user: numbers[0], item: numbers[1], timestamp: numbers[3]) : nil
  }
  #expect(all.count == 100_000)
  let kept = Windowing.fiveCore(all)
  #expect(kept.count == 99_287)
  #expect(Set(kept.map(\.user)).count == 943)
  #expect(Set(kept.map(\.item)).count == 1349)
}

/// Five users with the same five of six films at the same time; film 60 is in no core.
private func files(items: String, ratings extra: String = "") -> [String: String] {
  let ratings = (1...5).flatMap { user in
    [50, 40, 30, 20, 10].map { "\(user)\t\($0)\t3\t100\n" }
  }
  return [
    "ml-100k.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\n" + items,
    "ml-100k.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
      + ratings.joined() + extra,
  ]
}

private let films = "10\tA\t1990\n20\tB\tV\n30\tC\t199\n40\tA\t1990\n50\tD\t1995\n60\tE\t1999\n"

@Test func titlesBearTheYearAndItemsAreNumberedAnew() throws {
  let dataset = try withFolder("x", files(items: films, ratings: "1\t60\t3\t90\n")) {
    try MovieLens100KSource([:]).load(folder: $0)
  }
  #expect(
    (1...5).map { dataset.catalogue.title(of: $0) } == [
      "A (1990)", "B", "C", "A (1990)", "D (1995)",
    ])
  #expect(dataset.catalogue.itemCount == 5)
  #expect(
    dataset.train
      == (1...4).map { Window(user: $0, history: [5, 4, 3, 2], target: 1, timestamp: 100) })
  #expect(dataset.test.map(\.user) == [5])
  #expect(dataset.validation.isEmpty)
}

@Test(arguments: [
  (films, "1\t70\t3\t100\n", 27), (films, "1\t10\t3\tx\n", 27), (films, "1\t10\t3\n", 27),
  (films + "10\tZ\t1990\n", "", 8), ("x\tA\t1990\n", "", 2), ("1\tA\n", "", 2),
])
func brokenAtomicFilesAreRefused(items: String, ratings: String, line: Int) throws {
  try withFolder("x", files(items: items, ratings: ratings)) { folder in
    do {
      _ = try MovieLens100KSource([:]).load(folder: folder)
      Issue.record("no error")
    } catch DataError.invalid(_, let found, _, _, _) {
      #expect(found == line)
    }
  }
}

@Test func theLoaderPicksTheLayoutAndHashesItsFiles() throws {
  let registry = PluginRegistry()
  try registry.add(DatasetModule.self)
  #expect(registry.datasets.names == ["ml-100k", "official", "synthetic"])
  try withFolder("x", files(items: films)) { folder in
    let dataset = try DatasetLoader.load(folder: folder, registry: registry) { path in
      "hash of \(path.split(separator: "/").last ?? "")"
    }
    #expect(dataset.name == "ml-100k")
    #expect(
      dataset.fileHashes == [
        "ml-100k.item": "hash of ml-100k.item", "ml-100k.inter": "hash of ml-100k.inter",
      ])
  }
  try withFolder("Book", officialFiles()) { folder in
    let dataset = try DatasetLoader.load(folder: folder, registry: registry) { _ in "" }
    #expect(dataset.fileHashes.keys.sorted() == ["id2name4Rec.json", "test.csv", "train.csv"])
    #expect(throws: RegistryError.self) {
      try DatasetLoader.load(folder: folder, layout: "csv", registry: registry) { _ in "" }
    }
  }
  try withFolder("empty", [:]) { folder in
    #expect(throws: DataError.self) {
      try DatasetLoader.load(folder: folder, registry: registry) { _ in "" }
    }
  }
}

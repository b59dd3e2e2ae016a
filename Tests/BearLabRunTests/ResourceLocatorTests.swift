import BearLabRun
import Foundation
import Testing

@Suite struct ResourceLocatorTests {
  @Test func theEnvironmentNamesTheCache() {
    func cache(_ environment: [String: String]) -> String {
      ResourceLocator(environment: environment).cache
    }
    let home = ["HOME": "/home/u"]
    #expect(cache(home) == "/home/u/.cache/bear-lab")
    #expect(cache(home.merging(["XDG_CACHE_HOME": "/x"]) { $1 }) == "/x/bear-lab")
    #expect(cache(["XDG_CACHE_HOME": "/x", "BEAR_LAB_CACHE": "/own"]) == "/own")
    #expect(
      cache(home.merging(["XDG_CACHE_HOME": "", "BEAR_LAB_CACHE": ""]) { $1 })
        == "/home/u/.cache/bear-lab")
  }

  @Test func namesAreFoundInTheCacheAndPathsAnywhere() throws {
    try withTemporaryFolder([
      "datasets/toys/train.csv": "", "models/small/b.gguf": "", "models/small/a.txt": "",
      "elsewhere/c.gguf": "",
    ]) { folder in
      let resources = ResourceLocator(cache: folder)
      // A file is taken whatever it is called: reading it says what is wrong with it.
      let file = "\(folder)/models/small/a.txt"
      let datasets = try ["toys", "\(folder)/elsewhere"].map { try resources.dataset($0) }
      #expect(datasets == ["\(folder)/datasets/toys", "\(folder)/elsewhere"])
      let models = try ["small", "\(folder)/elsewhere", file].map { try resources.model($0) }
      #expect(
        models == ["\(folder)/models/small/b.gguf", "\(folder)/elsewhere/c.gguf", file])
    }
  }

  @Test func aFolderOfSeveralModelsIsRefused() throws {
    try withTemporaryFolder(["models/two/a.gguf": "", "models/two/b.gguf": ""]) { folder in
      let path = "\(folder)/models/two"
      #expect(
        throws: ResourceError.severalModelFiles(folder: path, files: ["a.gguf", "b.gguf"])
      ) { _ = try ResourceLocator(cache: folder).model("two") }
    }
  }

  @Test func whatIsMissingIsNamed() throws {
    try withTemporaryFolder(["datasets/toys/x": "", "models/small/x": ""]) { folder in
      let resources = ResourceLocator(cache: folder)
      let dataset = try #require(throws: ResourceError.self) {
        _ = try resources.dataset("toyz")
      }
      #expect(
        dataset
          == .notFound(kind: "data set", name: "toyz", cache: folder, known: ["toys"]))
      #expect(dataset.remedy.contains("did you mean toys?"))
      #expect(throws: ResourceError.self) { _ = try resources.dataset("") }
      #expect(throws: ResourceError.self) { _ = try resources.model("") }
      // A path is no name of the cache, even where it would lead into it.
      #expect(throws: ResourceError.self) { _ = try resources.dataset("./toys") }
      #expect(throws: ResourceError.self) { _ = try resources.dataset("toys/x") }
      #expect(throws: ResourceError.self) { _ = try resources.model("smal") }
      #expect(throws: ResourceError.noModelFile(folder: "\(folder)/models/small")) {
        _ = try resources.model("small")
      }
    }
  }

  @Test func encodersAreFolders() throws {
    try withTemporaryFolder(["encoders/mini/vocab.txt": "", "own/vocab.txt": ""]) { folder in
      let resources = ResourceLocator(cache: folder)
      let folders = try ["mini", "\(folder)/own"].map { try resources.encoder($0) }
      #expect(folders == ["\(folder)/encoders/mini", "\(folder)/own"])
      let missing = try #require(throws: ResourceError.self) { _ = try resources.encoder("mino") }
      #expect(
        missing.description
          == "there is no sentence encoder 'mino', neither as a path nor in \(folder)")
      #expect(
        missing.remedy.hasPrefix("give a folder, or get the default with scripts/fetch minilm-l6")
          && missing.remedy.contains("did you mean mini?"))
      let file = "\(folder)/own/vocab.txt"
      #expect(throws: ResourceError.notAFolder(kind: "sentence encoder", path: file)) {
        _ = try resources.encoder(file)
      }
    }
  }

  @Test func anEmptyCacheIsNoCrash() throws {
    let error = try #require(throws: ResourceError.self) {
      _ = try ResourceLocator(cache: "no/such/folder").model("small")
    }
    #expect(error.remedy.contains("scripts/fetch"))
  }

  @Test func aFileIsNoFolderOfData() throws {
    try withTemporaryFolder(["datasets/toys/train.csv": ""]) { folder in
      let file = "\(folder)/datasets/toys/train.csv"
      let error = try #require(throws: ResourceError.self) {
        _ = try ResourceLocator(cache: folder).dataset(file)
      }
      #expect(error == .notAFolder(kind: "data set", path: file))
      #expect(error.remedy == "give the folder that holds the data set's files")
    }
  }
}

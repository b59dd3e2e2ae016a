import BearLabCheckpoint
import BearLabCore
import BearLabData
import BearLabFormats
import BearLabLanguageModel
import BearLabRun
import BearLabSentenceEncoder
import BearLabTestSupport
import BearLabText
import Foundation

/// A format, its honest files, and the program's way of reading them.
struct Target {
  /// A file that is mutated, and what reads it.
  struct Subject {
    let honest: [UInt8]
    /// The file's path below the working folder.
    let path: String
    let mutate: (inout Mutator, [UInt8]) -> [UInt8]
    let load: () throws -> Void
  }

  let subjects: [Subject]

  /// A loaded file must also make sense.
  struct Nonsense: Error { let what: String }

  /// Prepares a working folder; nil for a name that no format has.
  init?(_ name: String, folder: String) throws {
    switch name {
    case "gguf": subjects = [Self.gguf(folder)]
    case "safetensors": subjects = try Self.encoder(folder)
    case "huggingface": subjects = try Self.huggingFace(folder)
    case "tokenizer": subjects = try Self.tokenizer(folder)
    case "csv": subjects = try ["train.csv", "test.csv"].map { try Self.dataset($0, folder) }
    case "json": subjects = [try Self.dataset("id2name4Rec.json", folder)]
    case "yaml":
      subjects = [try Self.description(folder), try Self.dataset("dataset.yaml", folder)]
    case "hdf5": subjects = [try Self.checkpoint(folder)]
    case "dump": subjects = try Self.dumps(folder)
    case "broken": subjects = [Self.broken(folder)]
    default: return nil
    }
  }

  /// Tokenizer, model, trie and a pass through the model.
  private static func gguf(_ folder: String) -> Subject {
    let path = "\(folder)/model.gguf"
    let honest = [UInt8](TinyGGUF().data)
    let hot = ranges(behind: ["llama.", "tokenizer.ggml.", ".weight", "GGUF"], in: honest)
    return Subject(honest: honest, path: path) { mutator, bytes in
      mutator.binary(bytes, hot: hot)
    } load: {
      let loaded = try LoadedModel(path: path)
      let encoder = loaded.encoder
      let elements = encoder.encode(Prompt([.text("The Stone Inn\n é🐻")])).elements
      _ = encoder.decode(elements.map(\.token))
      let bigrec = try PluginRegistry.builtin().backbones.find("bigrec")
      let backbone = try bigrec.init(
        ParameterValues([:], for: bigrec.parameters, owner: "a test"))
      _ = try trie(of: TinyDataset.titles, backbone, encoder)
      guard !elements.isEmpty else { return }
      var forest = TokenForest()
      let nodes = forest.insert(elements)
      let hidden = try loaded.model.hiddenStates(of: nodes.suffix(1), in: forest)
      guard hidden.shape == [1, loaded.model.shape.width] else { throw Nonsense(what: "shape") }
    }
  }

  /// Every file of a sentence encoder; that of the weights in its numbers and in its header's text.
  private static func encoder(_ folder: String) throws -> [Subject] {
    try TinyBERT.write(to: folder)
    return (["model.safetensors"] + TinyBERT.files.keys.sorted()).enumerated().map { number, name in
      Subject(honest: [UInt8](TinyBERT.files[name] ?? Data()), path: "\(folder)/\(name)") {
        mutator, bytes in
        number == 0 ? mutator.binary(bytes, hot: [0..<8]) : mutator.text(bytes)
      } load: {
        let encoder = try BERTSentenceEncoder(folder: folder)
        let vectors = try encoder.embed(["Toy Story (1995)", "", "千 é\n🐻"])
        guard vectors.shape == [3, encoder.width], vectors.scalars.allSatisfy(\.isFinite) else {
          throw Nonsense(what: "vectors \(vectors.scalars)")
        }
      }
    }
  }

  /// The description and the index of a checkpoint in shards, and one of its shards.
  private static func huggingFace(_ folder: String) throws -> [Subject] {
    let golden = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../BearLabRunTests/Golden/models/llama").standardizedFileURL.path
    let model = "\(folder)/model"
    try FileManager.default.copyItem(atPath: golden, toPath: model)
    return try [
      "config.json", "model.safetensors.index.json", "model-00001-of-00003.safetensors",
    ].map { name in
      let honest = try [UInt8](Data(contentsOf: URL(filePath: "\(golden)/\(name)")))
      return Subject(honest: honest, path: "\(model)/\(name)") { mutator, bytes in
        name.hasSuffix(".json") ? mutator.text(bytes) : mutator.binary(bytes, hot: [0..<400])
      } load: {
        let loaded = try LoadedModel(path: model)
        var forest = TokenForest()
        let nodes = forest.insert(tokens: [1, 2, 3])
        let hidden = try loaded.model.hiddenStates(of: nodes.suffix(1), in: forest)
        guard hidden.shape == [1, loaded.model.shape.width] else { throw Nonsense(what: "shape") }
      }
    }
  }

  /// The files of a Hugging Face tokenizer.
  private static func tokenizer(_ folder: String) throws -> [Subject] {
    let files = try TinyTokenizer.files()
    for (name, content) in files { try content.write(to: URL(filePath: "\(folder)/\(name)")) }
    // Most of what can go wrong is in the first.
    return ["tokenizer.json", "tokenizer.json", "tokenizer_config.json", "config.json"].map {
      name in
      Subject(honest: [UInt8](files[name] ?? Data()), path: "\(folder)/\(name)") { mutator, bytes in
        mutator.text(bytes)
      } load: {
        let encoder = try BytePairEncoder(huggingFace: folder)
        let text = "The Stone Inn 1234\n é🐻<|endoftext|>"
        let tokens = encoder.encodeWithSpecialTokens(text) + encoder.encode(text)
        guard tokens.allSatisfy({ 0..<encoder.vocabularySize ~= Int($0) }) else {
          throw Nonsense(what: "tokens \(tokens)")
        }
        _ = encoder.decode(tokens)
      }
    }
  }

  private static func trie(
    of titles: [String], _ backbone: some Backbone, _ encoder: some TextEncoder
  ) throws -> ItemTrie {
    try ItemTrie(catalogue: Catalogue(itemTitles: titles), backbone: backbone, encoder: encoder)
  }

  private static func dataset(_ name: String, _ folder: String) throws -> Subject {
    var files = TinyDataset.files()
    for rows in ["train.csv", "test.csv"] {
      // Few rows, for speed.
      files[rows] = files[rows]?.split(separator: "\n").prefix(40).joined(separator: "\n")
    }
    let dataset = "\(folder)/\(name) of Books"
    try FileManager.default.createDirectory(atPath: dataset, withIntermediateDirectories: true)
    for (file, text) in files {
      try Data(text.utf8).write(to: URL(filePath: "\(dataset)/\(file)"))
    }
    let registry = try PluginRegistry.builtin()
    return Subject(honest: Array((files[name] ?? "").utf8), path: "\(dataset)/\(name)") {
      mutator, bytes in
      mutator.text(bytes)
    } load: {
      let loaded = try DatasetLoader.load(folder: dataset, registry: registry) { path in
        try FileHash.sha256(path: path)
      }
      for window in loaded.train + loaded.test {
        guard !window.history.isEmpty,
          (window.history + [window.target]).allSatisfy(loaded.catalogue.contains)
        else { throw Nonsense(what: "window \(window)") }
      }
      guard loaded.phrases.historyPhrase.last?.isWhitespace == true else {
        throw Nonsense(what: "phrase '\(loaded.phrases.historyPhrase)'")
      }
    }
  }

  /// A dump of each syntax: JSON and Python's literals, CSV, cells between separators; and gzip.
  private static func dumps(_ folder: String) throws -> [Subject] {
    let rows = (0..<12).flatMap { user in (0..<8).map { (user, $0, 86_400 * (user + $0)) } }
    func lines(_ line: (Int, Int, Int) -> String) -> String { rows.map(line).joined() }
    func titles(_ line: (Int) -> String) -> String { (0..<8).map(line).joined() }
    let dumps = [
      [
        "Books.json": lines {
          #"{"reviewerID": "A\#($0)", "asin": "B\#($1)", "x": [{"y": "\u00e9"}], "#
            + #""unixReviewTime": \#($2)}\#n"#
        },
        "meta_Books.json": titles {
          #"{'asin': 'B\#($0)', 'title': u"T\x41 '\#($0)'", 'p': (1L, None)}\#n"#
        },
      ],
      [
        "interactions.csv": "user,item,time\n"
          + lines {
            // A date, so that what Foundation loads for it counts as the honest file's.
            "\"u \"\"\($0)\",i\($1),2020-01-\(10 + $2 / 86_400)T00:00:00Z\n"
          },
        "titles.csv": "item,title\n" + titles { "i\($0),\"A, \n \($0)\"\n" },
      ],
      [
        "ratings.dat": lines { "\($0)::\($1)::5::\($2)\n" },
        "movies.dat": titles { "\($0)::Toy \($0) (1995)::Comedy\n" },
      ],
    ]
    return try dumps.enumerated().flatMap { number, files in
      let dump = "\(folder)/dump \(number)"
      try FileManager.default.createDirectory(atPath: dump, withIntermediateDirectories: true)
      for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: "\(dump)/\(name)")) }
      return files.sorted { $0.key < $1.key }.map { name, text in
        Subject(honest: Array(text.utf8), path: "\(dump)/\(name)") { mutator, bytes in
          mutator.text(bytes)
        } load: {
          var settings = PreparationSettings()
          settings.malformed = 0.05
          let counts = try Preparation(dump, settings: settings).counts()
          guard counts.users <= 96, counts.items <= 8, counts.interactions <= 192 else {
            throw Nonsense(what: "\(counts)")
          }
        }
      }
    }
  }

  private static func description(_ folder: String) throws -> Subject {
    let path = "\(folder)/run.yaml"
    let registry = try PluginRegistry.builtin()
    let text = try RunDescription([], registry: registry).yaml(record: [("threads", "1")])
    return Subject(honest: Array(text.utf8), path: path) { mutator, bytes in
      mutator.text(bytes)
    } load: {
      let description = try RunDescription(
        RunDescription.assignments(yamlFile: path), registry: registry)
      _ = try description.trainingSettings
      _ = try description.yaml()
    }
  }

  /// Most mutants get a hash that is right, or HDF5 would see none of them.
  private static func checkpoint(_ folder: String) throws -> Subject {
    let path = "\(folder)/checkpoint.h5"
    var content = CheckpointFile(attributes: [
      "epoch": .integer(1), "objective/tau": .real(0.5), "note": .text("Amélie 🐻"),
    ])
    for layer in 0..<2 {
      for part in ["A", "B"] {
        content.tensors["/lora/\(layer)/q_proj/\(part)"] = .init(
          shape: [8, 4], values: (0..<32).map { Float($0) })
      }
      content.tensors["/optimizer/\(layer)/q_proj/A/first"] = .init(shape: [0, 4], values: [])
    }
    try content.write(to: path)
    let honest = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let hot = ranges(behind: ["TREE", "HEAP", "SNOD", "GCOL", "\u{89}HDF"], in: honest)
    return Subject(honest: honest, path: path) { mutator, bytes in
      let mutant = mutator.binary(bytes, hot: hot)
      return mutant.count % 8 == 7 ? mutant : CheckpointFile.sealed(mutant)
    } load: {
      let loaded = try CheckpointFile(readingFrom: path)
      let numbers = loaded.tensors.values.reduce(0) { $0 + $1.values.count }
      guard numbers <= honest.count else { throw Nonsense(what: "\(numbers) numbers") }
    }
  }

  /// Crashes, hangs or takes too much, to see that it would be noticed.
  private static func broken(_ folder: String) -> Subject {
    var call = 0
    return Subject(honest: [0], path: "\(folder)/any") { _, bytes in
      bytes
    } load: {
      // The honest file is read twice before the first mutant.
      call += 1
      switch call - 2 {
      case 2: _ = [UInt8](repeating: 1, count: 1 << 23).max()
      case 3: throw Nonsense(what: "of purpose")
      case 4: while true { pause() }
      case 5: fatalError("of purpose")
      default: break
      }
    }
  }

  /// The 48 bytes behind each place where a text stands.
  private static func ranges(behind texts: [String], in bytes: [UInt8]) -> [Range<Int>] {
    let data = Data(bytes)
    return texts.flatMap { text in
      let pattern = Data(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
      var ranges: [Range<Int>] = []
      var start = 0
      while let found = data.range(of: pattern, in: start..<data.count) {
        ranges.append(found.upperBound..<found.upperBound + 48)
        start = found.upperBound
      }
      return ranges
    }
  }
}

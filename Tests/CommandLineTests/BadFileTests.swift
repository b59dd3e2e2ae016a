import BearLabTestSupport
import Foundation
import Testing

/// Every kind of bad file, given to the program: status 1, what is wrong, where, the value seen,
/// what would be accepted, and no run folder.
@Suite struct BadFileTests {
  @Test(arguments: modelCases) func badModelsAreRefused(_ bad: BadFile) throws {
    try expectRefusal(bad)
  }

  @Test(arguments: dataCases) func badDataIsRefused(_ bad: BadFile) throws {
    try expectRefusal(bad)
  }

  @Test(arguments: configCases) func badConfigsAreRefused(_ bad: BadFile) throws {
    try expectRefusal(bad, ["--config", "my.yaml"])
  }

  /// With one training sample, so that no row is checked because it is used.
  private func expectRefusal(_ bad: BadFile, _ arguments: [String] = []) throws {
    try withTinyCache { cache in
      try bad.change(Cache(path: cache))
      let arguments = arguments.map { $0 == "my.yaml" ? "\(cache)/my.yaml" : $0 }
      let run = ["run", "--output", "\(cache)/run", "--dataset", "tiny", "--model", "tiny"]
      let outcome = try bearLab(
        run + ["--train-samples", "1", "--eval-users", "1", "--threads", "1"] + arguments,
        cache: cache)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.hasPrefix("error: "))
      for text in bad.says { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
      #expect(!FileManager.default.fileExists(atPath: "\(cache)/run"))
    }
  }

  /// A hash that is wrong, and one that is right over nonsense; see `FuzzTests` for 2 000 more.
  @Test func aDamagedCheckpointIsNotMeasured() throws {
    try withTinyCache { cache in
      let folder = "\(cache)/run"
      let run = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      try #require(run.status == 0, "\(run.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      for name in names where name.hasSuffix(".h5") {
        try Cache(path: folder).edit(name) { $0[$0.count / 2] ^= 1 }
      }
      let before = try contents(of: folder)
      let outcome = try bearLab(["evaluate", folder], cache: cache)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains(".h5 is damaged: its content does not have the SHA-256"))
      #expect(outcome.errors.contains("\n  copy the file again from where it was written, or use"))
      let again = try bearLab(["run", "--output", folder] + tinyRun, cache: cache)
      #expect(again.status == 1)
      #expect(again.errors.contains("\(folder) is not empty: it holds checkpoint-epoch-1.h5"))
      #expect(try contents(of: folder) == before)
    }
  }

  private func contents(of folder: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
      })
  }

  private static let modelCases = [
    BadFile("cut off", ["tiny.gguf: tensor ", " do not fit the ", "\n  fetch the file again"]) {
      try $0.edit(gguf) { $0.removeLast($0.count / 2) }
    },
    BadFile(
      "a huge count", ["at byte 8: 1152921504606846976 tensors announced", "holds at most "]
    ) { try $0.edit(gguf) { $0.replaceSubrange(8..<16, with: [0, 0, 0, 0, 0, 0, 0, 0x10]) } },
    BadFile(
      "an unsupported type",
      ["tensor token_embd.weight has type Q2_K", "\n  quantise the model to one of F32, F16"]
    ) { try $0.edit(gguf) { set(&$0, behind: "token_embd.weight", at: 20, to: 10) } },
    BadFile(
      "sizes of another model",
      ["tensor blk.0.ffn_gate.weight has shape [48, 32], expected [268435456, 32]"]
    ) { try $0.edit(gguf) { set(&$0, behind: "llama.feed_forward_length", at: 4, to: 1 << 28) } },
    BadFile(
      "EOS outside of the vocabulary",
      ["eos_token_id is 4294967295, but must be a token of the vocabulary, 0 to "]
    ) { try $0.edit(gguf) { set(&$0, behind: "ggml.eos_token_id", at: 4, to: .max) } },
    BadFile(
      "EOS inside of a title",
      [
        "the title 'Amber' (item 1) contains EOS, token 34, as token 0 of its answer",
        "\n  use a model",
      ]
    ) { try $0.edit(gguf) { set(&$0, behind: "ggml.eos_token_id", at: 4, to: 34) } },
    BadFile(
      "no tokenizer",
      ["tiny.gguf: key tokenizer.ggml.model is missing\n  use a model with its tokenizer inside"]
    ) { try $0.edit(gguf) { replace(&$0, "tokenizer.ggml.model", "tokenizer.none.model") } },
    BadFile(
      "a merge of unknown tokens",
      ["tiny.gguf: tokenizer: merge 0, \"t q\": a part or the result is not in the vocabulary"]
    ) { try $0.edit(gguf) { replace(&$0, "t h", "t q") } },
    BadFile(
      "a short context",
      ["the prompt of user ", "exceeds the model's context of 40\n", "tokens of prompt fit here"]
    ) { try $0.edit(gguf) { set(&$0, behind: "llama.context_length", at: 4, to: 40) } },
    BadFile("not a number", ["tiny.gguf: weight ", " of tensor blk.1.", " is nan\n  use a file"]) {
      try $0.edit(gguf) { $0.replaceSubrange(($0.count - 4)..., with: [0, 0, 0xC0, 0x7F]) }
    },
    BadFile(
      "titles of the same tokens",
      ["the titles 'A' (item 1) and 'A\\u{01}' (item 2) have the same 3 tokens, [34, 65, 34]"]
    ) {
      // U+0101 stands for the byte 1, U+0150 for none.
      try $0.edit(gguf) { replace(&$0, "\u{101}", "\u{150}") }
      try $0.write(titles, #"{"1": "A", "2": "A\u0001"}"#)
      for name in ["train.csv", "test.csv"] {
        try $0.write("datasets/tiny/\(name)", header + "1,\"[1, 2]\",5\n")
      }
    },
    BadFile(
      "a folder without a model",
      ["models/tiny holds no model: neither a .gguf file", "\n  give a GGUF file"]
    ) {
      try FileManager.default.removeItem(atPath: "\($0.path)/\(gguf)")
    },
    BadFile("a pipe for a model", ["tiny.gguf: is not a regular file\n  give the path of a file"]) {
      try $0.pipe(gguf)
    },
  ]

  private static let dataCases = [
    BadFile(
      "an unknown item in the last row",
      [
        "train.csv, line 302: an item id of item_ids cannot be '31'\n  give an id of the catalogue, 1 to 30"
      ]
    ) { try $0.append(train, "999,\"[1, 31]\",5\n") },
    BadFile(
      "a broken list in the last row",
      [
        "train.csv, line 302: item_ids cannot be '[1, 2'\n  give item ids of the catalogue as a list"
      ]
    ) { try $0.append(train, "999,\"[1, 2\",5\n") },
    BadFile("too few items in the last row", ["test.csv, line 42: item_ids cannot be '[1]'\n"]) {
      try $0.append("datasets/tiny/test.csv", "999,\"[1]\",5\n")
    },
    BadFile("an open quote", ["train.csv, line 302: the row cannot be '999,[1, 2],5", "closing"]) {
      try $0.append(train, "999,\"[1, 2],5\n")
    },
    BadFile("NUL and bytes of a terminal", [#"user_id cannot be '1\0\u{1B}[31m'"#]) {
      try $0.append(train, "1\u{0}\u{1B}[31m,\"[1, 2]\",5\n")
    },
    BadFile("bytes that are no text", ["train.csv, line 302: byte ", " is 255, which is no UTF-8"])
    {
      try $0.edit(train) { $0 += [0xFF] }
    },
    BadFile("an empty file", ["train.csv holds no header\n  give a file with header"]) {
      try $0.write(train, "")
    },
    BadFile("a header alone", ["train.csv holds no rows\n"]) { try $0.write(train, header) },
    BadFile(
      "a column missing", ["train.csv, line 1: there is no column 'item_ids' among 'user_id, "]
    ) {
      try $0.write(train, "user_id,items,timestamp\n1,\"[1, 2]\",5\n")
    },
    BadFile("an empty catalogue", ["id2name4Rec.json holds no titles\n"]) {
      try $0.write(titles, "{}")
    },
    BadFile(
      "a broken catalogue",
      [
        "id2name4Rec.json, line 2: the title of item 2 cannot be '['\n  give one JSON object such as"
      ]
    ) { try $0.write(titles, "{\"1\": \"A\",\n\"2\": " + String(repeating: "[", count: 100_000)) },
    BadFile(
      "a gap in the catalogue", ["line 1: an item id cannot be '3'\n  give each of \"1\" to \"2\""]
    ) {
      try $0.write(titles, #"{"1": "A", "3": "B"}"#)
    },
    BadFile("a folder for a file", ["train.csv: is not a regular file\n"]) {
      try $0.remove(train)
      try FileManager.default.createDirectory(
        atPath: "\($0.path)/\(train)", withIntermediateDirectories: true)
    },
    BadFile("a pipe for a file", ["id2name4Rec.json: is not a regular file\n"]) {
      try $0.pipe(titles)
    },
    BadFile(
      "a file missing",
      ["tiny holds no data set in a known layout, but dataset.yaml, id2name4Rec.json, test.csv\n"]
    ) {
      try $0.remove(train)
    },
    BadFile("broken phrases", ["dataset.yaml, line 1: ", "at 'instruction: [1'\n  write YAML"]) {
      try $0.write("datasets/tiny/dataset.yaml", "instruction: [1")
    },
  ]

  private static let configCases = [
    BadFile("absent", ["my.yaml: cannot be opened: No such file or directory\n  check the path"]) {
      _ in
    },
    BadFile("a pipe", ["my.yaml: is not a regular file\n  give the path of a file"]) {
      try $0.pipe("my.yaml")
    },
    BadFile("a folder", ["my.yaml: is not a regular file\n"]) {
      try FileManager.default.createDirectory(
        atPath: "\($0.path)/my.yaml", withIntermediateDirectories: true)
    },
    BadFile(
      "no YAML",
      ["my.yaml is no description of a run: line 2: ", "at 'b: c: d'\n  start from the run.yaml"]
    ) {
      try $0.write("my.yaml", "seed: 1\nb: c: d\n")
    },
    BadFile("an unknown plug-in", ["there is no objective 'baer'\n  did you mean bear? known: "]) {
      try $0.write("my.yaml", "objective: baer\n")
    },
    BadFile("an unknown parameter", ["section lora has no parameter 'ranc'\n  did you mean rank?"])
    {
      try $0.write("my.yaml", "lora: {ranc: 4}\n")
    },
    BadFile(
      "a value out of range",
      ["parameter 'training.batch-size' cannot be '9223372036854775807'\n  give an integer"]
    ) { try $0.write("my.yaml", "training: {batch-size: 9223372036854775807}\n") },
  ]
}

private let gguf = "models/tiny/tiny.gguf"
private let train = "datasets/tiny/train.csv"
private let titles = "datasets/tiny/id2name4Rec.json"
private let header = "user_id,item_ids,timestamp\n"

/// A change of the cache folder, and what the program must say of it.
struct BadFile: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let says: [String]
  let change: @Sendable (Cache) throws -> Void

  init(_ name: String, _ says: [String], change: @escaping @Sendable (Cache) throws -> Void) {
    testDescription = name
    self.says = says
    self.change = change
  }
}

/// The files of a cache folder.
struct Cache: Sendable {
  let path: String

  func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    let file = URL(filePath: "\(path)/\(name)")
    var bytes = [UInt8](try Data(contentsOf: file))
    change(&bytes)
    try Data(bytes).write(to: file)
  }

  func append(_ name: String, _ text: String) throws { try edit(name) { $0 += text.utf8 } }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(name)")
  }

  func pipe(_ name: String) throws {
    try? remove(name)
    try #require(mkfifo("\(path)/\(name)", 0o600) == 0)
  }
}

/// Overwrites 4 bytes at a distance behind the first place of `text`.
private func set(_ bytes: inout [UInt8], behind text: String, at offset: Int, to value: UInt32) {
  guard let found = Data(bytes).range(of: Data(text.utf8)) else { return }
  let place = found.upperBound + offset
  bytes.replaceSubrange(
    place..<place + 4, with: withUnsafeBytes(of: value.littleEndian) { Array($0) })
}

/// Replaces the first place of a text by another one of the same length.
private func replace(_ bytes: inout [UInt8], _ old: String, _ new: String) {
  precondition(old.utf8.count == new.utf8.count)
  guard let found = Data(bytes).range(of: Data(old.utf8)) else { return }
  bytes.replaceSubrange(found, with: new.utf8)
}

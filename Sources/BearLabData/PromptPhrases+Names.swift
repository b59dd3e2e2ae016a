public import BearLabCore
internal import Yams

extension PromptPhrases {
  /// The phrases for a data set whose name matches nothing: items that were used.
  public static let items = PromptPhrases("items", "item", "used")

  /// The kinds that a name may contain, in the order in which they are tried.
  private static let kinds: [(key: String, phrases: PromptPhrases)] = [
    ("toy", PromptPhrases("toys", "toy", "played")),
    ("book", PromptPhrases("books", "book", "read")),
    ("clothing", PromptPhrases("clothing", "clothing", "worn")),
    ("office", PromptPhrases("office products", "office product", "used")),
    ("beauty", PromptPhrases("beauty products", "beauty product", "used")),
    ("electronic", PromptPhrases("electronic products", "electronic product", "used")),
    ("game", PromptPhrases("video games", "video game", "played")),
    ("music", PromptPhrases("music", "music", "listened to")),
    ("movie", PromptPhrases("movies", "movie", "watched")),
    ("ml-", PromptPhrases("movies", "movie", "watched")),
  ]

  private init(_ several: String, _ one: String, _ verb: String) {
    self.init(
      instruction: "Given a list of \(several) the user has \(verb) before, "
        + "please recommend a new \(one) that the user likes to the user.",
      historyPhrase: "The user has \(verb) the following \(several) before: ")
  }

  /// The phrases of the first kind that `name` contains, case ignored; nil where it contains none.
  ///
  /// - Source: section 2.1 of the method specification; the order is that of the official code.
  public static func named(_ name: String) -> PromptPhrases? {
    let name = name.lowercased()
    return kinds.first { name.contains($0.key) }?.phrases
  }
}

/// The phrases of a data set, and what a reader should know about how they were found.
struct PhraseChoice {
  static let fileName = "dataset.yaml"
  private static let keys = ["history-phrase", "instruction"]

  let phrases: PromptPhrases
  let notices: [String]

  /// Items that were used, with nothing to say about it.
  static let items = PhraseChoice(phrases: .items, notices: [])

  private init(phrases: PromptPhrases, notices: [String]) {
    self.phrases = phrases
    self.notices = notices
  }

  /// Takes the phrases for `name`, each replaced by that of `dataset.yaml` in `folder` if present.
  ///
  /// - Throws: ``DataError`` for a `dataset.yaml` that is no mapping of the known keys to text.
  init(name: String, folder: String) throws(DataError) {
    let known = PromptPhrases.named(name)
    let own = try Self.ownPhrases(in: folder)
    let base = known ?? .items
    phrases = PromptPhrases(
      instruction: own["instruction"] ?? base.instruction,
      historyPhrase: own["history-phrase"] ?? base.historyPhrase)
    notices =
      known == nil && own.count < Self.keys.count
      ? [
        "prompts call the items 'items' that were 'used': the name '\(name)' tells no kind of "
          + "item; \(Self.fileName) beside the files may hold \(Self.keys.joined(separator: ", "))"
      ] : []
  }

  private static func ownPhrases(in folder: String) throws(DataError) -> [String: String] {
    guard TextFile.exists(fileName, in: folder) else { return [:] }
    let file = try TextFile(fileName, in: folder)
    let root: Node?
    do {
      root = try SafeYAML.root(of: file.text)
    } catch {
      throw .malformedYAML(
        file: file.path, line: error.line, problem: error.problem, seen: error.seen)
    }
    let accepted = "a mapping of \(keys.joined(separator: ", ")) to text"
    guard let mapping = root?.mapping else {
      throw file.invalid(line: 1, "the document", file.text.prefix(40), accepted: accepted)
    }
    var own: [String: String] = [:]
    for (key, value) in mapping {
      let line = key.mark?.line ?? 1
      guard let name = key.string, keys.contains(name) else {
        throw file.invalid(line: line, "a key", key.string ?? "a list", accepted: accepted)
      }
      guard let text = value.scalar?.string, !text.isEmpty else {
        throw file.invalid(line: line, name, "", accepted: accepted)
      }
      own[name] = text
    }
    // YAML drops a space at the end of plain text, but a title must not touch the phrase.
    if let phrase = own["history-phrase"], phrase.last?.isWhitespace == false {
      own["history-phrase"] = phrase + " "
    }
    return own
  }
}

internal import BearLabCore
internal import BearLabFormats
internal import BearLabSentenceEncoder

/// The files that a recommender asks for: hashed at once, read where it is trained.
struct RecommenderInputs {
  private let needs: RecommenderNeeds
  private let values: ParameterValues
  private let dataset: Dataset
  private let resources: ResourceLocator?

  /// Nothing is read yet.
  init(
    _ needs: RecommenderNeeds, _ values: ParameterValues, dataset: Dataset,
    resources: ResourceLocator?
  ) {
    self.needs = needs
    self.values = values
    self.dataset = dataset
    self.resources = resources
  }

  /// SHA-256 of the files, by name.
  ///
  /// - Throws: a `FileError` or a ``ResourceError`` for a file that is missing.
  var hashes: [(name: String, hash: String)] {
    get throws {
      var hashes: [(name: String, hash: String)] = []
      if needs.teacher { hashes.append(("teacher", try FileHash.sha256(path: values["teacher"]))) }
      if needs.examples {
        hashes.append(("bank", try FileHash.sha256(path: values["bank"])))
        if let encoder = try encoder { hashes.append(("encoder", encoder.hash)) }
      }
      return hashes
    }
  }

  /// Reads the files.
  ///
  /// - Throws: ``TeacherFileError``, ``ExampleFileError``, and what the sentence encoder throws.
  func load() throws -> RecommenderResources {
    RecommenderResources(
      teacher: needs.teacher ? try TeacherFile.read(values["teacher"], for: dataset) : nil,
      examples: needs.examples ? try examples() : nil)
  }

  private func examples() throws -> ExampleBank? {
    guard let encoder = try encoder else { return nil }
    let catalogue = dataset.catalogue
    let file = try ExampleFile(readingFrom: values["bank"], for: catalogue)
    let titles = try encoder.embed(catalogue.titles)
      .rows(at: (0..<catalogue.itemCount).map { catalogue.titleNumber(of: $0 + 1) })
    let texts = try encoder.embed(file.texts)
    return ExampleBank(
      examples: file.examples, texts: .init(shape: texts.shape, values: texts.scalars),
      titles: .init(shape: titles.shape, values: titles.scalars))
  }

  /// The sentence encoder that the parameter `encoder` names; nil where there are no resources.
  private var encoder: BERTSentenceEncoder? {
    get throws {
      try resources.map { try BERTSentenceEncoder(folder: $0.encoder(values["encoder"])) }
    }
  }
}

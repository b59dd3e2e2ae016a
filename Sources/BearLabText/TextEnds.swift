/// The tokens before and behind a text, from the files of a Hugging Face folder.
struct TextEnds {
  let bos: Int32?
  let eos: Int32

  init(
    folder: HuggingFaceTokenizer, file: TokenizerFile, vocabulary: [String]
  ) throws(TokenizerError) {
    let settings = try folder.decodedIfPresent(
      "tokenizer_config.json", as: TokenizerSettings.self)
    var numbers: [ModelTokens] = []
    for name in ["config.json", "generation_config.json"] {
      if let found = try folder.decodedIfPresent(name, as: ModelTokens.self) {
        numbers.append(found)
      }
    }
    func token(
      _ name: NamedToken?, _ key: KeyPath<ModelTokens, ModelTokens.Numbers?>
    ) throws(TokenizerError) -> Int32? {
      if let name {
        guard let index = vocabulary.firstIndex(of: name.content) else {
          throw .missingSpecial(name.content)
        }
        return Int32(index)
      }
      let first = numbers.lazy.compactMap { $0[keyPath: key]?.first }.first
      return try first.map { (number) throws(TokenizerError) in
        try Self.checked(number, count: vocabulary.count)
      }
    }
    guard let eos = try token(settings?.eos_token, \.eos_token_id) else { throw .missingEOS }
    self.eos = eos
    switch try Self.template(file.post_processor, folder) {
    case .none:
      let addsBOS = settings?.add_bos_token ?? false
      bos = addsBOS ? try token(settings?.bos_token, \.bos_token_id) : nil
      if addsBOS, bos == nil { throw .missingBOS }
    case .some(let first):
      bos = try first.map { (number) throws(TokenizerError) in
        try Self.checked(number, count: vocabulary.count)
      }
    }
  }

  private static func checked(_ number: Int, count: Int) throws(TokenizerError) -> Int32 {
    guard (0..<count).contains(number), let token = Int32(exactly: number) else {
      throw .tokenOutOfRange(Int32(clamping: number), count: count)
    }
    return token
  }

  /// What the post-processor puts before a text.
  ///
  /// - Returns: nil without a template; else the token before the text, if there is one.
  private static func template(
    _ processor: TokenizerStep?, _ folder: HuggingFaceTokenizer
  ) throws(TokenizerError) -> Int?? {
    // ByteLevel as a post-processor only trims offsets.
    let steps = (processor?.steps ?? []).filter { $0.type != "ByteLevel" }
    if steps.isEmpty { return .none }
    let pieces = steps[0].single ?? []
    let tokens = pieces.map { $0.SpecialToken?.id }
    guard steps.count == 1, steps[0].type == "TemplateProcessing", tokens.last == .some(nil),
      tokens.count <= 2
    else { throw unsupported(steps, folder) }
    guard tokens.count == 2 else { return .some(nil) }
    guard let name = tokens[0], let ids = steps[0].special_tokens?[name]?.ids, ids.count == 1
    else { throw unsupported(steps, folder) }
    return .some(ids[0])
  }

  private static func unsupported(
    _ steps: [TokenizerStep], _ folder: HuggingFaceTokenizer
  ) -> TokenizerError {
    let names = steps.map { step in
      let pieces = (step.single ?? []).map { $0.SpecialToken?.id ?? "the text" }
      return pieces.isEmpty ? step.type : "\(step.type)(\(pieces.joined(separator: " ")))"
    }
    return folder.unsupported(
      "post_processor", names.joined(separator: ", "),
      supported: ["none", "TemplateProcessing of the text, with or without a token before it"])
  }
}

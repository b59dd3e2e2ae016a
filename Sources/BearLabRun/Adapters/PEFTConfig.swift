internal import BearLabFormats
internal import Foundation

/// What `adapter_config.json` says of LoRA weights, as PEFT writes it.
///
/// - Source: huggingface/peft, `src/peft/tuners/lora/config.py`.
struct PEFTConfig {
  static let fileName = "adapter_config.json"

  private enum Targets {
    /// `all-linear`: every linear layer but the head.
    case all
    case names([String])
    /// One regular expression for the whole name.
    case expression(ModulePattern)
  }

  let path: String
  let rank: Int
  let alpha: Double
  let dropout: Double
  private let isRankStabilised: Bool
  private let ranks: PatternTable<Int>
  private let alphas: PatternTable<Double>
  private let targets: Targets
  private let excluded: [String]
  /// Nil for all layers.
  private let layers: Set<Int>?

  /// Reads a file, and refuses what is not a plain sum of LoRA's products and the base weights.
  ///
  /// - Throws: ``PEFTError``.
  init(path: String) throws(PEFTError) {
    let text: String
    do { text = try MappedFile.text(path: path) } catch { throw .file(error) }
    let members: [String: JSONValue]
    do {
      members = try JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))
    } catch {
      throw .malformedConfig(path: path, problem: "it is no JSON object")
    }
    let reader = Reader(path: path, members: members, text: text)
    try PEFTRefusals.check(members, path: path)
    self.path = path
    rank = try reader.rank("r")
    alpha = try reader.number("lora_alpha")
    dropout = members["lora_dropout"] == nil ? 0 : try reader.number("lora_dropout")
    isRankStabilised = members["use_rslora"] == .bool(true)
    ranks = try reader.table("rank_pattern") { (value) throws(PEFTError) in
      try reader.rank("rank_pattern", value)
    }
    alphas = try reader.table("alpha_pattern") { (value) throws(PEFTError) in
      try reader.number("alpha_pattern", value)
    }
    targets = try Self.targets(reader)
    let excludes = members["exclude_modules"].map { !$0.isEmpty } ?? false
    excluded = excludes ? try reader.names("exclude_modules") : []
    layers = try Self.layers(reader)
  }

  private static func targets(_ reader: Reader) throws(PEFTError) -> Targets {
    guard case .text(let text) = reader.members["target_modules"] else {
      return .names(try reader.names("target_modules"))
    }
    if text.lowercased() == "all-linear" { return .all }
    guard let pattern = ModulePattern(text, wholeName: true) else {
      throw .malformedConfig(
        path: reader.path, problem: "target_modules is no regular expression: '\(text)'")
    }
    return .expression(pattern)
  }

  private static func layers(_ reader: Reader) throws(PEFTError) -> Set<Int>? {
    switch reader.members["layers_to_transform"] {
    case nil, .null: return nil
    case .array(let values) where values.isEmpty: return nil
    case .array(let values):
      var layers: Set<Int> = []
      for value in values { layers.insert(try reader.integer("layers_to_transform", value)) }
      return layers
    case .some(let value): return [try reader.integer("layers_to_transform", value)]
    }
  }

  /// The rank of a module.
  func rank(of module: String) -> Int { ranks[module] ?? rank }

  /// alpha / rank, or alpha / √rank where ranks are stabilised.
  func scale(of module: String) -> Float {
    let (rank, alpha) = (Double(rank(of: module)), alphas[module] ?? alpha)
    return Float(alpha / (isRankStabilised ? rank.squareRoot() : rank))
  }

  /// Whether PEFT puts LoRA on a linear layer of a transformer block.
  func isTarget(_ module: String, layer: Int) -> Bool {
    func ends(with name: String) -> Bool { module == name || module.hasSuffix(".\(name)") }
    if excluded.contains(where: ends) { return false }
    switch targets {
    case .all: return true
    case .names(let names):
      return names.contains(where: ends) && layers?.contains(layer) ?? true
    case .expression(let expression): return expression.matches(module)
    }
  }

  /// Reads the members of the object.
  private struct Reader {
    let path: String
    let members: [String: JSONValue]
    let text: String

    func malformed(_ key: String, _ value: JSONValue?, _ accepted: String) -> PEFTError {
      .malformedConfig(
        path: path,
        problem: value.map { "\(key) is \($0.shown), not \(accepted)" } ?? "\(key) is missing")
    }

    func number(_ key: String) throws(PEFTError) -> Double { try number(key, members[key]) }

    func number(_ key: String, _ value: JSONValue?) throws(PEFTError) -> Double {
      guard case .number(let number) = value, number >= 0 else {
        throw malformed(key, value, "a number from 0 on")
      }
      return number
    }

    func rank(_ key: String) throws(PEFTError) -> Int { try rank(key, members[key]) }

    func rank(_ key: String, _ value: JSONValue?) throws(PEFTError) -> Int {
      let rank = try integer(key, value)
      guard (1...1 << 16).contains(rank) else { throw malformed(key, value, "1 to 65536") }
      return rank
    }

    func integer(_ key: String, _ value: JSONValue?) throws(PEFTError) -> Int {
      guard case .number(let number) = value, let integer = Int(exactly: number) else {
        throw malformed(key, value, "a whole number")
      }
      return integer
    }

    func names(_ key: String) throws(PEFTError) -> [String] {
      var names: [String] = []
      let accepted = "a list of modules"
      guard case .array(let values) = members[key] else {
        throw malformed(key, members[key], accepted)
      }
      for value in values {
        guard case .text(let name) = value else { throw malformed(key, value, accepted) }
        names.append(name)
      }
      return names
    }

    func table<Value>(
      _ key: String, _ read: (JSONValue) throws(PEFTError) -> Value
    ) throws(PEFTError) -> PatternTable<Value> {
      guard let member = members[key], !member.isEmpty else { return PatternTable([]) }
      guard case .object(let object) = member else {
        throw malformed(key, member, "an object of values by module")
      }
      var rows: [(ModulePattern, Value)] = []
      for name in JSONValue.sorted(object.keys, ofObject: key, in: text) {
        guard let value = object[name] else { continue }
        guard let pattern = ModulePattern(name) else {
          throw .malformedConfig(
            path: path, problem: "\(key) has '\(name)', which is no regular expression")
        }
        rows.append((pattern, try read(value)))
      }
      return PatternTable(rows)
    }
  }
}

import BearLabFormats
import BearLabLanguageModel
import BearLabNN
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// Adapters that the real PEFT has saved, and the logits that it computes with them.
@Suite struct PEFTAdapterTests {
  @Test(arguments: [
    "plain", "stabilised", "patterns", "stabilised-patterns", "expression", "last-layer",
  ])
  func logitsAreThoseOfPEFT(name: String) throws {
    let golden = try Golden.load()
    let model = try Golden.model(at: "\(Golden.folder)/base")
    let adapter = try PEFTAdapter(folder: "\(Golden.folder)/\(name)").adapter(for: model.shape)
    let expected = try #require(golden.adapters[name])
    #expect(try largestGap(golden.logits(model, nil), golden.base) < 1e-5)
    #expect(try largestGap(golden.logits(model, adapter), expected) < 2e-5)
    // The adapter matters.
    #expect(largestGap(golden.base.map(Float.init), expected) > 0.01)
  }

  @Test func ranksAndScalesAreThoseOfThePatterns() throws {
    let shape = try ModelSources.open("\(Golden.folder)/base").description.shape
    let adapter = try PEFTAdapter(folder: "\(Golden.folder)/patterns").adapter(
      for: shape, dropout: 0.25)
    #expect(adapter.settings.rank == 6 && adapter.settings.dropout == 0.25)
    #expect(adapter.settings.targets == Set(Projection.allCases))
    #expect(adapter.layers.map { $0[.query]?.rank } == [3, 6])
    #expect(adapter.layers.map { $0[.up]?.rank } == [2, 2])
    // PEFT sorts the patterns: `down_proj` comes before the whole name.
    #expect(adapter.layers.map { $0[.down]?.scale } == [1.25, 1.25])
    #expect(adapter.layers.map { $0[.output]?.scale } == [2, 0.25])
    #expect(adapter.layers.allSatisfy { $0[.key]?.a.requiresGradient == true })
    let stabilised = try PEFTAdapter(folder: "\(Golden.folder)/stabilised").adapter(for: shape)
    #expect(stabilised.layers[0][.gate]?.scale == 2)
  }

  @Test(arguments: [
    ("q_proj", "model.layers.0.self_attn.q_proj", true),
    ("proj", "model.layers.0.self_attn.q_proj", false),
    ("self_attn.q_proj", "model.layers.0.self_attn.q_proj", true),
    ("layers.1.self_attn.q_proj", "model.layers.11.self_attn.q_proj", false),
    // A dot stands for any character.
    ("self.attn.q.proj", "model.layers.0.self_attn.q_proj", true),
    (#"layers\.\d+\.mlp\..*"#, "model.layers.12.mlp.up_proj", true),
    (#"layers\.[01]\.mlp\.up_proj"#, "model.layers.2.mlp.up_proj", false),
    ("(?P<kind>q|v)_proj", "model.layers.2.self_attn.v_proj", true),
    ("q_proj|v_proj", "model.layers.2.self_attn.v_proj", true),
    ("^model.layers.0.mlp.up_proj", "model.layers.0.mlp.up_proj", true),
    ("model.layers.0.mlp.up", "model.layers.0.mlp.up_proj", false),
  ])
  func patternsMatchAsInPEFT(pattern: String, module: String, matches: Bool) throws {
    #expect(try #require(ModulePattern(pattern)).matches(module) == matches)
  }

  /// The first pattern of the file counts, however it sorts.
  @Test func patternsKeepTheirOrder() {
    let text = #"{"a": "x.y", "p": {"x.y": 1, "b\\.c": 2, "a": 3, "\u00e4": 4}, "q": {"a": 1}}"#
    #expect(
      JSONValue.sorted(["a", "b\\.c", "x.y", "ä"], ofObject: "p", in: text) == [
        "x.y", "b\\.c", "a", "ä",
      ])
  }

  @Test(
    arguments: [
      ("peft_type", .text("LOHA"), "peft_type is 'LOHA': it is another kind of adapter"),
      ("peft_type", .text("IA3"), "peft_type is 'IA3'"),
      ("use_dora", .bool(true), "use_dora is true: DoRA scales the rows"),
      ("bias", .text("lora_only"), "bias is 'lora_only': biases of the base model were trained"),
      ("modules_to_save", .array([.text("lm_head")]), "modules_to_save is ['lm_head']"),
      (
        "layer_replication", .array([.array([.number(0), .number(2)])]), "layer_replication is [[0"
      ),
      ("fan_in_fan_out", .bool(true), "fan_in_fan_out is true: the base model stores"),
      ("lora_bias", .bool(true), "lora_bias is true: B has a bias"),
      ("use_qalora", .bool(true), "use_qalora is true"),
      ("init_lora_weights", .text("pissa_niter_4"), "init_lora_weights is 'pissa_niter_4'"),
      ("target_parameters", .array([.text("x")]), "target_parameters is ['x']"),
      ("trainable_token_indices", .array([.number(3)]), "trainable_token_indices is [3]"),
      ("r", .null, "r is null, not a whole number"),
      ("lora_alpha", .text("8"), "lora_alpha is '8', not a number"),
      ("rank_pattern", .object(["(": .number(1)]), "rank_pattern has '(', which is no regular"),
      ("target_modules", .text("("), "target_modules is no regular expression"),
      ("r", .number(3), "has shape [4, 16], where adapter_config.json says rank 3"),
      (
        "target_modules", .array([.text("q_proj")]),
        "layers.0.self_attn.v_proj.lora_A.weight is of a module that target_modules does not name"
      ),
      (
        "target_modules", .array(["q_proj", "v_proj", "up_proj"].map { .text($0) }),
        "there are no weights for model.layers.0.mlp.up_proj, which target_modules names"
      ),
      ("target_modules", .array([.text("c_attn")]), "lora_A.weight is of a module"),
    ] as [(String, JSONValue, String)])
  func settingsAreRefusedByName(key: String, value: JSONValue, expected: String) throws {
    let error = try withChanged(settings: [key: value]) { try refusal($0) }
    let text = error?.description ?? "accepted"
    #expect(text.contains(expected), "\(text)")
    #expect(error?.remedy.isEmpty == false)
  }

  private static let first = "base_model.model.model.layers.0.self_attn.q_proj"

  @Test(arguments: [
    (
      "\(first).lora_A.weight", nil, "model.layers.0.self_attn.q_proj has no lora_A, only the other"
    ),
    ("\(first).lora_B.weight", nil, "has no lora_B"),
    ("\(first).lora_A.weight", [16, 4], "lora_A.weight has shape [16, 4], expected [4, 16]"),
    ("\(first).lora_B.weight", [4, 16], "lora_B.weight has shape [4, 16], expected [16, 4]"),
    ("\(first).lora_magnitude_vector", [16], "is DoRA's magnitude"),
    ("base_model.model.lm_head.lora_A.weight", [4, 16], "is of the head"),
    ("base_model.model.model.embed_tokens.lora_embedding_A", [4, 48], "is an update of the embed"),
    ("base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight", [4, 16], "is of layer 2"),
    ("base_model.model.model.layers.0.self_attn.q_proj.weight", [2], "is left over"),
    ("base_model.model.score.weight", [2], "belongs to no layer"),
    ("x", [1], "has a name that does not begin with base_model.model."),
  ])
  func tensorsAreRefusedByName(tensor: String, shape: [Int]?, expected: String) throws {
    let error = try withChanged { numbers, shapes in
      shapes[tensor] = shape
      numbers[tensor] = shape.map { [Float](repeating: 1, count: $0.reduce(1, *)) }
    } _: {
      try refusal($0)
    }
    let text = error?.description ?? "accepted"
    #expect(text.contains(expected), "\(text)")
    #expect(error?.remedy.isEmpty == false)
  }

  @Test func filesThatAreMissingAreNamed() throws {
    try withChanged { folder in
      let weights = "\(folder)/adapter_model.safetensors"
      try FileManager.default.removeItem(atPath: weights)
      #expect(try refusal(folder) == .noWeights(folder: folder))
      try Data([1]).write(to: URL(filePath: "\(folder)/adapter_model.bin"))
      #expect(try refusal(folder) == .pickled(folder: folder))
    }
    #expect(try refusal("/no/such")?.description.contains("/no/such/adapter_config.json") == true)
  }

  @Test(arguments: [
    "plain", "stabilised", "patterns", "stabilised-patterns", "expression", "last-layer",
  ])
  func whatIsWrittenComesBack(name: String) throws {
    let shape = try ModelSources.open("\(Golden.folder)/base").description.shape
    let adapter = try PEFTAdapter(folder: "\(Golden.folder)/\(name)").adapter(for: shape)
    try withFolder { folder in
      try PEFTAdapter.write(adapter, baseModel: "base", to: folder)
      let found = try PEFTAdapter(folder: folder).adapter(for: shape)
      for (own, other) in zip(adapter.layers, found.layers) {
        #expect(own.mapValues(\.a.scalars) == other.mapValues(\.a.scalars))
        #expect(own.mapValues(\.b.scalars) == other.mapValues(\.b.scalars))
        #expect(own.mapValues(\.scale) == other.mapValues(\.scale))
      }
    }
  }
}

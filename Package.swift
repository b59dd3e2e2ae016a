// swift-tools-version: 6.2
import PackageDescription

/// The core comes from another package, so that SwiftPM links it dynamically: host and plug-ins
/// then share one copy of every type.
let core: Target.Dependency = .product(name: "BearLabCore", package: "Core")
let testSupport: Target.Dependency = .product(name: "BearLabTestSupport", package: "TestSupport")
let swiftSettings: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A built-in plug-in: imports the core and nothing else, and holds no unsafe code.
func plugin(_ kind: String, _ name: String) -> Target {
  .target(
    name: "\(kind)\(name)", dependencies: [core], path: "Plugins/\(kind)s/\(name)",
    swiftSettings: swiftSettings + [.strictMemorySafety()])
}

/// The tests of a module, with its golden files beside them.
func tests(
  _ module: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
  .testTarget(
    name: "\(module)Tests", dependencies: [core, testSupport] + dependencies,
    path: "Tests/\(module)Tests", resources: resources, swiftSettings: swiftSettings)
}

// Remove a plug-in by deleting its folder, its line here and its line in BuiltinPlugins.swift.
let plugins: [Target] = [
  plugin("Backbone", "BIGRec"),
  plugin("Backbone", "LLaRA"),
  plugin("Backbone", "ALLMRec"),
  plugin("Objective", "SFT"),
  plugin("Objective", "MSL"),
  plugin("Objective", "BEAR"),
  plugin("Objective", "DPO"),
  plugin("Objective", "SDPOBEAR"),
  plugin("Objective", "RosePO"),
  plugin("Objective", "SPRec"),
  plugin("Objective", "BeamAware"),
  plugin("Objective", "CFT"),
  plugin("Objective", "D2LR"),
  plugin("Objective", "IGD"),
  plugin("Decoder", "ConstrainedBeam"),
  plugin("Decoder", "Beam"),
  plugin("Decoder", "Greedy"),
  plugin("Decoder", "BIGRecGrounding"),
  plugin("Sampler", "Uniform"),
  plugin("Sampler", "Popularity"),
  plugin("Sampler", "InBatch"),
  plugin("Sampler", "Hard"),
  plugin("Sampler", "Similar"),
  plugin("Sampler", "SelfPlay"),
  plugin("Decoder", "Exact"),
  plugin("Decoder", "D3"),
  plugin("Decoder", "DiverseBeam"),
  plugin("Decoder", "IGD"),
  plugin("Recommender", "Popularity"),
  plugin("Recommender", "Markov"),
  plugin("Recommender", "SASRec"),
  plugin("Recommender", "BERT4Rec"),
  plugin("Recommender", "GRU4Rec"),
  plugin("Recommender", "Caser"),
  plugin("Recommender", "DROS"),
  plugin("Recommender", "DLLM2Rec"),
  plugin("Recommender", "LLMCF"),
]

let package = Package(
  name: "bear-lab",
  products: [
    .executable(name: "bear-lab", targets: ["bear-lab"]),
    .library(name: "FixturePlugin", type: .dynamic, targets: ["FixturePlugin"]),
  ],
  dependencies: [
    .package(path: "Sources/Core"),
    .package(path: "Sources/TestSupport"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CHDF5", path: "Sources/CHDF5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(
      name: "CEdit", path: "Sources/CEdit", providers: [.apt(["libedit-dev"])]),
    .systemLibrary(
      name: "CCrypto", path: "Sources/CCrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "BearLabText", dependencies: [core, "BearLabFormats"], swiftSettings: swiftSettings),
    .target(
      name: "BearLabFormats", dependencies: [core, "CCrypto"], swiftSettings: swiftSettings),
    .target(
      name: "BearLabCheckpoint", dependencies: [core, "CHDF5", "CCrypto"],
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabData",
      dependencies: [
        core, "BearLabFormats", "CZlib", .product(name: "SwiftCSV", package: "SwiftCSV"),
        .product(name: "Yams", package: "Yams"),
      ], swiftSettings: swiftSettings),
    .target(
      name: "BearLabSentenceEncoder", dependencies: [core, "BearLabFormats", "BearLabText"],
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabPlugins", dependencies: [core, "BearLabFormats"],
      resources: [
        "backbone", "objective", "decoder", "recommender", "sampler", "metric", "dataset",
      ].map { .embedInCode("Templates/\($0).swift") }, swiftSettings: swiftSettings),
    // What `bear-lab new` writes is compiled and tested as it is.
    .target(
      name: "PluginTemplates", dependencies: [core], path: "Sources/BearLabPlugins/Templates",
      swiftSettings: swiftSettings + [.strictMemorySafety()]),
    .target(name: "BearLabEvaluation", dependencies: [core], swiftSettings: swiftSettings),
    .target(
      name: "BearLabTraining", dependencies: [core], swiftSettings: swiftSettings),
    .target(name: "BearLabStatistics", swiftSettings: swiftSettings),
    .target(
      name: "BearLabRun",
      dependencies: [
        core, "BearLabText", "BearLabFormats", "BearLabCheckpoint", "BearLabData",
        "BearLabEvaluation", "BearLabSentenceEncoder", "BearLabStatistics", "BearLabTraining",
        .product(name: "Yams", package: "Yams"),
      ] + plugins.map { .init(stringLiteral: $0.name) },
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabREPL", dependencies: [core, "BearLabRun", "CEdit"],
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabStore",
      dependencies: [
        core, "BearLabCheckpoint", "BearLabEvaluation", "BearLabFormats", "BearLabRun",
        .product(name: "GRDB", package: "GRDB.swift"),
      ], swiftSettings: swiftSettings),
    .target(
      name: "BearLabFigures",
      dependencies: [
        core, "BearLabEvaluation", "BearLabRun", .product(name: "SwiftCSV", package: "SwiftCSV"),
      ], swiftSettings: swiftSettings),
    .target(
      name: "NotebookTemplate", path: "notebooks-export/template",
      resources: [.embedInCode("cells.py")], swiftSettings: swiftSettings),
    .target(
      name: "BearLabExport",
      dependencies: [
        core, "BearLabCheckpoint", "BearLabEvaluation", "BearLabFigures", "BearLabRun",
        "NotebookTemplate", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], exclude: ["TensorBoard/tensorboard.proto"], swiftSettings: swiftSettings),
    .executableTarget(
      name: "bear-lab",
      dependencies: [
        core, "BearLabData", "BearLabExport", "BearLabFigures", "BearLabFormats", "BearLabPlugins",
        "BearLabREPL", "BearLabRun", "BearLabStore",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: swiftSettings),
    .target(
      name: "FixturePlugin", dependencies: [core], path: "Tests/Fixtures/FixturePlugin",
      swiftSettings: swiftSettings),
    tests("CBearKernels"),
    tests("BearLabTensor"),
    tests("BearLabNN"),
    tests("BearLabLanguageModel"),
    tests("BearLabTrie"),
    tests("BearLabCore"),
    tests("BearLabTestSupport"),
    tests("BearLabPlugins", ["BearLabPlugins", "PluginTemplates"]),
    tests("BearLabSequential", resources: [.copy("Golden")]),
    tests("BearLabText", ["BearLabText", "BearLabFormats"], resources: [.copy("Golden")]),
    tests("BearLabFormats", ["BearLabFormats"]),
    tests(
      "BearLabSentenceEncoder", ["BearLabSentenceEncoder", "BearLabFormats"],
      resources: [.copy("Golden")]),
    tests("BearLabCheckpoint", ["BearLabCheckpoint"]),
    tests("BearLabData", ["BearLabData"], resources: [.copy("Golden")]),
    tests("BearLabEvaluation", ["BearLabEvaluation"]),
    tests("BearLabTraining", ["BearLabTraining"]),
    tests("BearLabStatistics", ["BearLabStatistics"], resources: [.copy("Golden")]),
    tests("BackboneLLaRA", ["BackboneLLaRA"]),
    tests("BackboneALLMRec", ["BackboneALLMRec"]),
    tests("BackboneBIGRec", ["BackboneBIGRec", "BearLabText", "BearLabFormats"]),
    tests(
      "Objectives",
      [
        "ObjectiveSFT", "ObjectiveMSL", "ObjectiveBEAR", "ObjectiveDPO", "ObjectiveSDPOBEAR",
        "ObjectiveRosePO", "ObjectiveSPRec", "ObjectiveBeamAware", "ObjectiveCFT", "ObjectiveD2LR",
        "ObjectiveIGD",
      ],
      resources: [.copy("Golden")]),
    tests("DecoderConstrainedBeam", ["DecoderConstrainedBeam"]),
    tests("DecoderBeam", ["DecoderBeam", "DecoderConstrainedBeam"]),
    tests("DecoderGreedy", ["DecoderGreedy", "DecoderConstrainedBeam"]),
    tests("DecoderBIGRecGrounding", ["DecoderBIGRecGrounding"]),
    tests(
      "Samplers",
      [
        "SamplerUniform", "SamplerPopularity", "SamplerInBatch", "SamplerHard", "SamplerSimilar",
        "SamplerSelfPlay",
      ]),
    tests("DecoderExact", ["DecoderExact"]),
    tests("DecoderD3", ["DecoderD3", "DecoderConstrainedBeam"]),
    tests("DecoderDiverseBeam", ["DecoderDiverseBeam", "DecoderConstrainedBeam"]),
    tests("DecoderIGD", ["DecoderIGD", "DecoderConstrainedBeam"]),
    tests("RecommenderPopularity", ["RecommenderPopularity", "BearLabData", "BearLabEvaluation"]),
    tests("RecommenderMarkov", ["RecommenderMarkov"]),
    tests("RecommenderSASRec", ["RecommenderSASRec"], resources: [.copy("Golden")]),
    tests("RecommenderBERT4Rec", ["RecommenderBERT4Rec"], resources: [.copy("Golden")]),
    tests("RecommenderDROS", ["RecommenderDROS", "RecommenderGRU4Rec", "RecommenderCaser"]),
    tests("RecommenderDLLM2Rec", ["RecommenderDLLM2Rec", "RecommenderSASRec"]),
    tests("RecommenderLLMCF", ["RecommenderLLMCF"]),
    tests("BearLabFigures", ["BearLabFigures", "BearLabRun"]),
    tests(
      "BearLabExport",
      [
        "BearLabCheckpoint", "BearLabEvaluation", "BearLabExport", "BearLabFigures", "BearLabRun",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    tests(
      "BearLabRun",
      ["BearLabRun", "BearLabCheckpoint", "BearLabEvaluation", "BearLabStatistics"],
      resources: [.copy("Golden")]),
    tests(
      "BearLabStore",
      [
        "BearLabStore", "BearLabCheckpoint", "BearLabEvaluation", "BearLabRun",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    // Reads mutated files in a process of its own, which may crash.
    .executableTarget(
      name: "FuzzRunner",
      dependencies: [
        core, testSupport, "BearLabCheckpoint", "BearLabData", "BearLabFormats", "BearLabRun",
        "BearLabSentenceEncoder", "BearLabText",
      ], path: "Tests/FuzzRunner", swiftSettings: swiftSettings),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzRunner"], path: "Tests/FuzzTests",
      swiftSettings: swiftSettings),
    tests("Invariance", ["BearLabRun", "BearLabTraining"]),
    tests("BearLabREPL", ["BearLabREPL", "BearLabRun"]),
    tests("CommandLine", ["bear-lab"], resources: [.copy("Snapshots")]),
    tests("Adapter", ["BearLabFormats", "BearLabRun"], resources: [.copy("Golden")]),
  ] + plugins,
  swiftLanguageModes: [.v6]
)

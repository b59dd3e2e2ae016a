// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// Everything that a plug-in may import, as one dynamic library: linked statically into both a host
// and a plug-in there would be two copies of every type, and `as?` would fail without a word.
let package = Package(
  name: "Core",
  products: [
    .library(
      name: "BearLabCore", type: .dynamic,
      targets: [
        "BearLabCore", "BearLabErrors", "BearLabLanguageModel", "BearLabNN", "BearLabSequential",
        "BearLabTensor", "BearLabTrie", "CBearKernels", "CBearLabABI",
      ])
  ],
  targets: [
    .target(name: "CBearLabABI", path: "CBearLabABI"),
    .systemLibrary(
      name: "COpenBLAS", path: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    // oneDNN 2.6 has no pkg-config file; the module map names the library.
    .systemLibrary(name: "COneDNN", path: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .target(
      name: "CBearKernels", path: "CBearKernels",
      linkerSettings: [.linkedLibrary("m")]),
    .target(
      name: "BearLabErrors", path: "BearLabErrors",
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabTensor",
      dependencies: ["BearLabErrors", "CBearKernels", "COneDNN", "COpenBLAS"],
      path: "BearLabTensor",
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabNN", dependencies: ["BearLabErrors", "BearLabTensor"], path: "BearLabNN",
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabLanguageModel",
      dependencies: ["BearLabErrors", "BearLabNN", "BearLabTensor"],
      path: "BearLabLanguageModel",
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabTrie", dependencies: ["BearLabErrors"], path: "BearLabTrie",
      swiftSettings: swiftSettings),
    .target(
      name: "BearLabCore",
      dependencies: [
        "BearLabErrors", "BearLabLanguageModel", "BearLabNN", "BearLabTensor", "BearLabTrie",
        "CBearLabABI",
      ],
      path: "BearLabCore",
      swiftSettings: swiftSettings),
    // What the sequential recommenders share.
    .target(
      name: "BearLabSequential",
      dependencies: ["BearLabCore", "BearLabErrors", "BearLabNN", "BearLabTensor"],
      path: "BearLabSequential",
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)

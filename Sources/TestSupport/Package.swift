// swift-tools-version: 6.2
import PackageDescription

// A package of its own: as a target of Core it would link a second copy of the core statically.
let package = Package(
  name: "TestSupport",
  // Dynamic, as the core: the tests of a plug-in link what was built with bear-lab.
  products: [
    .library(name: "BearLabTestSupport", type: .dynamic, targets: ["BearLabTestSupport"])
  ],
  dependencies: [.package(path: "../Core")],
  targets: [
    .target(
      name: "BearLabTestSupport", dependencies: [.product(name: "BearLabCore", package: "Core")],
      swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6]
)

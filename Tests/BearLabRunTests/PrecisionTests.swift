import BearLabTensor
import BearLabTestSupport
import Foundation
import Testing

@testable import BearLabRun

/// From a run's description to its model, on machines with and without bf16.
@Suite struct PrecisionTests {
  @Test func autoIsTheFastestThereIs() throws {
    let automatic = try describe([])
    #expect(try automatic.precision == nil)
    #expect(try automatic.resolvingPrecision(among: [.f32]).precision == .f32)
    #expect(try automatic.resolvingPrecision(among: [.f32, .bf16]).precision == .bf16)
    let set = try describe(["precision=f32"])
    #expect(try set.resolvingPrecision(among: [.f32, .bf16]).precision == .f32)
    #expect(throws: (any Error).self) { _ = try describe(["precision=f16"]) }
  }

  /// What is resolved differs in nothing else.
  @Test func theChoiceIsWritten() throws {
    let automatic = try describe(["training.epochs=3"])
    let resolved = try automatic.resolvingPrecision(among: [.f32, .bf16]).yaml()
    #expect(try automatic.yaml().contains("\nprecision: auto\n"))
    #expect(
      try automatic.yaml().replacing("precision: auto", with: "precision: bf16") == resolved)
  }

  @Test func whatTheMachineLacksIsRefusedWithARemedy() throws {
    let wanted = try describe(["precision=bf16"])
    let error = try #require(throws: ComputeError.self) {
      _ = try wanted.resolvingPrecision(among: [.f32])
    }
    #expect(error.description.hasSuffix("has no products in bf16"))
    #expect(error.remedy.hasPrefix("give --precision f32; a run that began in bf16 can be"))
  }

  @Test func portableCodeHasNoBF16() throws {
    try withCompute(instructionSet: "portable") {
      #expect(Precision.available == [.f32] && Precision.best == .f32)
      #expect(throws: (any Error).self) { try Precision.bf16.require() }
    }
    #expect(Precision.available.first == .f32)
  }

  @Test func theModelHasTheRunsPrecision() throws {
    try withTinyCache { cache in
      let experiment = try tinyExperiment(["precision=auto"], cache: cache, precisions: [.f32])
      #expect(experiment.loaded.model.precision == .f32)
      #expect(try experiment.description.precision == .f32)
    }
  }

  /// A run whose run.yaml asks for bf16, continued where there is none.
  @Test func aRunThatBeganInAnotherPrecisionIsRefused() throws {
    try withCompute {
      try withTinyCache { cache in
        let folder = try RunFolder(creating: "\(cache)/run")
        _ = try Runner(tinyExperiment(["training.samples=8"], cache: cache), in: folder) { _ in }
        let text = try folder.readDescription()
        #expect(text.contains("\nprecision: f32\n"))
        let moved = try RunDescription(
          RunDescription.assignments(
            yaml: text.replacing("precision: f32", with: "precision: bf16"), path: "run.yaml"),
          registry: .builtin())
        let error = try #require(throws: ComputeError.self) {
          _ = try Experiment(
            moved, registry: .builtin(), resources: ResourceLocator(cache: cache),
            precisions: [.f32])
        }
        #expect(error.description.contains("no products in bf16"))
      }
    }
  }
}

import BearLabLanguageModel
import BearLabNN
import BearLabTensor
import BearLabTestSupport
import Testing

@testable import BearLabRun

/// A factor that is not as it was exported is found, even one whose shape says nothing.
@Suite struct ExportProbeTests {
  private let tiny: TinyModel
  private let adapter: LoRAAdapter
  private let probe: ExportProbe

  init() throws {
    tiny = try TinyModel(seed: 3)
    // As many as the width: A and B of q_proj and o_proj are square.
    adapter = tiny.makeAdapter(rank: 24, alpha: 12)
    probe = try ExportProbe(of: tiny.model, adapter: adapter)
  }

  /// The adapter with one pair replaced.
  private func changed(
    _ projection: Projection, _ change: (LoRAPair) -> LoRAPair
  ) -> LoRAAdapter {
    var layers = adapter.layers
    layers[1][projection] = layers[1][projection].map(change)
    return LoRAAdapter(settings: adapter.settings, layers: layers)
  }

  private func transposed(_ tensor: Tensor) -> Tensor {
    let (numbers, size) = (tensor.scalars, tensor.shape[0])
    return Tensor(
      (0..<numbers.count).map { numbers[$0 % size * size + $0 / size] }, shape: tensor.shape)
  }

  @Test func whatIsTheSamePasses() throws {
    try probe.check(adapter, folder: "f")
    try probe.check(tiny.model, adapter: adapter, folder: "f")
    try withFolder { folder in
      try probe.write(to: folder)
      #expect(try ExportProbe(in: folder) == probe)
    }
  }

  @Test func aTransposedFactorIsFound() {
    for projection in [Projection.query, .output] {
      for other in [
        changed(projection) { LoRAPair(a: transposed($0.a), b: $0.b, scale: $0.scale) },
        changed(projection) { LoRAPair(a: $0.a, b: transposed($0.b), scale: $0.scale) },
      ] {
        let error = #expect(throws: ExportProbeError.self) { try probe.check(other, folder: "f") }
        #expect(
          error?.description.contains("model.layers.1.self_attn.\(projection.rawValue)") == true)
        #expect(throws: ExportProbeError.self) {
          try probe.check(tiny.model, adapter: other, folder: "f")
        }
      }
    }
  }

  /// alpha / √rank taken for alpha / rank, a percent too much, and a pair that is left out.
  @Test(arguments: [4.899, 1.01, 0])
  func aWrongScaleIsFound(factor: Float) {
    let other = changed(.up) { LoRAPair(a: $0.a, b: $0.b, scale: $0.scale * factor) }
    #expect(throws: ExportProbeError.self) { try probe.check(other, folder: "f") }
    var layers = adapter.layers
    layers[2][.down] = nil
    let fewer = LoRAAdapter(settings: adapter.settings, layers: layers)
    #expect(throws: ExportProbeError.self) { try probe.check(fewer, folder: "f") }
  }

  @Test func anotherBaseModelIsFound() throws {
    let other = try TinyModel(seed: 4)
    let error = #expect(throws: ExportProbeError.self) {
      try probe.check(other.model, adapter: adapter, folder: "f")
    }
    #expect(error?.description.contains("the base model or the weights are others") == true)
  }
}

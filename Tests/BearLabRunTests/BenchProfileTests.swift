import BearLabCore
@testable import BearLabTensor
import BearLabTestSupport
import Testing

@testable import BearLabRun

/// The account of where a bench's time went.
@Suite struct BenchProfileTests {
  private let batches = [2.0, 3.0].map {
    BenchReport.Batch(rows: 1, seconds: $0, tokens: 1, computedTokens: 1)
  }

  /// Two threads for five seconds: what no operation counted is waiting.
  @Test func whatIsMissingIsWaiting() throws {
    let profile = BenchProfile(
      [
        .init(operation: .products, direction: .forward, seconds: 4),
        .init(operation: .products, direction: .backward, seconds: 3),
        .init(operation: .attention, direction: .forward, seconds: 0.5),
        .init(operation: .lowRank, direction: .forward, seconds: 0.5),
        .init(operation: .head, direction: .forward, seconds: 0),
      ], batches: batches, threads: 2)
    #expect(abs(profile.share(of: .products) - 0.7) < 1e-12)
    let values = profile.values.mapValues(\.description)
    #expect(
      values == [
        "profile_products_with_frozen_weights_forward": "0.4",
        "profile_products_with_frozen_weights_backward": "0.3",
        "profile_attention_forward": "0.05",
        "profile_products_of_LoRA_forward": "0.05", "profile_all_else_and_waiting": "0.2",
      ])
    #expect(
      profile.text.hasSuffix(
        "matrix products: 75.0 %, those with frozen weights alone 70.0 %"))
    #expect(!profile.text.contains("head "))
  }

  /// A pass through the tiny model is counted, forwards and backwards, and nothing afterwards.
  @Test func aBenchCountsBothDirections() throws {
    try withTinyCache { cache in
      var bench = Bench(
        try tinyExperiment(cache: cache),
        settings: try ParameterValues(["steps": .integer(1)], for: Bench.parameters, owner: "bench")
      )
      bench.profiles = true
      let values = try #require(try bench.train().profile).values
      for name in ["products_with_frozen_weights", "attention", "products_of_LoRA", "SwiGLU"] {
        #expect(values["profile_\(name)_forward"] != nil, "\(name)")
        #expect(values["profile_\(name)_backward"] != nil, "\(name)")
      }
    }
  }
}

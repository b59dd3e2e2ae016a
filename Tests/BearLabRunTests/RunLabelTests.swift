import Testing

@testable import BearLabRun

/// What legends call runs.
@Suite struct RunLabelTests {
  @Test(arguments: [
    (["book-sft-seed-42", "book-s-dpo-seed-42"], ["sft", "s-dpo"]),
    (["m-bear-lambda-0.1-xi-2", "m-bear-lambda-5-xi-2"], ["lambda-0.1", "lambda-5"]),
    (["sft-seed-1", "sft-seed-2"], ["seed-1", "seed-2"]),
    (["msl", "bear"], ["msl", "bear"]), (["a-1", "a-1-b"], ["a-1", "a-1-b"]),
    (["same", "same"], ["same", "same"]), (["book-sft-seed-42"], ["book-sft-seed-42"]),
    (["x/seed-1", "y/seed-1"], ["x/seed-1", "y/seed-1"]), ([], []),
  ])
  func labelsTellNamesApart(names: [String], labels: [String]) {
    #expect(RunLog.distinctive(names) == labels)
  }
}

import BearLabCore
import BearLabRun
import Foundation
import Testing

/// Descriptions of a run that take a parser of all of YAML minutes, gigabytes or all of the stack.
@Suite struct HostileYAMLTests {
  @Test(arguments: [
    ("seed: " + String(repeating: "[", count: 60_000), "line 1: "),
    (String(repeating: "- ", count: 30_000), "line 1: "),
    (String(repeating: "? ", count: 30_000), "line 1: "),
    ("x: " + String(repeating: "{a: ", count: 10_000), "line 1: "),
    ("# " + String(repeating: "x", count: 70_000), "more than 65536"),
    (bomb { "b\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }, "line 6: more than 8 aliases"),
    (bomb { "? &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n: x\n" }, "line 10: more than 8 aliases"),
    ("a: 1\n---\nb: 2", "expected a single document"), ("a:\tb\n\tc: d", "line 2: "),
    ("a: *b", "found undefined alias"), ("a: !!binary [x", "line 1: "),
    ("a: \"\\ud800\"", "line 1: "), ("a: \0", "line 1: "),
  ])
  func hostileFilesAreRefusedAtOnce(text: String, reason: String) throws {
    let error = try #require(throws: RunDescriptionError.self) {
      _ = try RunDescription.assignments(yaml: text, path: "my.yaml")
    }
    #expect(error.description.contains(reason), "\(error.description)")
    #expect(error.description.count < 500)
  }

  /// Lists of lists of lists, thirty levels of them: 2^30 elements.
  private static func bomb(_ level: (Int) -> String) -> String {
    "x: &a0 [y, y]\n" + (1...30).map(level).joined()
  }

  @Test func aliasesAndDepthThatDoNoHarmAreRead() throws {
    let text = "seed: &s 3\nthreads: *s\nrecord: "
    let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    let assignments = try RunDescription.assignments(yaml: text + deep, path: "my.yaml")
    #expect(
      assignments == [
        .init(section: "", name: "seed", text: "3"), .init(section: "", name: "threads", text: "3"),
      ])
  }

  @Test func aFileThatIsNotThereIsNamed() throws {
    let error = try #require(throws: (any Error).self) {
      _ = try RunDescription.assignments(yamlFile: "/no/such/run.yaml")
    }
    let text = (error as? any BearLabError)?.description
    #expect(text == "/no/such/run.yaml: cannot be opened: No such file or directory")
  }
}

import BearLabTestSupport
import Foundation
import Testing

/// What a call of the program gave.
struct Outcome {
  let status: Int32
  let output: String
  let errors: String
}

/// The program that `swift test` builds beside the tests.
func programPath() throws -> String {
  let tests = try #require(Bundle.main.executableURL)
  let program = tests.deletingLastPathComponent().appending(path: "bear-lab").path
  try #require(FileManager.default.fileExists(atPath: program), "\(program) was not built")
  return program
}

/// Runs `bear-lab`.
///
/// `cache` is the folder of models and data sets, of which there are none by default;
/// `environment` replaces variables of this process; it works in an empty folder, or in `directory`;
/// `input` is the file of its standard input, of which there is none by default; `whileRunning` is
/// called with the process, to send it a signal for example.
func bearLab(
  _ arguments: [String], cache: String = "no/such/cache", environment: [String: String] = [:],
  in directory: String? = nil, input: String? = nil,
  whileRunning: (Process) throws -> Void = { _ in }
) throws -> Outcome {
  // Files and not pipes: a full pipe would stop the program.
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "bear-lab-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let (output, errors) = (folder.appending(path: "output"), folder.appending(path: "errors"))
  for file in [output, errors] { try Data().write(to: file) }
  let process = Process()
  process.executableURL = URL(filePath: try programPath())
  process.arguments = arguments
  process.currentDirectoryURL = directory.map { URL(filePath: $0) } ?? folder
  process.standardInput =
    try input.map { try FileHandle(forReadingFrom: URL(filePath: $0)) } ?? FileHandle.nullDevice
  process.standardOutput = try FileHandle(forWritingTo: output)
  process.standardError = try FileHandle(forWritingTo: errors)
  process.environment = ProcessInfo.processInfo.environment
    .merging(["COLUMNS": "80", "BEAR_LAB_ISA": "", "BEAR_LAB_CACHE": cache]) { $1 }
    .merging(environment) { $1 }
  try process.run()
  try whileRunning(process)
  process.waitUntilExit()
  return Outcome(
    status: process.terminationStatus,
    output: try String(contentsOf: output, encoding: .utf8),
    errors: try String(contentsOf: errors, encoding: .utf8))
}

/// The settings of a tiny run that takes less than a second.
let tinyRun = [
  "--dataset", "tiny", "--model", "tiny", "--epochs", "1", "--train-samples", "32",
  "--eval-users", "12", "--threads", "1", "--precision", "f32", "--set",
  "lora.targets=q_proj,v_proj",
]

/// Compares a text with the file `name` in Snapshots, line ends and indentation aside.
///
/// With BEAR_LAB_RECORD set, the text is written there instead.
func expectSnapshot(_ name: String, _ text: String) throws {
  let file = "\(name).txt"
  if ProcessInfo.processInfo.environment["BEAR_LAB_RECORD"] != nil {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots")
    try Data(text.utf8).write(to: folder.appending(path: file))
    return
  }
  let folder = try #require(Bundle.module.resourceURL).appending(path: "Snapshots")
  let expected = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
  #expect(words(of: text) == words(of: expected), "\(name) is now:\n\(text)")
}

private func words(of text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }

/// Waits until a run has a checkpoint of a step or of a later one, as earlier ones are removed; or
/// until it has ended.
func waitForCheckpoint(ofStep step: Int, in folder: String, of process: Process) {
  func isThere() -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.contains { name in
      let number = name.wholeMatch(of: /checkpoint-step-(\d+)\.h5/)?.1
      return number.flatMap { Int($0) } ?? -1 >= step
    }
  }
  while !isThere(), process.isRunning { usleep(1000) }
}

import Foundation
import Testing

/// Whether Python with h5py is there; it is not required.
private let hasPython = python("import h5py").status == 0

@Suite struct PythonTests {
  @Test(.enabled(if: hasPython, "python3 has no h5py"))
  func h5pyReadsACheckpoint() throws {
    try withFolder { folder in
      let path = folder + "/run.h5"
      try sample.write(to: path)
      let script = """
        import h5py, sys
        with h5py.File(sys.argv[1], "r") as f:
            print(f.userblock_size)
            names = []
            f.visititems(lambda n, o: names.append(n) if isinstance(o, h5py.Dataset) else None)
            for name in sorted(names):
                print(name, f[name].dtype, f[name].shape, f[name][()].tolist())
            for name in sorted(f.attrs):
                print(name, repr(f.attrs[name].item() if name in ("step", "objective/tau") else f.attrs[name]))
        """
      let (status, output) = python(script, path)
      #expect(status == 0)
      #expect(
        output == """
          512
          lora/model.layers.0/q_proj/A float32 (2, 3) [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
          lora/model.layers.0/q_proj/B float32 (3, 2) [[6.0, 5.0], [4.0, 3.0], [2.0, 1.0]]
          no-columns float32 (3, 0) [[], [], []]
          none float32 (0,) []
          optimizer/first-moment/0 float32 (1, 1, 1, 1) [[[[-0.5]]]]
          scalar float32 () 42.0
          empty ''
          name 'Amélie 🐻\\n'
          objective/tau 0.1
          step -7

          """)
    }
  }
}

private func python(_ script: String, _ arguments: String...) -> (status: Int32, output: String) {
  let process = Process()
  let output = Pipe()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-X", "utf8", "-c", script] + arguments
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return (-1, "") }
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

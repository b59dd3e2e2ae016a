internal import Foundation

/// Where the default model lies: in the cache, as the command line has it.
///
/// Nil, with a message, where it is absent: tests of it then have nothing to do.
public var defaultModelPath: String? {
  cached("models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf", what: "model")
}

/// The folder of the default sentence encoder, or nil with a message.
public var defaultEncoderPath: String? {
  cached("encoders/minilm-l6", what: "sentence encoder")
}

private func cached(_ name: String, what: String) -> String? {
  let environment = ProcessInfo.processInfo.environment
  let home = FileManager.default.homeDirectoryForCurrentUser.path
  let cache = environment["BEAR_LAB_CACHE"] ?? "\(home)/.cache/bear-lab"
  let path = "\(cache)/\(name)"
  guard FileManager.default.fileExists(atPath: path) else {
    print("skipped: no \(what) at \(path)")
    return nil
  }
  return path
}

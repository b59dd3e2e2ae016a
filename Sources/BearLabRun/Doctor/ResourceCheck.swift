internal import BearLabCore
internal import BearLabData
internal import BearLabFormats
internal import BearLabSentenceEncoder
internal import Foundation

/// Finds, hashes and loads the model, the data set and the encoder of a run, to see whether it can
/// be done.
struct ResourceCheck {
  let resources: ResourceLocator
  let registry: PluginRegistry

  /// Looks at a model; nil for the default run's.
  func model(
    _ given: String?, _ findings: inout [DoctorReport.Finding]
  ) -> DoctorReport.Resource {
    let name = given ?? Self.defaultName("model")
    var files: [DoctorReport.ResourceFile] = []
    do {
      let path = try resources.model(name)
      // Before it is loaded: the hashes tell which file does not load.
      files = try ModelSources.files(of: path).map { file in
        Self.file(file, hash: try FileHash.sha256(path: file))
      }
      _ = try LoadedModel(path: path)
      return DoctorReport.Resource(kind: "model", name: name, loads: true, files: files)
    } catch {
      findings.append(finding(error, kind: "model", name: name))
      return DoctorReport.Resource(kind: "model", name: name, loads: false, files: files)
    }
  }

  /// Looks at a data set; nil for the default run's.
  func dataset(
    _ given: String?, _ findings: inout [DoctorReport.Finding]
  ) -> DoctorReport.Resource {
    let name = given ?? Self.defaultName("dataset")
    do {
      let folder = try resources.dataset(name)
      let dataset = try DatasetLoader.load(folder: folder, registry: registry) { path in
        try FileHash.sha256(path: path)
      }
      // What is made up has a hash, and no file.
      let hashes = SyntheticSource.isName(folder) ? [:] : dataset.fileHashes
      let files = hashes.sorted { $0.key < $1.key }.map { file, hash in
        Self.file("\(folder)/\(file)", hash: hash)
      }
      return DoctorReport.Resource(kind: "data set", name: name, loads: true, files: files)
    } catch {
      findings.append(finding(error, kind: "dataset", name: name))
      return DoctorReport.Resource(kind: "data set", name: name, loads: false, files: [])
    }
  }

  /// Looks at the default sentence encoder; nil where it is not in the cache, as few runs need it.
  func encoder(_ findings: inout [DoctorReport.Finding]) -> DoctorReport.Resource? {
    let name = "minilm-l6"
    guard let folder = try? resources.encoder(name) else { return nil }
    var files: [DoctorReport.ResourceFile] = []
    var loads = true
    do {
      let path = "\(folder)/model.safetensors"
      files = [Self.file(path, hash: try FileHash.sha256(path: path))]
      _ = try BERTSentenceEncoder(folder: folder)
    } catch {
      loads = false
      let problem = DoctorReport.Finding(error, remedy: "run scripts/fetch \(name)")
      findings.append(.init(severity: .warning, text: problem.text, remedy: problem.remedy))
    }
    return DoctorReport.Resource(
      kind: ResourceLocator.encoderKind, name: name, loads: loads, files: files)
  }

  /// What keeps a resource from loading; what the default run needs can be fetched.
  private func finding(
    _ error: any Error, kind: String, name: String
  ) -> DoctorReport.Finding {
    let isMissing =
      switch error as? ResourceError {
      case .notFound, .noModelFile: true
      default: false
      }
    let canBeFetched = isMissing && name == Self.defaultName(kind)
    return DoctorReport.Finding(error, remedy: canBeFetched ? "run scripts/fetch \(name)" : nil)
  }

  private static func defaultName(_ setting: String) -> String {
    RunSections.general.first { $0.name == setting }?.defaultValue.description ?? ""
  }

  private static func file(_ path: String, hash: String) -> DoctorReport.ResourceFile {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let bytes = (attributes?[.size] as? NSNumber)?.intValue
    return DoctorReport.ResourceFile(path: path, bytes: bytes ?? 0, sha256: hash)
  }
}

public import BearLabErrors

/// Why a package gives no plug-in.
public enum PluginPackageError: BearLabError, Equatable {
  case absent(path: String)
  case notAPackage(path: String)
  case noManifest(path: String, output: String)
  case noDynamicLibrary(path: String, products: [String])
  case notBuilt(path: String, output: String)
  case noSwift
  case noToolkit(program: String, missing: String)
  case file(path: String, reason: String)

  public var description: String {
    switch self {
    case .absent(let path): "there is no plug-in at \(path)"
    case .notAPackage(let path): "\(path) is no package: it holds no Package.swift"
    case .noManifest(let path, let output): "\(path)/Package.swift cannot be read:\n\(output)"
    case .noDynamicLibrary(let path, let products):
      "the package at \(path) has no dynamic library among its products: "
        + (products.isEmpty ? "it has none" : products.joined(separator: ", "))
    case .notBuilt(let path, let output): "the package at \(path) does not build:\n\(output)"
    case .noSwift: "swift is not on the PATH, and a plug-in has to be built"
    case .noToolkit(let program, let missing):
      "\(program) is not where it was built: there is no \(missing)"
    case .file(let path, let reason): "\(path): \(reason)"
    }
  }

  public var remedy: String {
    switch self {
    case .absent:
      "give the folder of its package or its .so file; --plugin NEW/PLACE takes the place of a "
        + "plug-in of the same name that a run has recorded"
    case .notAPackage: "give the folder that `bear-lab new` has written, or a .so file"
    case .noManifest: "compare it with that of a fresh `bear-lab new objective NAME`"
    case .noDynamicLibrary:
      "let products have .library(name: \"Mine\", type: .dynamic, targets: [\"Mine\"])"
    case .notBuilt: "correct what the compiler says"
    case .noSwift: "install Swift, see https://www.swift.org/install, or give a .so file"
    case .noToolkit: "run scripts/bear-lab of the repository, or the program in its build folder"
    case .file: "check the path, its permissions and the space on the disk"
    }
  }
}

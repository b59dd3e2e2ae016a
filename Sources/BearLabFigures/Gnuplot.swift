public import Foundation

/// Draws figures with gnuplot.
public struct Gnuplot: Sendable {
  /// What a picture is written as.
  public enum Format: String, CaseIterable, Sendable {
    case svg
    /// At twice the size of the SVG, for screens with small pixels.
    case png

    /// The format that a file's name ends in.
    ///
    /// - Throws: ``FigureError/unknownFormat(path:)``.
    public init(path: String) throws(FigureError) {
      let ending = URL(filePath: path).pathExtension.lowercased()
      guard let format = Self(rawValue: ending) else { throw .unknownFormat(path: path) }
      self = format
    }
  }

  private let program: String

  /// Takes the program, found on the PATH.
  public init(program: String = "gnuplot") { self.program = program }

  /// Draws a figure.
  ///
  /// - Returns: the bytes of the picture.
  /// - Throws: ``FigureError/noGnuplot(program:)``, ``FigureError/gnuplotFailed(status:message:)``.
  public func render(_ figure: Figure, as format: Format) throws -> Data {
    // Files and not pipes: a program that ends early would take this one with it.
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bear-lab-figure-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (input, picture) = (folder.appending(path: "script"), folder.appending(path: "picture"))
    let errors = folder.appending(path: "errors")
    try Data(GnuplotScript(figure, format: format).text.utf8).write(to: input)
    for file in [picture, errors] { try Data().write(to: file) }
    let status = try run(input: input, output: picture, errors: errors)
    let message = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
    // 127 is what env says of a program that is not there.
    if status == 127 { throw FigureError.noGnuplot(program: program) }
    let data = try Data(contentsOf: picture)
    guard status == 0, !data.isEmpty else {
      throw FigureError.gnuplotFailed(status: status, message: message)
    }
    return format == .svg ? Self.withWeights(data) : data
  }

  /// gnuplot takes `:Bold` for a family of fonts in SVG, and for a weight elsewhere.
  private static func withWeights(_ svg: Data) -> Data {
    let text = String(decoding: svg, as: UTF8.self)
    return Data(
      text.replacing(
        #"font-family=":Bold""#, with: "font-family=\"\(fonts)\" font-weight=\"bold\""
      ).utf8)
  }

  /// The families of fonts of an SVG, the first that there is.
  static let fonts = "DejaVu Sans,Helvetica,Arial,sans-serif"

  private func run(input: URL, output: URL, errors: URL) throws -> Int {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    // -d: without what a user has set for plots of their own.
    process.arguments = [program, "-d"]
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return Int(process.terminationStatus)
  }

  /// Draws a figure into a file, in the format that its name ends in.
  ///
  /// - Throws: ``FigureError``.
  public func write(_ figure: Figure, to path: String) throws {
    let data = try render(figure, as: Format(path: path))
    do {
      try data.write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw FigureError.notWritable(path: path, reason: error.localizedDescription)
    }
  }
}

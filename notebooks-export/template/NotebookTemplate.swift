/// The cells that exported notebooks are made of: `cells.py` beside this file, in the percent
/// format.
public enum NotebookTemplate {
  /// The text of the file.
  public static let text = String(decoding: PackageResources.cells_py, as: UTF8.self)
}

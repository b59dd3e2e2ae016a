/// An error that a user can act on.
///
/// `description` says what went wrong, where, and the value seen; `remedy` is an instruction that
/// says what would be accepted.
public protocol BearLabError: Error, CustomStringConvertible {
  /// What the reader can do about it, as an instruction.
  var remedy: String { get }
}

internal import Foundation

/// What the system says of a failure, such as "No space left on device": Foundation hides its words
/// below ones of its own, which may tell no more than a number.
func systemReason(of error: any Error) -> String {
  let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey]
  // An NSError or a POSIXError, by where it comes from.
  let code =
    (underlying as? POSIXError).map { Int($0.code.rawValue) }
    ?? (underlying as? NSError).flatMap { $0.domain == NSPOSIXErrorDomain ? $0.code : nil }
  return code.map { String(cString: strerror(Int32($0))) } ?? error.localizedDescription
}

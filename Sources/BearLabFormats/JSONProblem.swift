internal import BearLabCore
internal import Foundation

/// What a JSON decoder did not like, and where, on one short line.
package func jsonProblem(_ error: any Error) -> String {
  func place(_ path: [any CodingKey]) -> String {
    excerpt(of: path.map(\.stringValue).joined(separator: "."))
  }
  switch error as? DecodingError {
  case .keyNotFound(let key, let context):
    return "key \(place(context.codingPath + [key])) is missing"
  case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
    let place = place(context.codingPath)
    return (place.isEmpty ? "" : "key \(place): ") + excerpt(of: context.debugDescription)
  default: return "it is no JSON"
  }
}

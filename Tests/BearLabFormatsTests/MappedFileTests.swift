import BearLabFormats
import Foundation
import Testing

struct MappedFileTests {
  @Test func readsIntegersAtAnyOffset() throws {
    try withFile([1, 2, 3, 4, 5]) { path in
      let file = try MappedFile(path: path)
      #expect(file.byteCount == 5)
      #expect(try file.integer(UInt32.self, at: 1) == 0x0504_0302)
      #expect(try file.bytes(at: 5, count: 0).isEmpty)
      #expect(try file.bytes(at: 3, count: 2) == [4, 5])
    }
  }

  @Test(arguments: [(2, 4), (-1, 1), (6, 0), (0, -1), (1, Int.max), (Int.max, 1)])
  func refusesWhatLiesOutside(offset: Int, count: Int) throws {
    try withFile([1, 2, 3, 4, 5]) { path in
      let file = try MappedFile(path: path)
      let expected = FileError.outOfBounds(
        path: path, offset: offset, count: count, byteCount: 5)
      #expect(throws: expected) { try file.bytes(at: offset, count: count) }
    }
  }

  @Test func refusesMissingAndEmptyFilesAndFolders() throws {
    let folder = FileManager.default.temporaryDirectory.path
    #expect(throws: FileError.notAFile(path: folder)) { try MappedFile(path: folder) }
    let missing = "\(folder)/\(UUID().uuidString)"
    let error = #expect(throws: FileError.self) { try MappedFile(path: missing) }
    #expect(error?.description.contains("No such file") == true)
    try withFile([]) { path in
      #expect(throws: FileError.empty(path: path)) { try MappedFile(path: path) }
    }
  }

  /// The examples of FIPS 180-2, appendix B, the last one a million letters.
  @Test(arguments: [
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ])
  func sha256OfTheStandardsExamples(text: String, copies: Int, digest: String) throws {
    let bytes = Array(String(repeating: text, count: copies).utf8)
    #expect(try withFile(bytes) { try FileHash.sha256(path: $0) } == digest)
  }

  /// Longer than what is hashed at a time.
  @Test func sha256OfSeveralChunks() throws {
    let digest = try withFile([UInt8](repeating: 0, count: (1 << 24) + 1)) { path in
      try FileHash.sha256(path: path)
    }
    #expect(digest == "1003b1b5dc078189799a1216ce0f9fbcebb94e8b6b83c58c4b03345f07f94ced")
  }
}

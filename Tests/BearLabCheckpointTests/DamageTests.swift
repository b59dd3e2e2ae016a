@testable import BearLabCheckpoint
import Foundation
import Glibc
import Testing

@Suite struct DamageTests {
  @Test func everyChangedByteIsSeen() throws {
    try withFolder { folder in
      let path = folder + "/run.h5"
      try sample.write(to: path)
      let intact = try bytes(of: path)
      let places = Array(stride(from: 0, to: intact.count, by: 97)) + [500, intact.count - 1]
      for place in places {
        var changed = intact
        changed[place] ^= 1
        try write(changed, to: path)
        let error = #expect(throws: CheckpointError.self) {
          try CheckpointFile(readingFrom: path)
        }
        #expect(
          error == .damaged(path: path) || error == .notACheckpoint(path: path), "byte \(place)")
      }
    }
  }

  @Test func aCutFileIsSeen() throws {
    try withFolder { folder in
      let path = folder + "/run.h5"
      try sample.write(to: path)
      let intact = try bytes(of: path)
      for count in [22, 23, 511, 512, 513, intact.count / 2, intact.count - 1] {
        try write(intact.prefix(count), to: path)
        #expect(throws: CheckpointError.damaged(path: path), "\(count) bytes") {
          try CheckpointFile(readingFrom: path)
        }
      }
      try write(intact + [0], to: path)
      #expect(throws: CheckpointError.damaged(path: path)) {
        try CheckpointFile(readingFrom: path)
      }
    }
  }

  @Test func otherFilesAreNoCheckpoints() throws {
    try withFolder { folder in
      let path = folder + "/other"
      let hdf5 = try HDF5Image.encode(sample)
      let others: [[UInt8]] = [[], Array("hello".utf8), hdf5, Array(hdf5.dropFirst(512))]
      for other in others {
        try write(other, to: path)
        #expect(throws: CheckpointError.notACheckpoint(path: path)) {
          try CheckpointFile(readingFrom: path)
        }
      }
    }
  }

  /// As a file with a right hash would, whose content another program made.
  @Test func theReaderSaysWhatIsWrong() throws {
    let intact = try HDF5Image.encode(sample)
    #expect(try HDF5Image.decode(intact) == sample)
    func reason(_ bytes: [UInt8]) -> String? {
      #expect(throws: Failure.self) { try HDF5Image.decode(bytes) }?.reason
    }
    #expect(reason(Array("bear-lab".utf8))?.contains("lie outside") == true)
    #expect(reason(Array(intact.prefix(700)))?.contains("lie outside") == true)
    func changed(_ signature: String, at offset: Int, to new: [UInt8]) throws -> [UInt8] {
      let place = try #require(Data(intact).range(of: Data(signature.utf8))).lowerBound + offset
      return Array(intact[..<place]) + new + intact[(place + new.count)...]
    }
    let none = try reason(changed("TREE", at: 0, to: [0]))
    #expect(none?.hasPrefix("there is no TREE of version 0 at byte ") == true)
    // A tree whose first child is a tree again, of the same level.
    let level = try reason(changed("TREE", at: 5, to: [1]))
    #expect(level?.contains("there is no TREE") == true, "\(level ?? "")")
    let huge = try reason(changed("HEAP", at: 8, to: [UInt8](repeating: 0xFF, count: 8)))
    #expect(huge?.contains("lie outside") == true)
  }

  @Test func aGroupThatContainsItselfIsRefused() throws {
    let (intact, node) = try image(ofNumbers: 10)
    var cyclic = intact
    // The root's address, from the superblock, for a tensor's.
    cyclic.replaceSubrange(node + 16..<node + 24, with: intact[512 + 64..<512 + 72])
    let error = #expect(throws: Failure.self) { try HDF5Image.decode(cyclic) }
    #expect(error?.reason.hasSuffix("/a/a/a/a is too deep") == true)
  }

  /// A small file must not become many times its size in memory.
  @Test func oneTensorUnderManyNamesIsRefused() throws {
    let (intact, node) = try image(ofNumbers: 100_000)
    var repeated = intact
    for link in 1..<8 {
      let place = node + 16 + 40 * link
      repeated.replaceSubrange(place..<place + 8, with: intact[node + 16..<node + 24])
    }
    let error = #expect(throws: Failure.self) { try HDF5Image.decode(repeated) }
    #expect(error?.reason == "its parts overlap")
  }

  /// A file of eight tensors, the first of some size, and where the list of their names is.
  private func image(ofNumbers count: Int) throws -> (bytes: [UInt8], node: Int) {
    var content = CheckpointFile()
    for name in "bcdefgh" { content.tensors["/\(name)"] = .init(shape: [], values: [1]) }
    content.tensors["/a"] = .init(shape: [count], values: .init(repeating: 1, count: count))
    let bytes = try HDF5Image.encode(content)
    #expect(try HDF5Image.decode(bytes) == content)
    return (bytes, try #require(Data(bytes).range(of: Data("SNOD".utf8))).lowerBound)
  }

  /// Named pipes must not be waited for; see open(2).
  @Test func aPipeIsNoCheckpoint() throws {
    try withFolder { folder in
      let path = folder + "/pipe"
      try #require(mkfifo(path, 0o600) == 0)
      #expect(throws: CheckpointError.notRead(path: path, reason: "it is no regular file")) {
        try CheckpointFile(readingFrom: path)
      }
    }
  }

  @Test func missingAndForbiddenFilesAreNamed() throws {
    try withFolder { folder in
      let path = folder + "/none.h5"
      let missing = CheckpointError.notRead(path: path, reason: "No such file or directory")
      #expect(throws: missing) { try CheckpointFile(readingFrom: path) }
      #expect(throws: CheckpointError.notRead(path: folder, reason: "it is no regular file")) {
        try CheckpointFile(readingFrom: folder)
      }
      let deep = folder + "/none/run.h5"
      #expect(
        throws: CheckpointError.notWritten(path: deep, reason: "No such file or directory")
      ) { try sample.write(to: deep) }
    }
  }

  @Test func aFailedWriteLeavesNothingBehind() throws {
    try withFolder { folder in
      // A folder that is not empty cannot be renamed over.
      let path = folder + "/run.h5"
      try FileManager.default.createDirectory(
        atPath: path + "/inside", withIntermediateDirectories: true)
      #expect(throws: CheckpointError.self) { try sample.write(to: path) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run.h5"])
    }
  }

  @Test func anUnwritableFolderLeavesTheOldFile() throws {
    try withFolder { folder in
      let path = folder + "/run.h5"
      try sample.write(to: path)
      let intact = try bytes(of: path)
      // The file could be written in place; only the folder forbids.
      try #require(chmod(path, 0o666) == 0 && chmod(folder, 0o555) == 0)
      defer { chmod(folder, 0o755) }
      try withoutPrivileges {
        #expect(throws: CheckpointError.notWritten(path: path, reason: "Permission denied")) {
          try CheckpointFile().write(to: path)
        }
      }
      #expect(try bytes(of: path) == intact)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run.h5"])
    }
  }

  /// Lets this thread alone see files as `nobody`: no permission stops root.
  private func withoutPrivileges(_ body: () throws -> Void) throws {
    guard geteuid() == 0 else { return try body() }
    // Linux has it per thread; Swift's Glibc module does not import its header.
    let address = try #require(dlsym(nil, "setfsuid"))
    let setUser = unsafeBitCast(address, to: (@convention(c) (uid_t) -> Int32).self)
    _ = setUser(65534)
    defer { _ = setUser(0) }
    try body()
  }
}

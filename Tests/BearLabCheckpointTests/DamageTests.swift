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
  @Test func theReaderSaysWhatHDF5Says() throws {
    let intact = try HDF5Image.encode(sample)
    #expect(try HDF5Image.decode(intact) == sample)
    #expect(throws: Failure.self) { try HDF5Image.decode(Array("bear-lab".utf8)) }
    let error = #expect(throws: Failure.self) { try HDF5Image.decode(Array(intact.prefix(600))) }
    #expect(error?.reason.hasPrefix("HDF5 says: ") == true)
    #expect((error?.reason.count ?? 0) > "HDF5 says: ".count)
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

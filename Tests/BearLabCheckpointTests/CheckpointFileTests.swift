import BearLabCheckpoint
import BearLabTestSupport
import Foundation
import Testing

private typealias StoredTensor = CheckpointFile.StoredTensor

@Suite struct CheckpointFileTests {
  @Test func everythingComesBackAsItWas() throws {
    try withFolder { folder in
      let path = folder + "/run.h5"
      try sample.write(to: path)
      #expect(try CheckpointFile(readingFrom: path) == sample)
    }
  }

  @Test func anEmptyCheckpointComesBack() throws {
    try withFolder { folder in
      try CheckpointFile().write(to: folder + "/empty.h5")
      #expect(try CheckpointFile(readingFrom: folder + "/empty.h5") == CheckpointFile())
    }
  }

  /// Signed zero, infinities, subnormal numbers and the payload of a NaN.
  @Test func numbersKeepTheirBits() throws {
    let bits: [UInt32] = [
      0x8000_0000, 0x7F80_0000, 0xFF80_0000, 1, 0x7FC0_1234, 0x7F7F_FFFF, 0x3F80_0001,
    ]
    let values = bits.map { Float(bitPattern: $0) }
    try withFolder { folder in
      let file = CheckpointFile(
        tensors: ["/bits": StoredTensor(shape: [bits.count], values: values)],
        attributes: ["seed": .integer(.min), "tau": .real(-0.0), "far": .real(.infinity)])
      try file.write(to: folder + "/bits.h5")
      let read = try CheckpointFile(readingFrom: folder + "/bits.h5")
      #expect(read.tensors["/bits"]?.values.map(\.bitPattern) == bits)
      #expect(read.attributes["seed"] == .integer(.min))
      #expect(read.attributes["tau"] == .real(-0.0))
      #expect(read.attributes["far"] == .real(.infinity))
    }
  }

  /// More than HDF5's limits of 64 KiB for headers, and than one step of memory.
  @Test func largeContentComesBack() throws {
    var random = SeededGenerator(7)
    let values = (0..<5_000_000).map { _ in
      Float(bitPattern: UInt32.random(in: 0..<0x7F00_0000, using: &random))
    }
    var file = CheckpointFile(
      tensors: ["/large": StoredTensor(shape: [5, 1000, 1000], values: values)],
      attributes: ["log": .text(String(repeating: "läng", count: 50_000))])
    for index in 0..<500 {
      file.tensors["/many/\(index)/A"] = StoredTensor(shape: [1], values: [Float(index)])
      file.attributes["many-\(index)"] = .integer(index)
    }
    try withFolder { folder in
      try file.write(to: folder + "/large.h5")
      // Not #expect on the whole, which would print 5 million numbers.
      let read = try CheckpointFile(readingFrom: folder + "/large.h5")
      #expect(read.tensors.keys.sorted() == file.tensors.keys.sorted())
      #expect(read.tensors["/large"]?.shape == [5, 1000, 1000])
      let isEqual = read == file
      #expect(isEqual)
    }
  }

  @Test func equalContentIsEqualBytes() throws {
    try withFolder { folder in
      try sample.write(to: folder + "/first.h5")
      try sample.write(to: folder + "/second.h5")
      let first = try bytes(of: folder + "/first.h5")
      #expect(try bytes(of: folder + "/second.h5") == first)
      // Both were written in one second, so look for that second: HDF5 stores 32 bits of it.
      let now = UInt32(Date().timeIntervalSince1970)
      for second in now - 60...now {
        let isStored = withUnsafeBytes(of: second.littleEndian) { first.firstRange(of: $0) } != nil
        #expect(!isStored)
      }
    }
  }

  @Test func aSecondWriteReplacesTheFirst() throws {
    try withFolder { folder in
      let path = folder + "/run.h5"
      try sample.write(to: path)
      let later = CheckpointFile(attributes: ["step": .integer(2)])
      try later.write(to: path)
      #expect(try CheckpointFile(readingFrom: path) == later)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run.h5"])
    }
  }

  @Test func manyTasksMayReadAndWriteAtOnce() async throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = sample
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<16 {
        group.addTask {
          try file.write(to: "\(folder)/\(index).h5")
          return try CheckpointFile(readingFrom: "\(folder)/\(index).h5") == file
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  @Test(arguments: [
    "", "/", "a", "//a", "/a/", "/a//b", "/a/../b", "/./a", "/a b", "/ä", "/a\t",
    String(repeating: "/a", count: 33),
  ])
  func otherNamesOfTensorsAreRefused(name: String) throws {
    try expectInvalidName(
      name, in: CheckpointFile(tensors: [name: StoredTensor(shape: [], values: [1])]))
  }

  @Test(arguments: ["", "/step", "a//b", "a b", "."])
  func otherNamesOfAttributesAreRefused(name: String) throws {
    try expectInvalidName(name, in: CheckpointFile(attributes: [name: .integer(1)]))
  }

  @Test func aTensorIsNoGroup() throws {
    let one = StoredTensor(shape: [], values: [1])
    try expectInvalidName("/a/b/c", in: CheckpointFile(tensors: ["/a": one, "/a/b/c": one]))
  }

  @Test func nulIsInNoName() throws {
    try expectInvalidName(
      "/a\0b", in: CheckpointFile(tensors: ["/a\0b": StoredTensor(shape: [], values: [1])]))
    try expectInvalidName("a\0b", in: CheckpointFile(attributes: ["a\0b": .integer(1)]))
  }

  @Test func nulIsInNoText() throws {
    try withFolder { folder in
      #expect(throws: CheckpointError.invalidText("note")) {
        try CheckpointFile(attributes: ["note": .text("a\0b")]).write(to: folder + "/a.h5")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
    }
  }

  private func expectInvalidName(_ name: String, in file: CheckpointFile) throws {
    try withFolder { folder in
      let error = try #require(throws: CheckpointError.self) {
        try file.write(to: folder + "/a.h5")
      }
      guard case .invalidName(name, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }
}

#if canImport(Glibc)
internal import Glibc
#endif

/// Aligned memory for floats: the owner of every pointer that a kernel sees.
///
/// Not `Sendable`: one run owns its buffers, and parallelism stays inside kernels.
package final class Buffer {
  /// The number of floats.
  package let count: Int
  package let pointer: UnsafeMutablePointer<Float>

  /// Allocates 64-byte aligned memory.
  package init(count: Int, zeroed: Bool = true) {
    self.count = count
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    // Whole cache lines, so that vectors at the end read no other buffer's.
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: (bytes + 63) / 64 * 64, alignment: 64)
    if zeroed { memset(raw, 0, (bytes + 63) / 64 * 64) }
    pointer = raw.assumingMemoryBound(to: Float.self)
  }

  /// Copies an array.
  package convenience init(_ values: [Float]) {
    self.init(count: values.count, zeroed: false)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { pointer.update(from: base, count: values.count) }
    }
  }

  deinit {
    UnsafeMutableRawPointer(pointer).deallocate()
  }

  /// The floats as an array.
  package var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// Takes over as many numbers as the buffer holds.
  package func replace(with values: [Float]) {
    precondition(values.count == count, "\(values.count) numbers for \(count)")
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { pointer.update(from: base, count: count) }
    }
  }

  /// Lends some of the floats to be written.
  package func withMutableSpan(
    _ range: Range<Int>, _ body: (inout MutableSpan<Float>) throws -> Void
  ) rethrows {
    precondition(range.upperBound <= count, "floats \(range) of \(count)")
    var span = UnsafeMutableBufferPointer(
      start: pointer + range.lowerBound, count: range.count
    ).mutableSpan
    try body(&span)
  }

  /// Sets every float to 0.
  package func clear() {
    memset(pointer, 0, count * MemoryLayout<Float>.stride)
  }
}

import CBearKernels
import Testing

extension KernelTests {
  @Suite struct Dispatch {
    @Test(arguments: availableISAs)
    func selectsEveryInstructionSetOfTheCPU(isa: String) throws {
      try withISA(isa) {
        #expect(String(cString: bear_isa()) == isa)
        #expect(bear_select_isa(nil) == 0)
        #expect(String(cString: bear_isa()) == String(cString: bear_best_isa()))
      }
    }

    @Test func unknownNameLeavesTheTable() throws {
      try withISA("portable") {
        #expect(bear_select_isa("avx1024") == -1)
        #expect(bear_select_isa("") == -1)
        #expect(String(cString: bear_isa()) == "portable")
      }
    }

    @Test func parallelRunsEveryIndexOnce() {
      for threads in [0, 1, 2, 3, 8, 33] {
        var runs = [Int32](repeating: 0, count: threads)
        bear_parallel(threads, addOne, &runs)
        #expect(runs == [Int32](repeating: 1, count: threads))
      }
    }

    /// A call within a call has one thread, which has to take every index.
    @Test func nestedParallelRunsEveryIndexOnce() {
      var runs = [Int32](repeating: 0, count: 4 * 5)
      bear_parallel(
        4,
        { index, context in
          bear_parallel(5, addOne, context?.advanced(by: index * 5 * MemoryLayout<Int32>.stride))
        }, &runs)
      #expect(runs == [Int32](repeating: 1, count: runs.count))
    }
  }
}

private func addOne(index: Int, context: UnsafeMutableRawPointer?) {
  context?.assumingMemoryBound(to: Int32.self)[index] += 1
}

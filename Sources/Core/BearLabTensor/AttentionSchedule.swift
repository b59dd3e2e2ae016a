internal import CBearKernels

/// Some consecutive query rows of a chain of nodes, and the key rows that they see.
struct AncestorChain {
  let queryRows: Range<Int>
  /// The key rows above the chain, in order of depth.
  let ancestors: [Range<Int>]
  /// The key row of the chain's first node.
  let own: Int
  /// The chain's nodes before `queryRows`.
  let skipped: Int

  var ranges: [Range<Int>] { ancestors + [own..<own + skipped + queryRows.count] }
  /// What all query rows see.
  var keysAbove: Int { ancestors.reduce(skipped) { $0 + $1.count } }
  var cost: Int { queryRows.count * (keysAbove + queryRows.count) }

  /// The chain in pieces of about `rows` rows.
  func pieces(rows: Int) -> [AncestorChain] {
    stride(from: 0, to: queryRows.count, by: rows).map { start in
      let end = min(start + rows, queryRows.count)
      return AncestorChain(
        queryRows: queryRows.lowerBound + start..<queryRows.lowerBound + end, ancestors: ancestors,
        own: own, skipped: skipped + start)
    }
  }

  /// How many of the first keys are the same as another chain's, and above both.
  func sharedKeys(with other: AncestorChain) -> Int {
    var shared = 0
    for (mine, theirs) in zip(ranges, other.ranges) {
      guard mine.lowerBound == theirs.lowerBound else { break }
      shared += min(mine.count, theirs.count)
      if mine.count != theirs.count { break }
    }
    return min(shared, keysAbove, other.keysAbove)
  }
}

/// A task for a kernel.
struct AttentionTask {
  let task: UnsafePointer<bear_attention_task>
  let chains: UnsafePointer<bear_attention_chain>
  let ranges: UnsafePointer<bear_rows>
}

/// Chains cut and grouped into tasks of about equal cost, a fixed list of them for each thread.
///
/// A task packs each key that it sees. For a long chain that is little beside its products, and it
/// is cut only to give every thread some; short ones behind the same ancestors, such as beams, go
/// together.
struct AttentionSchedule {
  private var chains: [bear_attention_chain] = []
  private var ranges: [bear_rows] = []
  private var tasks: [bear_attention_task] = []
  private var costs: [Int] = []
  let threads: Int
  /// Fewer rows are not worth the packing of a task of their own.
  private static let fewRows = 32

  init(_ all: [AncestorChain], threads: Int) {
    self.threads = threads
    let total = all.reduce(0) { $0 + $1.cost }
    let target = (total + 2 * threads - 1) / (2 * threads)
    var group: [AncestorChain] = []
    var shared = 0
    for chain in all {
      let count = threads == 1 ? 1 : (chain.cost + target - 1) / max(target, 1)
      let rows = max(Self.fewRows, (chain.queryRows.count + count - 1) / max(count, 1))
      for piece in chain.pieces(rows: rows) {
        let common = group.last.map { min(shared, piece.sharedKeys(with: $0)) } ?? piece.keysAbove
        let cost = group.reduce(piece.cost) { $0 + $1.cost }
        let joins =
          piece.queryRows.count < Self.fewRows && 2 * common >= piece.keysAbove && cost <= target
        if !group.isEmpty, !joins { append(&group, shared: shared) }
        shared = group.isEmpty ? piece.keysAbove : common
        group.append(piece)
      }
    }
    append(&group, shared: shared)
  }

  /// Makes a task of the chains.
  private mutating func append(_ group: inout [AncestorChain], shared: Int) {
    guard !group.isEmpty else { return }
    tasks.append(
      bear_attention_task(
        first_chain: Int64(chains.count), chain_count: Int64(group.count),
        shared_keys: Int64(group.count > 1 ? shared : 0)))
    costs.append(group.reduce(0) { $0 + $1.cost })
    for chain in group {
      let own = chain.ranges.map { bear_rows(start: Int64($0.lowerBound), count: Int64($0.count)) }
      chains.append(
        bear_attention_chain(
          first_row: Int64(chain.queryRows.lowerBound), rows: Int64(chain.queryRows.count),
          first_range: Int64(ranges.count), range_count: Int64(own.count)))
      ranges += own
    }
    group = []
  }

  /// Gives each thread tasks of about equal cost: a fixed assignment, longest first.
  private var assignment: [[Int]] {
    var loads = [Int](repeating: 0, count: max(1, min(threads, tasks.count)))
    var lists = [[Int]](repeating: [], count: loads.count)
    for task in costs.indices.sorted(by: { (costs[$0], $1) > (costs[$1], $0) }) {
      let lightest = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      loads[lightest] += costs[task]
      lists[lightest].append(task)
    }
    return lists
  }

  /// Calls `body` with the tasks of each thread, unless there are none.
  func withTasks(_ body: ([[AttentionTask]]) -> Void) {
    tasks.withUnsafeBufferPointer { tasks in
      chains.withUnsafeBufferPointer { chains in
        ranges.withUnsafeBufferPointer { ranges in
          guard let task = tasks.baseAddress, let chains = chains.baseAddress,
            let ranges = ranges.baseAddress
          else { return }
          body(
            assignment.map { list in
              list.map { AttentionTask(task: task + $0, chains: chains, ranges: ranges) }
            })
        }
      }
    }
  }
}

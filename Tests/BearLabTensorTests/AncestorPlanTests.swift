import BearLabTestSupport
import Testing

@testable import BearLabTensor

/// Beams behind two prompts, and a long chain: the first are grouped, the last is cut.
@Suite struct AncestorPlanTests {
  private struct Chain {
    let rows: Range<Int>
    let ancestors: [Range<Int>]
  }

  private let geometry = AttentionGeometry(heads: 6, kvHeads: 2, headWidth: 20)
  private let chains: [Chain]
  private let rowCount: Int

  init() {
    var chains: [Chain] = []
    var next = 90
    func add(_ rows: Int, behind ancestors: [Range<Int>]) {
      chains.append(Chain(rows: next..<next + rows, ancestors: ancestors))
      next += rows
    }
    for _ in 0..<10 { add(1, behind: [0..<45]) }
    for beam in 0..<10 { add(2, behind: [0..<7, 45..<90 - beam]) }
    add(100, behind: [0..<30])
    self.chains = chains
    rowCount = next
  }

  /// Output, the gradients of queries, keys and values, and log-sum-exp.
  private func results(plans: [AncestorPlan]) -> [[Float]] {
    func random(_ columns: Int, _ seed: UInt64) -> Matrix {
      var random = SeededGenerator(seed)
      let values = (0..<rowCount * columns).map { _ in Float.random(in: -2...2, using: &random) }
      return Matrix(Buffer(values), rows: rowCount, columns: columns)
    }
    let ones = (random(120, 1), random(40, 2), random(40, 3), random(120, 4))
    let (queries, keys, values) = (Operand(ones.0), Operand(ones.1), Operand(ones.2))
    let dOutput = Operand(ones.3)
    let result = Matrix(rows: rowCount, columns: 120, zeroed: true)
    let output = Operand(result)
    let logSumExp = Buffer(count: rowCount * 6)
    let dQueries = Matrix(rows: rowCount, columns: 120, zeroed: true)
    let sums = [40, 40].map { Matrix(rows: rowCount, columns: $0, zeroed: true) }
    for plan in plans {
      plan.forward(
        geometry, queries: queries, keys: keys, values: values, into: output, logSumExp: logSumExp)
      let own = [40, 40].map { Matrix(rows: rowCount, columns: $0) }
      plan.backward(
        geometry, queries: queries, keys: keys, values: values, output: output,
        logSumExp: logSumExp, dOutput: dOutput, dQueries: dQueries, dKeys: own[0],
        dValues: own[1])
      for (sum, own) in zip(sums, own) { sum.add(own) }
    }
    return [result, dQueries, sums[0], sums[1]].map(\.buffer.values) + [logSumExp.values]
  }

  private func plan(_ chains: [Chain]) -> AncestorPlan {
    let plan = AncestorPlan()
    for chain in chains {
      plan.addChain(
        queryRows: chain.rows, ancestors: chain.ancestors, ownStart: chain.rows.lowerBound)
    }
    return plan
  }

  @Test(arguments: [1, 2, 3])
  func groupsAndCutsLeaveTheResults(threads: Int) throws {
    let alone = try withCompute(threads: 1) { results(plans: chains.map { plan([$0]) }) }
    let together = try withCompute(threads: threads) { results(plans: [plan(chains)]) }
    // Compared outside `#expect`, whose listing of differences would take minutes.
    let sameOutput = together[0] == alone[0] && together[4] == alone[4]
    #expect(sameOutput)
    for (mine, expected) in zip(together, alone) { #expect(relativeGap(mine, expected) < 2e-6) }
  }
}

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

  /// Output, log-sum-exp and the gradients of queries, keys and values.
  private func results(plans: [AncestorPlan]) -> [[Float]] {
    func random(_ columns: Int, _ seed: UInt64) -> Matrix {
      var random = SeededGenerator(seed)
      let values = (0..<rowCount * columns).map { _ in Float.random(in: -2...2, using: &random) }
      return Matrix(Buffer(values), rows: rowCount, columns: columns)
    }
    let (queries, keys, values) = (random(120, 1), random(40, 2), random(40, 3))
    let dOutput = random(120, 4)
    let output = Matrix(rows: rowCount, columns: 120, zeroed: true)
    let logSumExp = Buffer(count: rowCount * 6)
    let gradients = [120, 40, 40].map { Matrix(rows: rowCount, columns: $0, zeroed: true) }
    for plan in plans {
      plan.forward(
        geometry, queries: queries, keys: keys, values: values, into: output, logSumExp: logSumExp)
      plan.backward(
        geometry, queries: queries, keys: keys, values: values, output: output,
        logSumExp: logSumExp, dOutput: dOutput, dQueries: gradients[0], dKeys: gradients[1],
        dValues: gradients[2])
    }
    return [output.buffer.values, logSumExp.values] + gradients.map(\.buffer.values)
  }

  private func plan(_ chains: [Chain]) -> AncestorPlan {
    var plan = AncestorPlan()
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
    let sameOutput = together[0] == alone[0] && together[1] == alone[1]
    #expect(sameOutput)
    for (mine, expected) in zip(together, alone) { #expect(relativeGap(mine, expected) < 2e-6) }
  }
}

internal import BearLabCheckpoint
internal import BearLabEvaluation
internal import BearLabRun
internal import Foundation

/// The tables that the cells of the template compute, computed here.
enum NotebookTables {
  typealias Runs = [(name: String, run: RunLog)]

  /// Every evaluation.
  static func figures(_ runs: Runs) -> Table {
    let names = ["ndcg@5", "ndcg@10", "hr@5", "hr@10", "item_nll"]
    return Table(
      ["run", "name", "split", "rows"] + names,
      runs.flatMap { name, run in
        run.evaluations.map { figures in
          [.text(name), .text(figures.name), .text(figures.split), .integer(figures.rows)]
            + names.map { .init(figures.metric($0)?.value) }
        }
      })
  }

  /// PR@K of each run, in percent.
  static func pruning(_ runs: Runs) throws -> Table {
    let rows = try runs.flatMap { name, run in
      let rows = try run.diagnosis()
      return Diagnosis.cutoffs.compactMap { cutoff -> [Table.Cell]? in
        let targets = rows.filter { $0.isRankExact && $0.rank <= cutoff }
        guard !targets.isEmpty else { return nil }
        let pruned = targets.count(where: \.isPruned)
        let interval = BinomialInterval.wilson(successes: pruned, trials: targets.count)
        return [
          .text(name), .integer(cutoff), .integer(targets.count), .integer(pruned),
          .real(100 * Double(pruned) / Double(targets.count)), .real(100 * interval.lower),
          .real(100 * interval.upper),
        ]
      }
    }
    return Table(["run", "K", "targets", "pruned", "PR, %", "from", "to"], rows)
  }

  /// The norms of the LoRA updates B·A in each run's last checkpoint of an epoch.
  static func weights(_ runs: Runs) throws -> Table? {
    var rows: [(head: [Table.Cell], norms: [String: Double])] = []
    var columns: [String] = []
    for (name, run) in runs {
      guard let path = lastCheckpoint(run) else { continue }
      let file = try CheckpointFile(readingFrom: path)
      var squares: [String: Double] = [:]
      for (tensor, a) in file.tensors where tensor.hasPrefix("/lora/") && tensor.hasSuffix("/A") {
        guard let b = file.tensors["\(tensor.dropLast())B"] else { continue }
        squares["\(tensor.split(separator: "/")[2])", default: 0] += squaredNorm(b: b, a: a)
      }
      columns += squares.keys.sorted().filter { !columns.contains($0) }
      rows.append(
        (
          [.text(name), attribute("epoch", file), attribute("step", file)],
          squares.mapValues { $0.squareRoot() }
        ))
    }
    guard !columns.isEmpty else { return nil }
    return Table(
      ["run", "epoch", "step"] + columns,
      rows.map { row in row.head + columns.map { .init(row.norms[$0]) } })
  }

  /// ‖B·A‖²: the sum of the products of BᵀB and A·Aᵀ, matrices of LoRA's rank.
  private static func squaredNorm(
    b: CheckpointFile.StoredTensor, a: CheckpointFile.StoredTensor
  ) -> Double {
    let (rank, inputs) = (a.shape[0], a.shape[1])
    let outputs = b.shape[0]
    var sum = 0.0
    for i in 0..<rank {
      for j in 0..<rank {
        var (left, right) = (0.0, 0.0)
        for row in 0..<outputs {
          left += Double(b.values[row * rank + i]) * Double(b.values[row * rank + j])
        }
        for column in 0..<inputs {
          right += Double(a.values[i * inputs + column]) * Double(a.values[j * inputs + column])
        }
        sum += left * right
      }
    }
    return sum
  }

  private static func attribute(_ name: String, _ file: CheckpointFile) -> Table.Cell {
    switch file.attributes[name] {
    case .integer(let number): .integer(number)
    default: .empty
    }
  }

  private static func lastCheckpoint(_ run: RunLog) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: run.folder.path)) ?? []
    let epochs = names.compactMap { name -> Int? in
      guard name.hasPrefix("checkpoint-epoch-"), name.hasSuffix(".h5") else { return nil }
      return Int(name.dropFirst("checkpoint-epoch-".count).dropLast(".h5".count))
    }
    return epochs.max().map { run.folder.checkpointPath(epoch: $0) }
  }
}

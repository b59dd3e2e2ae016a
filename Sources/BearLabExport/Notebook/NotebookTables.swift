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

  /// The norms of the LoRA matrices in each run's last checkpoint of an epoch.
  static func weights(_ runs: Runs) throws -> Table? {
    var rows: [[Table.Cell]] = []
    for (name, run) in runs {
      guard let path = lastCheckpoint(run) else { continue }
      let file = try CheckpointFile(readingFrom: path)
      var sums: [String: (square: Double, count: Int)] = [:]
      for (tensor, stored) in file.tensors where tensor.hasPrefix("/lora/") {
        let key = tensor.split(separator: "/").dropFirst(2).joined(separator: "/")
        sums[key, default: (0, 0)].square += stored.values.reduce(0) {
          $0 + Double($1) * Double($1)
        }
        sums[key, default: (0, 0)].count += 1
      }
      rows += sums.sorted { $0.key < $1.key }.map { key, sum in
        [
          .text(name), attribute("epoch", file), attribute("step", file), .text(key),
          .integer(sum.count), .real(sum.square.squareRoot()),
        ]
      }
    }
    return rows.isEmpty ? nil : Table(["run", "epoch", "step", "matrices", "layers", "norm"], rows)
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

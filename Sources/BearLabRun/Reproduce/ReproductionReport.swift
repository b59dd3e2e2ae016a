internal import BearLabCore
internal import Foundation

/// The paper's numbers and ours side by side, a table a data set and block.
struct ReproductionReport {
  private let plan: ReproductionPlan
  /// Of each of the plan's runs.
  private let measured: [RunMeasurements]

  private var layout: ReproductionLayout { plan.layout }
  private typealias Row = ReproductionLayout.Row
  private typealias Column = ReproductionLayout.Column

  /// Takes the measurements of all runs of a plan.
  init(_ plan: ReproductionPlan, _ measured: [RunMeasurements]) {
    precondition(measured.count == plan.runs.count, "\(measured.count) of \(plan.runs.count) runs")
    self.plan = plan
    self.measured = measured
  }

  /// The report in Markdown.
  var text: String {
    get throws {
      var parts = ["# \(plan.target.rawValue): \(layout.title)"]
      for dataset in plan.request.datasets {
        for (block, _) in plan.placed {
          let table = Table(self, dataset: dataset, block: block)
          parts.append("## \(dataset), \(block.name)\n\n" + table.text)
        }
      }
      parts.append(try ReproductionCaption(plan, measured).text)
      return parts.joined(separator: "\n\n") + "\n"
    }
  }

  /// The values of a cell, one a seed; nil where something was not measured.
  private func values(
    _ column: Column, dataset: String, block: ReproductionLayout.Block, _ row: Row
  ) -> [Double]? {
    let cell = ReproductionPlan.Cell(dataset: dataset, block: block.name, method: row.method)
    let places = plan.cells[cell] ?? []
    if case .ratio(let name) = column.source {
      let base = Column(name: name, source: .timing)
      guard let first = block.rows.first,
        let own = values(base, dataset: dataset, block: block, row),
        let others = values(base, dataset: dataset, block: block, first)
      else { return nil }
      return zip(own, others).map { $0 / $1 }
    }
    let values = places.compactMap { measured[$0].values[column.name] }
    return values.count == places.count && !values.isEmpty ? values : nil
  }

  /// One data set and block.
  private struct Table {
    let report: ReproductionReport
    let dataset: String
    let block: ReproductionLayout.Block
    /// Those of which the paper prints a number.
    let published: Set<String>

    init(_ report: ReproductionReport, dataset: String, block: ReproductionLayout.Block) {
      self.report = report
      self.dataset = dataset
      self.block = block
      var published: Set<String> = []
      for column in report.layout.columns {
        let numbers = block.rows.compactMap {
          report.printed($0.publishedName ?? $0.method, column, dataset, block)
        }
        if !numbers.isEmpty { published.insert(column.name) }
      }
      self.published = published
    }

    var text: String {
      var rows = block.rows.map { row in
        [row.method]
          + line(row.publishedName ?? row.method) { column in
            report.values(column, dataset: dataset, block: block, row)
              .map { Table.spread($0, digits: column.digits) }
          }
      }
      if report.layout.hasImprovement { rows.append([Improvement.name] + improvements) }
      let header = report.layout.columns.flatMap {
        published.contains($0.name) ? ["\($0.name) paper", "ours"] : [$0.name]
      }
      return MarkdownTable(header: ["method"] + header, rows: rows).text
        .trimmingCharacters(in: .newlines)
    }

    /// The cells of a row: the paper's where it has any, and ours.
    private func line(_ name: String, _ own: (Column) -> String?) -> [String] {
      report.layout.columns.flatMap { column -> [String] in
        let ours = own(column) ?? "–"
        guard published.contains(column.name) else { return [ours] }
        let paper = report.printed(name, column, dataset, block)
        let format = name == Improvement.name ? "%+.2f" : "%.\(column.digits)f"
        return [paper.map { String(format: format, $0) } ?? "–", ours]
      }
    }

    /// How much BEAR is better than the best other row, of the means over the seeds.
    private var improvements: [String] {
      line(Improvement.name) { column in
        func mean(_ row: Row) -> Double? {
          report.values(column, dataset: dataset, block: block, row)
            .map { SeedReport.spread($0).mean }
        }
        let others = block.rows.filter { $0.method != Improvement.method }.compactMap(mean)
        return block.rows.first { $0.method == Improvement.method }.flatMap(mean)
          .flatMap { Improvement.percent(of: $0, over: others) }
          .map { String(format: "%+.2f", $0) }
      }
    }

    /// A mean, and the standard deviation where there are several seeds.
    private static func spread(_ values: [Double], digits: Int) -> String {
      let (mean, deviation) = SeedReport.spread(values)
      let text = String(format: "%.\(digits)f", mean)
      return values.count > 1 ? text + String(format: " ± %.\(digits)f", deviation) : text
    }
  }

  /// What the paper prints.
  private func printed(
    _ method: String, _ column: Column, _ dataset: String, _ block: ReproductionLayout.Block
  ) -> Double? {
    layout.publishedName(ofDataset: dataset).flatMap {
      block.published?.value(
        block: block.name, method: method, dataset: $0, column: column.name)
    }
  }
}

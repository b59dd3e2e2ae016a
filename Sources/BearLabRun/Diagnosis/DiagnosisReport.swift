internal import BearLabCore
internal import BearLabEvaluation
internal import BearLabTensor
internal import Foundation

/// What a diagnosis found, as tables, as one object and as a line for each test row.
public struct DiagnosisReport: Sendable {
  let diagnosis: Diagnosis
  private let name: String
  private let settings: Diagnosis.Settings
  private let constraint: ConstraintMode
  private let protocolSummary: String
  private let precision: Precision

  init(
    _ diagnosis: Diagnosis, of name: String, settings: Diagnosis.Settings,
    constraint: ConstraintMode, protocolSummary: String, precision: Precision
  ) {
    self.diagnosis = diagnosis
    self.name = name
    self.settings = settings
    self.constraint = constraint
    self.protocolSummary = protocolSummary
    self.precision = precision
  }

  private var figures: [PruningFigures] { Diagnosis.cutoffs.map(diagnosis.figures) }

  /// The figures at each K, and where the losses are.
  public var text: String {
    let rates = MarkdownTable(
      header: [
        name, "targets", "kept", "pruned, violating", "pruned, not", "displaced", "PR", "95 %",
        "Prop", "95 %",
      ],
      rows: figures.map { figures in
        ["top \(figures.cutoff)"]
          + [
            figures.targets, figures.targets - figures.pruned, figures.violating,
            figures.pruned - figures.violating, figures.displaced,
          ].map(String.init)
          + Self.cells(figures.pruningRate, figures.pruningInterval)
          + Self.cells(figures.proportion, figures.proportionInterval)
      })
    return rates.text + "\n" + caption + "\n\n" + losses.text + "\n" + lossCaption + "\n"
  }

  private static func cells(_ share: Double?, _ interval: BinomialInterval) -> [String] {
    guard let share else { return ["–", "–"] }
    return [ReportTable.figure(share), ReportTable.interval(interval)]
  }

  private var caption: String {
    let open = figures.map(\.open).max() ?? 0
    return "\(diagnosis.rows.count) test rows; targets: those among the K titles of the highest "
      + "total log-probability (\(settings.softmax.rawValue), constraint \(constraint.rawValue)); "
      + "pruned: lost by beam search of \(settings.width), flavour paper; violating: a token ranks "
      + "below \(settings.width) among its siblings; displaced: flavour hf alone leaves it out; "
      + "protocol: \(protocolSummary); precision: \(precision.rawValue)"
      + (open > 0 ? "; of \(open) rows the rank is not certain" : "")
  }

  /// A row for each step at which targets are lost.
  private var losses: MarkdownTable {
    let lost = diagnosis.rows.filter { $0.trace.dropStep != nil }
    let steps = Dictionary(grouping: lost) { $0.trace.dropStep ?? 0 }.sorted { $0.key < $1.key }
    return MarkdownTable(
      header: ["lost at step", "targets", "of rank 1 to 10", "violating", "median margin, nats"],
      rows: steps.map { step, rows in
        let margins = rows.compactMap(\.trace.margin).map(Double.init)
        return [
          "\(step)", "\(rows.count)", "\(rows.count { $0.isRankExact && $0.rank <= 10 })",
          "\(rows.count { $0.trace.violation(width: settings.width) != nil })",
          RunMeasurements.median(margins).map { String(format: "%.3f", $0) } ?? "–",
        ]
      })
  }

  private var lossCaption: String {
    "all \(diagnosis.rows.count) rows, whatever the rank: "
      + "\(diagnosis.rows.count { !$0.isPruned }) targets are kept; margin: how far the prefix is "
      + "below the last candidate"
  }

  /// `PR@5`, `Prop@5` and of how many they are, `targets@5`, and the same at 10; a share of nothing
  /// is left out.
  public var shares: [String: Double] {
    figures.reduce(into: [:]) { shares, figures in
      shares["PR@\(figures.cutoff)"] = figures.pruningRate
      shares["Prop@\(figures.cutoff)"] = figures.proportion
      shares["targets@\(figures.cutoff)"] = Double(figures.targets)
    }
  }

  /// One object of all figures: `pr@5`, `pr@5_lower`, `prop@10`, `targets@10`, ….
  ///
  /// A share of nothing has no key.
  public var json: String {
    get throws {
      var members: [String: JSONScalar] = [
        "name": .text(name), "rows": .integer(diagnosis.rows.count),
        "beam_width": .integer(settings.width), "softmax": .text(settings.softmax.rawValue),
        "constraint": .text(constraint.rawValue), "precision": .text(precision.rawValue),
      ]
      for figures in figures {
        func add(_ key: String, _ share: Double?, _ interval: BinomialInterval) {
          guard let share else { return }
          members["\(key)@\(figures.cutoff)"] = .real(share)
          members["\(key)@\(figures.cutoff)_lower"] = .real(interval.lower)
          members["\(key)@\(figures.cutoff)_upper"] = .real(interval.upper)
        }
        add("pr", figures.pruningRate, figures.pruningInterval)
        add("prop", figures.proportion, figures.proportionInterval)
        for (key, count) in [
          ("targets", figures.targets), ("pruned", figures.pruned),
          ("violating", figures.violating), ("displaced", figures.displaced),
          ("open", figures.open),
        ] { members["\(key)@\(figures.cutoff)"] = .integer(count) }
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      return String(decoding: try encoder.encode(members), as: UTF8.self)
    }
  }

  /// Writes a line for each test row, in their order, replacing the whole file at once.
  ///
  /// - Throws: ``RunFolderError/notWritable(path:reason:)``.
  public func writeRows(to path: String) throws {
    try RunFolder.replace(path, with: DiagnosisLine.text(of: diagnosis))
  }
}

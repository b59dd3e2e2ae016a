internal import BearLabCore
internal import Foundation

/// What the numbers of a reproduction are, and whether they may be compared with the paper's.
struct ReproductionCaption {
  private let plan: ReproductionPlan
  private let measured: [RunMeasurements]

  /// Takes the measurements of all runs of a plan.
  init(_ plan: ReproductionPlan, _ measured: [RunMeasurements]) {
    self.plan = plan
    self.measured = measured
  }

  /// Lines of Markdown.
  var text: String {
    get throws {
      let lines = try [meaning] + comparability + timing + diagnosis + plan.layout.notes
      return lines.map { "- \($0)" }.joined(separator: "\n")
    }
  }

  private var meaning: String {
    let seeds = plan.request.seeds
    let spread =
      seeds.count > 1
      ? "mean ± standard deviation (one degree of freedom less) over the seeds "
      : "one run each, seed "
    let protocols = Set(plan.runs.filter(\.description.hasModel).map(\.description.protocolSummary))
    return "ours: " + spread + seeds.map(String.init).joined(separator: ", ")
      + (protocols.isEmpty ? "" : "; protocol: " + protocols.sorted().joined(separator: " / "))
      + (plan.layout.hasImprovement
        ? "; \(Improvement.name): BEAR over the best other row that is shown" : "")
  }

  /// How ours differ from what the paper did; they show trends alone unless nothing does.
  private var comparability: [String] {
    get throws {
      let differences = try [
        models, datasets, scale(\.training, "samples", paper: 10_000, "training windows"),
        scale(\.training, "epochs", paper: 10, "epochs"), missingRows,
      ].compactMap { $0 }
      guard !differences.isEmpty else {
        return ["model, data and scale are the paper's; it searched its hyper-parameters"]
      }
      return [
        "not the paper's conditions, so that only trends compare: "
          + differences.joined(separator: "; "),
        "the paper searched the hyper-parameters of every method; ours are the defaults, or as set",
      ]
    }
  }

  private var models: String? {
    let others = plan.placed.compactMap { block, model -> String? in
      let own = plan.runs.first { $0.description.hasModel }?.description.model
      guard let name = model ?? own else { return nil }
      let isSame = name.lowercased().contains(block.model.lowercased())
      return isSame ? nil : "\(name) in place of \(block.model)"
    }
    return others.isEmpty ? nil : Set(others).sorted().joined(separator: ", ")
  }

  private var datasets: String? {
    let others = plan.request.datasets.compactMap { dataset -> String? in
      guard let name = plan.layout.publishedName(ofDataset: dataset) else {
        return "\(dataset) is not of the paper"
      }
      return name.hasSuffix("-S") ? "\(dataset), and not a sample of 2 000 users" : nil
    }
    return others.isEmpty ? nil : others.joined(separator: ", ")
  }

  /// A setting of training that is not the paper's; `noun` in the plural.
  private func scale(
    _ section: KeyPath<RunDescription, ParameterValues>, _ name: String, paper: Int, _ noun: String
  ) throws -> String? {
    let values = try plan.runs.filter(\.description.hasModel).map { run -> Int in
      try run.description[keyPath: section][name]
    }
    let others = Set(values).subtracting([paper]).sorted()
    guard !others.isEmpty else { return nil }
    let unit = others == [1] ? String(noun.dropLast()) : noun
    return others.map(String.init).joined(separator: " or ") + " \(unit) instead of \(paper)"
  }

  /// The test rows that the paper's hit rates are multiples of, by data set.
  ///
  /// - Source: section 9.6 of the method specification, inferred from the printed numbers.
  private static let testRows = [
    "Office": 1925, "Book": 4383, "Toy": 4794, "Clothing": 5000, "Toy-S": 500, "Book-S": 500,
  ]

  private var missingRows: String? {
    let others = plan.request.datasets.compactMap { dataset -> String? in
      guard let name = plan.layout.publishedName(ofDataset: dataset),
        let expected = Self.testRows[name],
        let cell = plan.cells.first(where: { $0.key.dataset == dataset }),
        let place = cell.value.first, measured[place].rows != expected
      else { return nil }
      return "\(measured[place].rows) test rows instead of \(expected) (\(name))"
    }
    return others.isEmpty ? nil : others.joined(separator: ", ")
  }

  private var timing: [String] {
    guard plan.layout.columns.contains(.seconds) else { return [] }
    let epochs = measured.map(\.epochs).min() ?? 0
    return [
      "s/epoch: wall-clock seconds of optimiser steps, without evaluation, and without the search for "
        + "negatives and the reference that are computed before them; "
        + (epochs > 3
          ? "median of the epochs after the first"
          : "too few epochs (\(epochs)) for the median of three after a first one")
    ]
  }

  private var diagnosis: [String] {
    let names = plan.layout.columns.compactMap { column -> String? in
      if case .diagnosis = column.source { column.name } else { nil }
    }
    guard !names.isEmpty else { return [] }
    let diagnosed = measured.filter(\.isDiagnosed)
    guard !diagnosed.isEmpty else { return ["\(names.joined(separator: ", ")): not measured"] }
    let counts = names.compactMap { name -> String? in
      guard let cutoff = name.wholeMatch(of: /PR@(\d+)/)?.1 else { return nil }
      let counts = diagnosed.compactMap { $0.values["targets@\(cutoff)"] }.map { Int($0) }
      guard let least = counts.min(), let most = counts.max() else { return nil }
      return (least == most ? "\(least)" : "\(least) to \(most)") + " at K = \(cutoff)"
    }
    return [
      "PR@K: share of targets among the true top K that the search lost; "
        + "Prop@K: share of these that violate the necessary condition; – where there is none"
    ]
      + (counts.isEmpty
        ? [] : ["targets among the true top K, of a run: " + counts.joined(separator: ", ")])
  }
}

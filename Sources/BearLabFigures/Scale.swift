internal import Foundation

/// The range of an axis, its ticks and their labels, for what has to be shown.
struct Scale: Equatable {
  let range: ClosedRange<Double>
  let ticks: [(value: Double, label: String)]
  let isLogarithmic: Bool

  /// Fits an axis to values.
  ///
  /// - Parameters:
  ///   - axis: of numbers.
  ///   - values: what is shown along it; finite.
  ///   - isTight: whether the range ends with the values, and not with the next tick.
  ///   - count: about how many ticks there is room for.
  init(_ axis: Figure.Axis, values: [Double], isTight: Bool = false, count: Int = 6) {
    let shown = values + (axis.includesZero ? [0] : [])
    var (low, high) = (shown.min() ?? 0, shown.max() ?? 1)
    // Of numbers that are not positive there is no logarithm.
    isLogarithmic = axis.scale == .logarithmic && low > 0
    if isLogarithmic {
      if low == high { (low, high) = (low / 2, high * 2) }
      // Half a tenth of the way beyond either end, so that no point is cut.
      let margin = pow(high / low, 0.06)
      range = (low / margin)...(high * margin)
      let (lower, ratio) = (range.lowerBound, log(range.upperBound / range.lowerBound))
      ticks = Self.labelled(axis.ticks ?? Self.powers(in: low...high)) { log($0 / lower) / ratio }
      return
    }
    if low == high {
      // One value stands in the middle of something.
      let reach = low == 0 ? 1 : abs(low) / 2
      (low, high) = axis.includesZero ? (min(low, 0), max(high, 0)) : (low - reach, high + reach)
      if low == high { high = low + 1 }
    }
    let smallest = axis.scale == .counts ? 1 : 0.0
    let step = max(smallest, Self.step(for: (high - low) / Double(max(count - 1, 1))))
    if let own = axis.ticks {
      let margin = (high - low) * 0.04
      range = (low - (axis.includesZero && low == 0 ? 0 : margin))...(high + margin)
      let (lower, length) = (range.lowerBound, range.upperBound - range.lowerBound)
      ticks = Self.labelled(own) { ($0 - lower) / length }
      return
    }
    if !isTight {
      low = (low / step + 1e-9).rounded(.down) * step
      high = (high / step - 1e-9).rounded(.up) * step
    }
    range = low...high
    let first = Int((low / step - 1e-9).rounded(.up))
    let last = Int((high / step + 1e-9).rounded(.down))
    let digits = max(0, Int((-log10(step)).rounded(.up)))
    ticks = (first...max(first, last)).map { place in
      let value = Double(place) * step
      return (value, String(format: "%.\(digits)f", place == 0 ? 0 : value))
    }
  }

  static func == (first: Scale, second: Scale) -> Bool {
    first.range == second.range && first.isLogarithmic == second.isLogarithmic
      && first.ticks.elementsEqual(second.ticks) { $0 == $1 }
  }

  /// Where a value is, from 0 to 1.
  func place(of value: Double) -> Double {
    let (low, high) = (range.lowerBound, range.upperBound)
    return isLogarithmic
      ? log(max(value, .leastNormalMagnitude) / low) / log(high / low)
      : (value - low) / (high - low)
  }

  /// The next of 1, 2 and 5 times a power of ten.
  private static func step(for rough: Double) -> Double {
    let power = pow(10, log10(rough).rounded(.down))
    let factor = [1, 2, 5, 10].first { $0 * power >= rough * (1 - 1e-9) } ?? 10
    return factor * power
  }

  /// Powers of ten, with their doubles and fives where the range is short.
  private static func powers(in range: ClosedRange<Double>) -> [Double] {
    let exponents =
      Int(
        log10(range.lowerBound).rounded(.down))...Int(
        log10(range.upperBound).rounded(.up))
    let factors: [Double] = exponents.count > 4 ? [1] : [1, 2, 5]
    let reach = (range.lowerBound / 1.2)...(range.upperBound * 1.2)
    return exponents.flatMap { exponent in factors.map { $0 * pow(10, Double(exponent)) } }
      .filter { reach.contains($0) }
  }

  /// Labels values by their places from 0 to 1, but for those whose label would touch the one before.
  private static func labelled(
    _ values: [Double], place: (Double) -> Double
  ) -> [(value: Double, label: String)] {
    var end = -Double.infinity
    return values.map { value in
      let label = String(format: "%g", value)
      let middle = place(value) * Double(FigureLayout.plotWidth)
      let half = Double(label.count * FigureLayout.letter) / 2
      guard middle - half > end else { return (value, "") }
      end = middle + half
      return (value, label)
    }
  }
}

extension Figure.Panel {
  /// Every value along y: ends of intervals too, and 0 where bars begin.
  var shownValues: [Double] {
    series.flatMap { series in
      let values = series.points.flatMap {
        [$0.y] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
      }
      return switch series.mark {
      case .bars, .histogram: values + [0]
      case .line, .linePoints, .points: values
      }
    }
  }

  /// Every place along x, with the sides of bars.
  var shownPlaces: [Double] {
    series.flatMap { series in
      series.points.flatMap { point in
        switch series.mark {
        case .bars: [point.x - 0.5, point.x + 0.5]
        case .histogram(let width): [point.x - width / 2, point.x + width / 2]
        case .line, .linePoints, .points: [point.x]
        }
      }
    }
  }

  /// Lines and bars fill the panel from side to side; points keep away from its edges.
  var isTight: Bool {
    !series.contains {
      switch $0.mark {
      case .points, .linePoints: true
      case .line, .bars, .histogram: false
      }
    }
  }
}

extension Figure {
  /// The x axis of a panel of numbers, the same for all panels that have it in common.
  func places(of panel: Panel, count: Int) -> Scale {
    let sharing = panels.filter { $0.x == panel.x }
    var values = sharing.flatMap(\.shownPlaces)
    let isTight = sharing.contains(where: \.isTight)
    if isTight, sharing.contains(where: { !$0.isTight }), let low = values.min(),
      let high = values.max()
    {
      // Room for what is drawn around a point at the end.
      values += [low - (high - low) * 0.02, high + (high - low) * 0.02]
    }
    return Scale(panel.x, values: values, isTight: isTight, count: count)
  }
}

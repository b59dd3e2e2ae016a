/// A figure as a value: what is drawn, and not how.
public struct Figure: Sendable, Equatable {
  public var title: String
  /// How to read it: what intervals and bands are, how many rows there were.
  public var note: String
  /// One below the other.
  public var panels: [Panel]

  /// Creates a figure.
  public init(title: String, note: String = "", panels: [Panel]) {
    self.title = title
    self.note = note
    self.panels = panels
  }
}

extension Figure {
  /// A pair of axes with what is drawn between them.
  public struct Panel: Sendable, Equatable {
    /// Of what values depend on.
    public var x: Axis
    /// Of the values.
    public var y: Axis
    public var series: [Series]

    /// Creates a panel.
    public init(x: Axis, y: Axis, series: [Series]) {
      self.x = x
      self.y = y
      self.series = series
    }
  }

  /// An axis: its words, and how numbers are placed along it.
  public struct Axis: Sendable, Equatable {
    /// How numbers are placed.
    public enum Scale: Sendable, Equatable {
      case linear
      case logarithmic
      /// Linear, of whole numbers: there are no ticks between them.
      case counts
      /// Names, at 0, 1, 2, …; of an x axis alone. They are drawn as rows from the top, with the
      /// values to the right, so that long names fit.
      case rows([String])
    }

    public var label: String
    /// Such as nats, seconds or %; empty for a number without one.
    public var unit: String
    public var scale: Scale
    /// Whether the axis begins at 0, whatever the numbers are.
    public var includesZero: Bool
    /// Where ticks are; nil for round numbers.
    public var ticks: [Double]?

    /// Creates an axis.
    public init(
      _ label: String, unit: String = "", scale: Scale = .linear, includesZero: Bool = false,
      ticks: [Double]? = nil
    ) {
      self.label = label
      self.unit = unit
      self.scale = scale
      self.includesZero = includesZero
      self.ticks = ticks
    }

    /// The label and its unit.
    public var text: String { unit.isEmpty ? label : "\(label), \(unit)" }

    /// The names of its rows; nil of an axis of numbers.
    var rowNames: [String]? {
      switch scale {
      case .rows(let names): names
      case .linear, .logarithmic, .counts: nil
      }
    }
  }

  /// How a series is drawn.
  public enum Mark: Sendable, Equatable {
    /// A line; intervals are a band around it.
    case line
    /// A line through points; intervals are error bars.
    case linePoints
    /// Points; intervals are error bars.
    case points
    /// Bars from 0; those of several series stand beside each other.
    case bars
    /// The outline of adjoining bars of a width, in units of x, with a light filling.
    case histogram(width: Double)
  }

  /// What is drawn in one colour, under one name.
  public struct Series: Sendable, Equatable {
    public var name: String
    public var mark: Mark
    public var points: [Point]
    /// Which colour of ``Palette``, from 0.
    public var colour: Int

    /// Creates a series.
    public init(_ name: String, _ mark: Mark, colour: Int, _ points: [Point]) {
      self.name = name
      self.mark = mark
      self.colour = colour
      self.points = points
    }
  }

  /// A value, and what is known of its error.
  public struct Point: Sendable, Equatable {
    public var x: Double
    public var y: Double
    public var interval: ClosedRange<Double>?

    /// Creates a point.
    public init(_ x: Double, _ y: Double, interval: ClosedRange<Double>? = nil) {
      self.x = x
      self.y = y
      self.interval = interval
    }

    var isFinite: Bool {
      x.isFinite && y.isFinite
        && (interval.map { $0.lowerBound.isFinite && $0.upperBound.isFinite } ?? true)
    }
  }
}

extension Figure.Panel {
  /// The series with what can be drawn: infinite values have no place.
  var finite: Self {
    var panel = self
    for index in series.indices {
      panel.series[index].points = series[index].points.filter(\.isFinite)
    }
    return panel
  }

  /// Where the series `index` stands beside others that share its places, in units of `step`; 0 in
  /// the middle.
  func shift(of index: Int, step: Double) -> Double {
    (Double(index) - Double(series.count - 1) / 2) * step
  }
}

extension Figure.Series {
  /// The corners around the bars of a histogram, from the left, both ends on the ground.
  func outline(width: Double) -> [Figure.Point] {
    guard let first = points.first, let last = points.last else { return [] }
    return [Figure.Point(first.x - width / 2, 0)]
      + points.flatMap {
        [Figure.Point($0.x - width / 2, $0.y), Figure.Point($0.x + width / 2, $0.y)]
      } + [Figure.Point(last.x + width / 2, 0)]
  }
}

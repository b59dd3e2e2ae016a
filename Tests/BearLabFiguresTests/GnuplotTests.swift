import Foundation
import Testing

@testable import BearLabFigures

private let hasGnuplot = (try? Gnuplot().render(sample(), as: .svg)) != nil

private func sample(title: String = "A title", name: String = "first") -> Figure {
  Figure(
    title: title, note: "A note",
    panels: [
      Figure.Panel(
        x: Figure.Axis("step"), y: Figure.Axis("loss", unit: "nats"),
        series: [
          Figure.Series(name, .line, colour: 0, [.init(1, 3, interval: 2...4), .init(2, 2.5)]),
          Figure.Series("second", .points, colour: 1, [.init(1, 2, interval: 1...3)]),
        ]),
      Figure.Panel(
        x: Figure.Axis("run", scale: .rows(["a", "b"])), y: Figure.Axis("rate", unit: "%"),
        series: [Figure.Series("third", .points, colour: 2, [.init(0, 5), .init(1, 7)])]),
      Figure.Panel(
        x: Figure.Axis("margin", scale: .logarithmic), y: Figure.Axis("share"),
        series: [
          Figure.Series("fourth", .bars, colour: 3, [.init(1, 5), .init(2, 7)]),
          Figure.Series("fifth", .histogram(width: 0.5), colour: 4, [.init(1, 5), .init(1.5, 7)]),
        ]),
    ])
}

/// The script, and what gnuplot makes of it.
@Suite struct GnuplotTests {
  /// Texts come from folders' names: none may end its quotes, be run, or be read as markup.
  @Test func textsStayTexts() {
    #expect(
      GnuplotScript.quoted("it's `rm x` $(y) \"z\" a_b\\") == "'it''s `rm x` $(y) \"z\" a_b\\'")
    #expect(GnuplotScript.quoted("two\nlines") == #"'two\nlines'"#)
    let script = GnuplotScript(sample(name: "a'; !touch x #"), format: .svg).text
    #expect(script.contains("title 'a''; !touch x #'"))
    #expect(script.contains(" noenhanced "))
  }

  /// An interval is a band around a line, and an error bar of a point.
  @Test func marksFollowFromTheSeries() {
    let script = GnuplotScript(sample(), format: .svg).text
    #expect(script.contains("$p0s0 using 1:3:4 with filledcurves"))
    #expect(script.contains("$p0s0 using 1:2 with lines"))
    #expect(script.contains("$p0s1 using 1:2:3:4 with yerrorbars"))
    #expect(!script.contains("$p1s0 using 1:2:3:4"))
    #expect(script.contains("\n1.0 3.0 2.0 4.0\n2.0 2.5 2.5 2.5\nEOD"))
    #expect(script.contains("\n5.0 0.0 5.0 5.0\n7.0 1.0 7.0 7.0\nEOD"))
  }

  @Test func whatIsInfiniteIsLeftOut() {
    var figure = sample()
    figure.panels[0].series[0].points += [.init(3, .infinity), .init(.nan, 1)]
    let script = GnuplotScript(figure, format: .svg).text
    #expect(!script.contains("inf") && !script.contains("nan"))
  }

  @Test(.enabled(if: hasGnuplot, "gnuplot is not installed"))
  func anSVGHasTheTextsAsTheyAre() throws {
    let figure = sample(title: "λ <&> 'quotes'", name: "a_b^c{d}@e")
    let svg = String(decoding: try Gnuplot().render(figure, as: .svg), as: UTF8.self)
    #expect(svg.hasPrefix("<?xml") && svg.contains("</svg>"))
    #expect(svg.contains(" font-weight=\"bold\" font-size=") && !svg.contains(":Bold"))
    #expect(svg.contains("λ &lt;&amp;> 'quotes'"))
    for text in ["a_b^c{d}@e", "loss, nats", "second", "A note", "margin"] {
      #expect(svg.contains(text), "no '\(text)'")
    }
    #expect(svg.lowercased().contains("#0072b2") || svg.contains("rgb(  0, 114, 178)"))
  }

  @Test(.enabled(if: hasGnuplot, "gnuplot is not installed"))
  func aPNGHasTwiceTheSize() throws {
    let data = try Gnuplot().render(sample(), as: .png)
    #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    let numbers = [16, 20].map { start in
      data[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    let layout = FigureLayout(sample())
    #expect(numbers == [layout.width * 2, layout.height * 2])
  }

  @Test(.enabled(if: hasGnuplot, "gnuplot is not installed"))
  func aFigureWithoutPointsIsDrawn() throws {
    let figure = Figure(
      title: "",
      panels: [.init(x: .init("x"), y: .init("y"), series: [.init("a", .line, colour: 0, [])])])
    #expect(try !Gnuplot().render(figure, as: .svg).isEmpty)
  }

  @Test func theFormatIsTheNamesEnding() throws {
    #expect(try Gnuplot.Format(path: "a/b.SVG") == .svg)
    #expect(throws: FigureError.unknownFormat(path: "a.pdf")) { try Gnuplot.Format(path: "a.pdf") }
    #expect(throws: FigureError.unknownFormat(path: "png")) { try Gnuplot.Format(path: "png") }
  }

  @Test func aMissingProgramIsNamed() {
    let error = #expect(throws: FigureError.self) {
      try Gnuplot(program: "no-such-gnuplot").render(sample(), as: .svg)
    }
    #expect(error == .noGnuplot(program: "no-such-gnuplot"))
    #expect(error?.remedy.contains("apt-get install gnuplot-nox") == true)
  }

  @Test func aProgramThatFailsIsReported() {
    #expect(throws: FigureError.gnuplotFailed(status: 1, message: "")) {
      try Gnuplot(program: "false").render(sample(), as: .svg)
    }
  }

  @Test(.enabled(if: hasGnuplot, "gnuplot is not installed"))
  func aPlaceThatIsNotThereIsReported() throws {
    #expect {
      try Gnuplot().write(sample(), to: "/no/such/folder/a.svg")
    } throws: { error in
      guard case FigureError.notWritable(let path, _) = error else { return false }
      return path == "/no/such/folder/a.svg"
    }
  }

  /// Names of runs may be long, and the picture grows with them.
  @Test func layoutMakesRoomForNames() {
    let short = FigureLayout(sample())
    let long = FigureLayout(sample(name: String(repeating: "x", count: 60)))
    #expect(long.width - short.width == (60 - "second".count) * FigureLayout.letter)
    #expect(zip(short.areas, short.areas.dropFirst()).allSatisfy { $0.bottom < $1.top })
    #expect(short.areas.allSatisfy { $0.right < short.legend && $0.bottom < short.height })
  }
}

internal import BearLabCore
internal import BearLabTensor

/// A bank of examples as the network works with it.
struct ContextBank {
  /// Rows of the table of users, from 1; 0 is for whom the bank does not know.
  let userRows: [Int]
  /// Item ids, oldest first, cut to what the network takes.
  let histories: [[Int]]
  let targets: [Int]
  let labels: [Bool]
  /// `[examples, D]`.
  let texts: Tensor
  /// `[items, D]`.
  let titles: Tensor
  /// The mean of the titles of each history, `[examples, D]`.
  let keys: Tensor

  /// The rows of the table of users.
  var userCount: Int { (userRows.max() ?? 0) + 1 }

  /// Takes examples over.
  init(_ bank: ExampleBank, maxLength: Int) {
    var rows: [Int: Int] = [:]
    userRows = bank.examples.map { example in
      let row = rows[example.user] ?? rows.count + 1
      rows[example.user] = row
      return row
    }
    histories = bank.examples.map { $0.history.suffix(maxLength) }
    targets = bank.examples.map(\.target)
    labels = bank.examples.map(\.isPositive)
    texts = Tensor(bank.texts.values, shape: bank.texts.shape)
    titles = Tensor(bank.titles.values, shape: bank.titles.shape)
    keys = Self.means(histories, titles)
  }

  /// The mean of the titles of each history, `[histories, D]`; zeros for an empty one.
  static func means(_ histories: [[Int]], _ titles: Tensor) -> Tensor {
    let (vectors, width) = (titles.scalars, titles.shape[1])
    var means = [Float](repeating: 0, count: histories.count * width)
    for (row, history) in histories.enumerated() {
      for item in history {
        for column in 0..<width {
          means[row * width + column] += vectors[(item - 1) * width + column] / Float(history.count)
        }
      }
    }
    return Tensor(means, shape: [histories.count, width])
  }

  // MARK: Storing

  /// All of it, by name, for a file: `bank/examples` has row of the user, label, target and the
  /// history, 0 behind it.
  var tensors: [(name: String, tensor: Tensor)] {
    let length = histories.map(\.count).max() ?? 0
    let rows = histories.indices.flatMap { index -> [Float] in
      let history = histories[index]
      let numbers =
        [userRows[index], labels[index] ? 1 : 0, targets[index]] + history
        + [Int](repeating: 0, count: length - history.count)
      return numbers.map { Float($0) }
    }
    return [
      ("bank/examples", Tensor(rows, shape: [histories.count, 3 + length])),
      ("bank/texts", texts), ("bank/titles", titles),
    ]
  }

  /// Reads ``tensors``; nil where there are none.
  init?(_ stored: StoredTensors) {
    guard let examples = stored.entries["bank/examples"], let texts = stored.entries["bank/texts"],
      let titles = stored.entries["bank/titles"], examples.shape.count == 2, examples.shape[1] >= 3
    else { return nil }
    let width = examples.shape[1]
    let rows = (0..<examples.shape[0]).map { row in
      examples.values[row * width..<(row + 1) * width].map { Int($0) }
    }
    userRows = rows.map { $0[0] }
    labels = rows.map { $0[1] == 1 }
    targets = rows.map { $0[2] }
    histories = rows.map { $0.dropFirst(3).filter { $0 > 0 } }
    self.texts = Tensor(texts.values, shape: texts.shape)
    self.titles = Tensor(titles.values, shape: titles.shape)
    keys = Self.means(histories, self.titles)
  }
}

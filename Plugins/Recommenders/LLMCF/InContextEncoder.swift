internal import BearLabCore
internal import BearLabNN
internal import BearLabSequential
internal import BearLabTensor

/// A network whose vector of a user has what it makes of retrieved examples added to it.
///
///     h = SASRec(history) + w a,   a = the decoder's last state over (z_e, G c_e, label_e) … z
///     z = Lin [user; SASRec(history); G mean title of the history; item; G title]
///
/// The user's own token z stands last, with padding in place of item and title: nothing of the
/// target is in it. Its user is row 0 of the table as well, in training and afterwards, since a
/// recommender is asked by histories alone.
final class InContextEncoder: SequenceEncoder {
  private let base: EarlyPmixerEncoder
  private let bank: ContextBank
  private let retrieval: ExampleRetrieval
  private let weight: Float
  private let users: Embedding
  private let padding: Tensor
  private let labels: Embedding
  private let text: Linear
  private let join: Linear
  private let decoder: InContextDecoder
  /// R of the reconstruction.
  private let reconstruction: Linear
  /// Once nothing is trained any more, the bank is stored with the network.
  var isTrained = false

  /// Draws the weights of all but the base.
  init(
    _ base: EarlyPmixerEncoder, _ retrieval: ExampleRetrieval, weight: Float, key: UInt64
  ) {
    let width = base.itemTable.shape[1]
    let textWidth = retrieval.bank.texts.shape[1]
    func own(_ index: Int) -> UInt64 { CounterGenerator.mix(key, UInt64(index)) }
    self.base = base
    self.retrieval = retrieval
    self.weight = weight
    bank = retrieval.bank
    users = Embedding(
      rows: bank.userCount, width: width, initializer: .xavierNormal, key: own(0))
    padding = Initializer.xavierNormal([1, width], key: own(1))
    labels = Embedding(rows: 2, width: width, initializer: .normal(deviation: 1), key: own(2))
    text = Linear(inputs: textWidth, outputs: width, weight: .xavierNormal, key: own(3))
    join = Linear(inputs: 5 * width, outputs: width, weight: .xavierNormal, key: own(4))
    decoder = InContextDecoder(width: width, key: own(5))
    reconstruction = Linear(inputs: width, outputs: textWidth, weight: .xavierNormal, key: own(6))
  }

  var itemTable: Tensor { base.itemTable }
  var head: Linear { base.head }

  var parameters: [(name: String, tensor: Tensor)] {
    base.parameters + users.parameters(under: "users") + [("padding", padding)]
      + labels.parameters(under: "labels") + text.parameters(under: "text")
      + join.parameters(under: "join") + decoder.parameters(under: "decoder")
      + reconstruction.parameters(under: "reconstruction") + (isTrained ? bank.tensors : [])
  }

  /// The users' vectors; `positions` is not looked at.
  func encode(
    _ histories: [[Int]], positions: OutputPositions, dropout: DropoutSource
  ) -> Tensor {
    let examples = retrieval(histories.map { .init(history: $0) })
    return encode(histories, examples: examples, dropout: dropout).users
  }

  /// The users' vectors with given examples, and how well the decoder's states tell their texts.
  ///
  /// - Parameters:
  ///   - histories: item ids.
  ///   - examples: places in the bank for each.
  ///   - dropout: of the base.
  /// - Returns: `[histories, width]`, and the mean cosine between R of the states at the examples and
  ///   their texts; nil without any example.
  func encode(
    _ histories: [[Int]], examples: [[Int]], dropout: DropoutSource
  ) -> (users: Tensor, cosine: Tensor?) {
    let plain = base.encode(histories, positions: .last, dropout: dropout)
    let used = Array(Set(examples.joined())).sorted()
    let place = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
    // Below one another: z, G c and label of each example, then the users' tokens.
    let rows = Tensor.concatenatingRows(
      (used.isEmpty ? [] : [exampleTokens(used, dropout), text(bank.texts.rows(at: used))])
        + [labels.table, queryTokens(plain, histories)])
    let sequences = examples.enumerated().map { row, examples -> [Int] in
      examples.flatMap { example -> [Int] in
        let index = place[example] ?? 0
        return [index, used.count + index, 2 * used.count + (bank.labels[example] ? 1 : 0)]
      } + [2 * used.count + 2 + row]
    }
    let lengths = sequences.map(\.count)
    let states = decoder(rows.rows(at: Array(sequences.joined())), lengths: lengths)
    let starts = RaggedRows.offsets(ofLengths: lengths)
    let last = states.rows(at: starts.dropFirst().map { $0 - 1 })
    let tokens = zip(starts, examples).flatMap { start, own in own.indices.map { start + 3 * $0 } }
    return (
      plain + last * weight, cosine(states, at: tokens, of: Array(examples.joined()))
    )
  }

  /// z of some examples, `[examples, width]`.
  private func exampleTokens(_ examples: [Int], _ dropout: DropoutSource) -> Tensor {
    let targets = examples.map { bank.targets[$0] - 1 }
    return join(
      .concatenatingColumns([
        users(examples.map { bank.userRows[$0] }),
        base.encode(examples.map { bank.histories[$0] }, positions: .last, dropout: dropout),
        text(bank.keys.rows(at: examples)), base.itemTable.rows(at: targets),
        text(bank.titles.rows(at: targets)),
      ]))
  }

  /// z of the users, `[histories, width]`.
  private func queryTokens(_ plain: Tensor, _ histories: [[Int]]) -> Tensor {
    let zeros = [Int](repeating: 0, count: histories.count)
    return join(
      .concatenatingColumns([
        users(zeros), plain, text(ContextBank.means(histories, bank.titles)),
        padding.rows(at: zeros), text(Tensor(zeros: [histories.count, bank.titles.shape[1]])),
      ]))
  }

  private func cosine(_ states: Tensor, at rows: [Int], of examples: [Int]) -> Tensor? {
    guard !rows.isEmpty else { return nil }
    let told = reconstruction(states.rows(at: rows))
    let norms = ((told.rowDots(told) + 1e-12).log() * 0.5).exp()
    return (told.rowDots(bank.texts.rows(at: examples)) / norms).mean()
  }
}

internal import BearLabCore
internal import BearLabNN
internal import BearLabTensor

/// Stage 1: learns codes in which an item's embedding and its text's are near.
///
/// For each training window with the user's vector u, the target p and a random item n that the user
/// never had, with A an item's embedding and s a text's:
///
///     a = f_I.code(A)   b = f_T.code(s)   r = f_I.decode(a)   q = f_T.decode(b)
///     L_rec   = BCE(mean(u ⊙ r_p), 1) + BCE(mean(u ⊙ r_n), 0)
///     L_match = MSE(a_p, b_p) + MSE(a_n, b_n)
///     L_item  = MSE(r_p, A_p) + MSE(r_n, A_n)
///     L_text  = MSE(q_p, s_p) + MSE(q_n, s_n)
///     L       = L_rec + 1.0 L_match + 0.5 L_item + 0.2 L_text
///
/// A batch's losses are means; windows come in their order, as in the official code.
///
/// - Source: ghdtjr/A-LLMRec, `models/a_llmrec_model.py`; section 3.3 of the method specification.
struct Alignment {
  /// `[items, d]`: A.
  let embeddings: Tensor
  /// `[windows, d]`: u.
  let users: Tensor
  /// `[items, width]`: s.
  let texts: Tensor
  let windows: [Window]
  let settings: AlignmentSettings
  let seed: UInt64

  /// Trains the networks with Adam.
  func train(
    _ networks: AlignmentNetworks, progress: (RecommenderProgress) throws -> Void
  ) throws {
    let optimizer = AdamW(
      parameters: networks.parameters, settings: AdamWSettings(beta1: 0.9, beta2: 0.98))
    let owned = itemsByUser
    for epoch in 0..<settings.epochs {
      var total = 0.0
      for start in stride(from: 0, to: windows.count, by: settings.batchSize) {
        let rows = start..<min(start + settings.batchSize, windows.count)
        let negatives = rows.map { row in
          negative(row: row, epoch: epoch, owned: owned[windows[row].user] ?? [])
        }
        let loss = loss(networks, rows: Array(rows), negatives: negatives)
        loss.backward()
        total += Double(loss.scalars[0]) * Double(rows.count)
        optimizer.gatherGradients(scale: 1)
        optimizer.update(learningRate: settings.learningRate)
      }
      try progress(
        RecommenderProgress(
          epoch: epoch + 1, epochs: settings.epochs, loss: total / Double(windows.count),
          validationNDCG: nil))
    }
  }

  /// L of some windows, a scalar; `negatives` has an item id for each.
  func loss(_ networks: AlignmentNetworks, rows: [Int], negatives: [Int]) -> Tensor {
    // Positives above, negatives below: a mean over both is half the sum of two means.
    let items = rows.map { windows[$0].target - 1 } + negatives.map { $0 - 1 }
    let (itemInputs, textInputs) = (embeddings.rows(at: items), texts.rows(at: items))
    let itemCodes = networks.items.code(itemInputs)
    let textCodes = networks.texts.code(textInputs)
    let reconstructed = networks.items.reconstruction(itemCodes)
    let rewritten = networks.texts.reconstruction(textCodes)
    let logits = users.rows(at: rows + rows).rowDots(reconstructed) / Float(embeddings.shape[1])
    // BCE of a logit x: softplus(-x) for 1, softplus(x) for 0.
    let signs = Tensor(
      rows.map { _ in -1 } + rows.map { _ in 1 }, shape: [2 * rows.count])
    let ranking = (logits * signs).softplus().sum() / Float(rows.count)
    func gap(_ first: Tensor, _ second: Tensor) -> Tensor {
      let difference = first - second
      return (difference * difference).mean() * 2
    }
    return ranking + gap(itemCodes, textCodes) * settings.matchWeight
      + gap(reconstructed, itemInputs) * settings.itemWeight
      + gap(rewritten, textInputs) * settings.textWeight
  }

  private var itemsByUser: [Int: Set<Int>] {
    windows.reduce(into: [:]) { owned, window in
      owned[window.user, default: []].formUnion(window.history + [window.target])
    }
  }

  /// An item that the user never had; any but the target where there is none.
  private func negative(row: Int, epoch: Int, owned: Set<Int>) -> Int {
    var random = CounterGenerator(
      key: CounterGenerator.mix(CounterGenerator.mix(seed, UInt64(epoch)), UInt64(row)))
    let count = embeddings.shape[0]
    let excluded = owned.count < count ? owned : [windows[row].target]
    var item = Int.random(in: 1...count, using: &random)
    while excluded.contains(item), count > 1 { item = Int.random(in: 1...count, using: &random) }
    return item
  }
}

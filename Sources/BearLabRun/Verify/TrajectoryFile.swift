internal import BearLabLanguageModel
internal import BearLabNN
internal import BearLabTraining
internal import Foundation

/// `lora_trajectory.json`.
struct TrajectoryFile: Decodable {
  let lora: LoRA
  let optimizer: Optimizer
  /// In words, with the objectives' parameters as `name=value`.
  let batch: String?
  let runs: [GoldenCase<Run>]

  struct LoRA: Decodable {
    let rank: Int
    let alpha: Double
    let targets: [String]
    let dropout: Double?
    /// The formula of A, in words.
    let formula: String

    private enum CodingKeys: String, CodingKey {
      case rank, alpha, targets, dropout
      case formula = "A_init"
    }
  }

  struct Optimizer: Decodable {
    let adamw: AdamW

    struct AdamW: Decodable {
      let lr: Double
      let betas: [Double]
      let eps: Double
      let weightDecay: Double

      private enum CodingKeys: String, CodingKey {
        case lr, betas, eps
        case weightDecay = "weight_decay"
      }
    }
  }

  struct Run: Decodable {
    let objective: String
    let parameters: [String: GoldenValue]?
    let steps: [Step]
    /// Weights by name, such as `0.self_attn.q_proj.lora_A`.
    let final: [String: Weight]
  }

  struct Step: Decodable {
    /// Item ids, the target last.
    let rows: [[Int]]
    let loss: Double
    let gradientNorm: Double

    private enum CodingKeys: String, CodingKey {
      case rows, loss
      case gradientNorm = "gradient_norm"
    }
  }

  struct Weight: Decodable {
    let norm: Double
    let first4: [Double]
  }

  /// The parameters of objectives that ``batch`` names.
  var objectiveDefaults: [String: GoldenValue] {
    let pairs = (batch ?? "").matches(of: /(\w+)=([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/)
      .compactMap { match -> (String, GoldenValue)? in
        if let integer = Int(match.2) { return ("\(match.1)", GoldenValue(.integer(integer))) }
        return Double(match.2).map { ("\(match.1)", GoldenValue(.real($0))) }
      }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }
}

extension TrajectoryFile.Optimizer {
  /// Training as golden trajectories have it: a constant rate, no clipping.
  ///
  /// - Throws: ``GoldenError/malformed(what:seen:accepted:)`` for another number of betas than two.
  var settings: TrainingSettings {
    get throws(GoldenError) {
      guard adamw.betas.count == 2 else {
        throw .malformed(what: "betas", seen: "\(adamw.betas)", accepted: "a list of two")
      }
      return TrainingSettings(
        learningRate: adamw.lr, schedule: .constant, warmupSteps: 0, clipNorm: nil,
        normaliseGroup: nil,
        optimizer: AdamWSettings(
          beta1: adamw.betas[0], beta2: adamw.betas[1], epsilon: adamw.eps,
          weightDecay: adamw.weightDecay))
    }
  }
}

extension TrajectoryFile.LoRA {
  /// The start: A from its formula, B zero.
  ///
  /// - Throws: ``GoldenError/malformed(what:seen:accepted:)``.
  func adapter(for model: LanguageModel) throws(GoldenError) -> LoRAAdapter {
    let settings = try settings
    let (row, column, shift) = try angles
    return LoRAAdapter(
      settings: settings, layerCount: model.shape.layerCount, sizes: model.shape.size(of:)
    ) { _, projection, count in
      let inputs = model.shape.size(of: projection).inputs
      return (0..<count).map { place in
        let (i, j) = place.quotientAndRemainder(dividingBy: inputs)
        let angle = row * Double(i) + column * Double(j) + shift
        return Float(cos(angle) / Double(inputs).squareRoot())
      }
    }
  }

  private var settings: LoRASettings {
    get throws(GoldenError) {
      guard rank > 0, rank <= 1024 else {
        throw .malformed(what: "rank", seen: "\(rank)", accepted: "an integer from 1 to 1024")
      }
      guard (dropout ?? 0) == 0 else {
        throw .malformed(
          what: "dropout", seen: "\(dropout ?? 0)", accepted: "0, as masks cannot be compared,")
      }
      var projections: Set<Projection> = []
      for target in targets {
        guard let projection = Projection(rawValue: target) else {
          throw .malformed(
            what: "a target of LoRA", seen: "'\(target)'",
            accepted: "one of \(Projection.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        projections.insert(projection)
      }
      return LoRASettings(rank: rank, alpha: alpha, dropout: 0, targets: projections)
    }
  }

  /// a, b and c of `A[i,j] = cos(a i + b j + c)/sqrt(in_features)`.
  private var angles: (row: Double, column: Double, shift: Double) {
    get throws(GoldenError) {
      let number = #"(-?\d+(?:\.\d+)?)"#
      let pattern =
        #"A\[i,\s*j\]\s*=\s*cos\(\#(number)\s*\*?\s*i\s*\+\s*\#(number)\s*\*?\s*j\s*"#
        + #"\+\s*\#(number)\)\s*/\s*sqrt\(in_features\),\s*B\s*=\s*0"#
      let match = try? Regex(pattern, as: (Substring, Substring, Substring, Substring).self)
        .wholeMatch(in: formula)
      guard let match, let row = Double(match.1), let column = Double(match.2),
        let shift = Double(match.3)
      else {
        throw .malformed(
          what: "A_init", seen: "'\(formula)'",
          accepted: "'A[i,j] = cos(a i + b j + c)/sqrt(in_features), B = 0' with numbers a, b, c")
      }
      return (row, column, shift)
    }
  }
}

extension LoRAAdapter {
  /// The numbers of a weight, row-major, by a name such as `15.self_attn.q_proj.lora_A`.
  ///
  /// - Throws: ``GoldenError/malformed(what:seen:accepted:)``.
  func weight(named name: String) throws(GoldenError) -> [Float] {
    let parts = name.split(separator: ".").map(String.init)
    let layer = parts.lazy.compactMap { Int($0) }.first
    let projection = parts.lazy.compactMap { Projection(rawValue: $0) }.first
    guard let layer, layers.indices.contains(layer), let projection,
      let pair = layers[layer][projection]
    else {
      throw .malformed(
        what: "a weight's name", seen: "'\(name)'",
        accepted: "<layer below \(layers.count)>.<block>.<target of LoRA>.lora_A or lora_B")
    }
    switch parts.last {
    case "lora_A": return pair.a.scalars
    case "lora_B": return pair.b.scalars
    default:
      throw .malformed(what: "a weight's name", seen: "'\(name)'", accepted: "lora_A or lora_B")
    }
  }
}

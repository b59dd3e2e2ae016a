public import BearLabTrie
#if canImport(Glibc)
internal import Glibc
#endif

/// How much each token of the item trie tells about the item: the information gain of IGD.
///
///     p_i    = (c_i + s) / Σ_j (c_j + s)           c_i: how often title i is a target
///     H(ν)   = −Σ p_i log p_i                      over the titles below ν: global
///     H(ν)   = −Σ q_i log q_i, q_i = p_i / Σ_j p_j   over the titles below ν: conditional
///     IG(ν)  = H(node above ν) − H(ν)
///
/// A title with c_i + s = 0 counts as if it were not in the trie: it cannot be reached.
///
/// - Source: IGD, NeurIPS 2025 (arXiv 2506.13229); ZJLin2oo1/LLM4Rec-IGD has the global entropy.
public struct InformationGain: Sendable {
  private let gains: [Double]
  private let informative: [Bool]
  private let reachable: [Bool]

  /// Over which probabilities the entropy of a node is taken.
  public enum Entropy: String, Sendable, CaseIterable, ParameterReadable {
    /// Those of the whole catalogue: the entropy mass of the titles below the node.
    case global
    /// Those given the node: the entropy of what is still to be decided.
    case conditional
  }

  /// Computes the gain of every node.
  ///
  /// - Parameters:
  ///   - trie: the paths of the titles.
  ///   - counts: `[titles]`, how often each is a training target.
  ///   - smoothing: s, added to every count.
  ///   - entropy: that of a node.
  public init(trie: ItemTrie, counts: [Int], smoothing: Int = 1, entropy: Entropy = .global) {
    let smoothed = counts.map { $0 + smoothing }
    let total = Double(max(smoothed.reduce(0, +), 1))
    let shares = smoothed.map { Double($0) / total }
    let masses = trie.sums(ofTitles: shares)
    let terms = trie.sums(ofTitles: shares.map { $0 > 0 ? -$0 * log($0) : 0 })
    let reachable = trie.sums(ofTitles: smoothed).map { $0 > 0 }
    func uncertainty(_ node: ItemTrie.Node) -> Double {
      switch entropy {
      case .global: terms[node]
      case .conditional: masses[node] > 0 ? terms[node] / masses[node] + log(masses[node]) : 0
      }
    }
    let gains = masses.indices.map { node in
      trie.parent(of: node).map { uncertainty($0) - uncertainty(node) } ?? 0
    }
    self.reachable = reachable
    self.gains = gains
    informative = gains.indices.map { node in
      guard reachable[node], let above = trie.parent(of: node) else { return false }
      return switch entropy {
      case .global: trie.children(of: above).count(where: { reachable[$0] }) > 1
      case .conditional: abs(gains[node]) >= 1e-9
      }
    }
  }

  /// The gain of the token that leads into a node, in nats; 0 at the root.
  public func gain(of node: ItemTrie.Node) -> Double { gains[node] }

  /// Whether the token that leads into a node tells anything.
  ///
  /// With the global entropy, whether there was another one to reach, whatever numbers are rounded to.
  public func isInformative(_ node: ItemTrie.Node) -> Bool { informative[node] }

  /// Whether a title below the node has a probability.
  public func isReachable(_ node: ItemTrie.Node) -> Bool { reachable[node] }
}

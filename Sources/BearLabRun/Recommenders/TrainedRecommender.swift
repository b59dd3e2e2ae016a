public import BearLabCore

/// A recommender that was trained, or read from a file.
public struct TrainedRecommender {
  /// The plug-in's name.
  public let name: String
  public let fitted: any FittedRecommender
  /// Its training, epoch by epoch, whenever that was.
  public let epochs: [RecommenderProgress]
  /// The file that holds it; nil for one that is in memory alone.
  public let file: File?
  /// Whether it was trained just now.
  public let wasTrained: Bool

  /// A file and its content's hash.
  public struct File: Sendable, Equatable {
    public let path: String
    /// SHA-256, in hexadecimal.
    public let hash: String

    /// The last component of the path.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }
  }
}

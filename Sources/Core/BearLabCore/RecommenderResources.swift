/// What a recommender asks for besides windows; its parameters name the files.
public struct RecommenderNeeds: Sendable, Hashable {
  /// What a language model recommends, from the file that the parameter `teacher` names.
  public var teacher: Bool
  /// Examples with a text each, from the file that the parameter `bank` names, and the vectors that
  /// the sentence encoder of the parameter `encoder` makes of them.
  public var examples: Bool

  /// Creates a description of needs.
  public init(teacher: Bool = false, examples: Bool = false) {
    self.teacher = teacher
    self.examples = examples
  }
}

/// What a recommender may learn from besides windows.
public struct RecommenderResources: Sendable {
  public let teacher: TeacherLists?
  public let examples: ExampleBank?

  /// Gathers what there is.
  public init(teacher: TeacherLists? = nil, examples: ExampleBank? = nil) {
    self.teacher = teacher
    self.examples = examples
  }
}

/// What a language model recommends behind training windows, for a small model to learn from.
public struct TeacherLists: Sendable {
  /// The list of a window; windows without one are not in it.
  public let lists: [Window: List]
  /// What the language model makes of each item's title, `[items, width]`.
  public let embeddings: StoredTensors.Entry

  /// A ranked list.
  public struct List: Sendable, Equatable {
    /// Item ids, best first.
    public let items: [Int]
    /// Of each item, smaller is better.
    public let distances: [Float]

    /// Creates a list.
    public init(items: [Int], distances: [Float]) {
      precondition(items.count == distances.count, "\(items.count) and \(distances.count)")
      self.items = items
      self.distances = distances
    }
  }

  /// Gathers lists and embeddings.
  public init(lists: [Window: List], embeddings: StoredTensors.Entry) {
    self.lists = lists
    self.embeddings = embeddings
  }
}

/// Interactions that a language model has reasoned about, to retrieve from.
public struct ExampleBank: Sendable {
  public let examples: [Example]
  /// Of the texts, `[examples, width]`, each of length 1.
  public let texts: StoredTensors.Entry
  /// Of the items' titles, `[items, width]`, each of length 1.
  public let titles: StoredTensors.Entry

  /// An interaction and whether it happened.
  public struct Example: Sendable, Equatable {
    public let user: Int
    /// Item ids, oldest first.
    public let history: [Int]
    public let target: Int
    /// Whether the user took the target.
    public let isPositive: Bool
    /// Unix seconds; nil where it is not known.
    public let timestamp: Int?

    /// Creates an example.
    public init(
      user: Int, history: [Int], target: Int, isPositive: Bool, timestamp: Int? = nil
    ) {
      self.user = user
      self.history = history
      self.target = target
      self.isPositive = isPositive
      self.timestamp = timestamp
    }
  }

  /// Gathers examples and vectors.
  public init(examples: [Example], texts: StoredTensors.Entry, titles: StoredTensors.Entry) {
    precondition(
      texts.shape.count == 2 && titles.shape.count == 2 && texts.shape[0] == examples.count
        && texts.shape[1] == titles.shape[1],
      "\(examples.count) examples, texts \(texts.shape), titles \(titles.shape)")
    self.examples = examples
    self.texts = texts
    self.titles = titles
  }
}

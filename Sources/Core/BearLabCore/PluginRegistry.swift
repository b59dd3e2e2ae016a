/// All plug-ins that a run may use.
///
/// It is passed in, never global, so a test has its own.
public final class PluginRegistry {
  public private(set) var backbones = Registry<any Backbone.Type>(kind: "backbone")
  public private(set) var objectives = Registry<any Objective.Type>(kind: "objective")
  public private(set) var decoders = Registry<any Decoder.Type>(kind: "decoder")
  public private(set) var recommenders = Registry<any Recommender.Type>(kind: "recommender")
  public private(set) var samplers = Registry<any NegativeSampler.Type>(kind: "sampler")
  public private(set) var metrics = Registry<any Metric.Type>(kind: "metric")
  public private(set) var datasets = Registry<any DatasetSource.Type>(kind: "dataset")
  /// The libraries that plug-ins were loaded from, in order.
  public private(set) var libraries: [Library] = []
  private var origin = "this program"

  /// A library of plug-ins that was opened at run time.
  public struct Library: Sendable, Equatable {
    /// The folder of its package, or its file.
    public let path: String
    /// SHA-256 of what it was built of, or of the file.
    public let hash: String
  }

  /// An empty registry.
  public init() {}

  /// Registers a module's plug-ins, all under one origin.
  ///
  /// - Throws: ``RegistryError/duplicate(kind:name:first:second:)``, or what the module throws.
  public func add(_ module: any PluginModule.Type, origin: String? = nil) throws {
    let outer = self.origin
    self.origin =
      origin ?? String(reflecting: module).split(separator: ".").first.map(String.init) ?? outer
    defer { self.origin = outer }
    try module.register(in: self)
  }

  /// A package may have several libraries, all of them of its sources.
  func add(_ library: Library) {
    if !libraries.contains(library) { libraries.append(library) }
  }

  public func register(backbone name: String, _ type: any Backbone.Type) throws(RegistryError) {
    try backbones.insert(name, type, origin: origin)
  }

  public func register(objective name: String, _ type: any Objective.Type) throws(RegistryError) {
    try objectives.insert(name, type, origin: origin)
  }

  public func register(decoder name: String, _ type: any Decoder.Type) throws(RegistryError) {
    try decoders.insert(name, type, origin: origin)
  }

  public func register(
    recommender name: String, _ type: any Recommender.Type
  ) throws(RegistryError) {
    try recommenders.insert(name, type, origin: origin)
  }

  public func register(
    sampler name: String, _ type: any NegativeSampler.Type
  ) throws(RegistryError) {
    try samplers.insert(name, type, origin: origin)
  }

  public func register(metric name: String, _ type: any Metric.Type) throws(RegistryError) {
    try metrics.insert(name, type, origin: origin)
  }

  public func register(
    dataset name: String, _ type: any DatasetSource.Type
  ) throws(RegistryError) {
    try datasets.insert(name, type, origin: origin)
  }

  /// Every kind with its plug-ins, in the order in which `bear-lab list` prints them.
  public var catalogue:
    [(kind: String, entries: [(name: String, type: any Plugin.Type, origin: String)])]
  {
    func rows<Kind>(
      _ registry: Registry<Kind>
    ) -> (
      kind: String, entries: [(name: String, type: any Plugin.Type, origin: String)]
    ) {
      let entries = registry.all.compactMap { entry in
        (entry.type as? any Plugin.Type).map { (entry.name, $0, entry.origin) }
      }
      return (registry.kind, entries)
    }
    return [
      rows(backbones), rows(objectives), rows(decoders), rows(recommenders), rows(samplers),
      rows(metrics), rows(datasets),
    ]
  }
}

public import BearLabRun
internal import Foundation

/// Registers runs as they begin, are stopped and end, and hands their events on.
///
/// What goes wrong with that is a notice, once, and never an end of the run.
public final class RunRegistrar {
  private let root: String?
  private let show: (RunEvent) -> Void
  private let busySeconds: Double
  private var told: Set<String> = []

  /// Listens to runs.
  ///
  /// - Parameters:
  ///   - root: the folder whose store they belong to; nil for that which each one's folder is in.
  ///   - busySeconds: how long another process that writes is waited for.
  ///   - show: takes all events, and the notices.
  public init(
    root: String? = nil, busySeconds: Double = 30, show: @escaping (RunEvent) -> Void
  ) {
    self.root = root
    self.busySeconds = busySeconds
    self.show = show
  }

  /// Listens to runs in a folder that holds several, such as that of `reproduce`: their store is the
  /// one that the folder itself would belong to.
  public convenience init(collection path: String, show: @escaping (RunEvent) -> Void) {
    self.init(root: RunTree.root(of: path), show: show)
  }

  /// Takes an event of a run; give it as the run's observer.
  public func observe(_ event: RunEvent) {
    if case .state(let state, let folder, let reason) = event {
      register(state, folder.path, reason)
    }
    show(event)
  }

  private func register(_ state: RunState, _ path: String, _ reason: String?) {
    let store = RunStore(root ?? RunTree.root(of: path), busySeconds: busySeconds)
    do {
      try store.enter(state, run: path, reason: reason)
    } catch let error as RunStoreError {
      tell("\(error.description); \(error.remedy)")
    } catch {
      tell("\(path)/\(StoreFile.name) cannot be written: \(words(of: error))")
    }
    if let problem = store.problem {
      tell("\(problem); the run goes on, and its folder holds all that the list of runs needs")
    }
  }

  private func tell(_ notice: String) {
    if told.insert(notice).inserted { show(.notice(notice)) }
  }
}

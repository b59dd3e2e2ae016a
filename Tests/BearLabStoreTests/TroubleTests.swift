import BearLabRun
import Foundation
import GRDB
import Testing

@testable import BearLabRun
@testable import BearLabStore

/// States of runs, and what can go wrong with the database.
@Suite struct TroubleTests {
  @Test func statesAreToldByFileAndLock() throws {
    try withRuns { runs in
      let path = try makeRun("a", in: runs)
      let store = RunStore(runs)
      let folder = try RunFolder(existing: path)
      var notices: [String] = []
      let registrar = RunRegistrar { event in
        if case .notice(let text) = event { notices.append(text) }
      }
      func state() -> RunState? { store.entries().first?.state }
      #expect(state() == .stopped)
      var lock: RunLock? = try RunLock(path)
      #expect(state() == .running)
      registrar.observe(.state(.running, of: folder, reason: nil))
      #expect(state() == .running)
      // As after SIGKILL: nobody says that it ended.
      _ = lock
      lock = nil
      #expect(state() == .lost)
      #expect(store.entries()[0].ended == nil && store.entries()[0].started != nil)
      registrar.observe(.state(.failed, of: folder, reason: "no space left"))
      #expect(state() == .failed && store.entries()[0].reason == "no space left")
      registrar.observe(.state(.running, of: folder, reason: nil))
      registrar.observe(.state(.stopped, of: folder, reason: nil))
      #expect(state() == .stopped && store.entries()[0].ended != nil)
      #expect(store.entries()[0].reason == nil && store.entries()[0].number == 1)
      #expect(notices.isEmpty)
    }
  }

  /// Who looks whether a run is at work does not keep it from starting.
  @Test func lookingDoesNotHoldTheLock() throws {
    try withRuns { runs in
      let path = try makeRun("a", in: runs)
      DispatchQueue.concurrentPerform(iterations: 2) { worker in
        for _ in 0..<200 {
          if worker == 0 {
            _ = RunLock.isHeld(path)
          } else {
            #expect(throws: Never.self) { try RunLock(path) }
          }
        }
      }
      let lock = try RunLock(path)
      withExtendedLifetime(lock) {
        #expect(RunLock.isHeld(path))
        #expect(throws: RunFolderError.inUse(path: path)) { try RunLock(path) }
      }
    }
  }

  @Test func aRunAtWorkIsNotDeleted() throws {
    try withRuns { runs in
      try makeRun("series", in: runs, seeds: "1")
      let seed = try makeRun("series/seed-1", in: runs)
      let store = RunStore(runs)
      let series = try #require(store.entries().first { $0.name == "series" })
      let lock = try RunLock(seed)
      _ = withExtendedLifetime(lock) {
        #expect(throws: RunFolderError.inUse(path: seed)) { try store.delete(series) }
      }
      #expect(store.entries().count == 2)
    }
  }

  enum Damage: CaseIterable { case text, pages, folder, empty }

  /// Whatever is in the file's place, the list is made, runs are registered, and nothing is lost.
  @Test(arguments: Damage.allCases)
  func aDamagedDatabaseIsNoObstacle(damage: Damage) throws {
    try withRuns { runs in
      for name in ["a", "b"] {
        try makeRun(name, in: runs, ndcg: 0.5)
        try RunStore(runs).reindex()
      }
      try RunStore(runs).tag(RunStore(runs).entries()[1], ["best"])
      let before = RunStore(runs).entries()
      let file = "\(runs)/\(RunStore.fileName)"
      let size = try #require(FileManager.default.contents(atPath: file)).count
      try removeDatabase(runs)
      switch damage {
      case .text: try Data("this is no database\n".utf8).write(to: URL(filePath: file))
      case .pages:
        // The header is right, and nothing else.
        _ = RunStore(runs).entries()
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.seek(toOffset: 4096)
        try handle.write(contentsOf: Data(repeating: 0x5A, count: size - 4096))
        try handle.close()
      case .folder:
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
      case .empty: try Data().write(to: URL(filePath: file))
      }
      #expect(RunStore(runs).entries() == before)
      var notices: [String] = []
      let registrar = RunRegistrar { event in
        if case .notice(let text) = event { notices.append(text) }
      }
      let path = try makeRun("c", in: runs)
      let folder = try RunFolder(existing: path)
      registrar.observe(.state(.running, of: folder, reason: nil))
      registrar.observe(.state(.failed, of: folder, reason: "why"))
      #expect(notices.count == (damage == .empty ? 0 : 1), "\(notices)")
      #expect(notices.allSatisfy { $0.contains("\(file) cannot be used: ") })
      let entry = try #require(RunStore(runs).entries().last)
      #expect(entry.name == "c" && entry.state == .failed && entry.reason == "why")
      guard damage != .folder else {
        #expect(throws: RunStoreError.self) { try RunStore(runs).reindex() }
        return
      }
      try RunStore(runs).reindex()
      let store = RunStore(runs)
      #expect(store.entries().prefix(2) == before[...] && store.problem == nil)
      #expect(store.entries().map(\.number) == [1, 2, 3])
    }
  }

  /// A mistake that was made by hand costs neither the file nor what the list had of it.
  @Test(arguments: ["\"number\" : \"1\"", "\"number\" : 1,,", "\"state\" : \"done\""])
  func aFileThatCannotBeReadIsKept(mistake: String) throws {
    try withRuns { runs in
      let path = try makeRun("a", in: runs, ndcg: 0.5)
      let store = RunStore(runs)
      try store.tag(store.entries()[0], ["best"])
      try store.note(store.entries()[0], "why")
      let before = store.entries()
      let file = "\(path)/store.json"
      let whole = try String(contentsOfFile: file, encoding: .utf8)
      let text = whole.replacing("\"number\" : 1", with: mistake)
      try #require(text != whole && store.unreadableFiles.isEmpty)
      try Data(text.utf8).write(to: URL(filePath: file))
      var notices: [String] = []
      let registrar = RunRegistrar { event in
        if case .notice(let text) = event { notices.append(text) }
      }
      registrar.observe(.state(.stopped, of: try RunFolder(existing: path), reason: nil))
      #expect(notices.count == 1 && notices[0].hasPrefix("\(file) cannot be read: "), "\(notices)")
      #expect(throws: RunStoreError.self) { try store.tag(before[0], ["worse"]) }
      #expect(throws: RunStoreError.self) { try store.note(before[0], "because") }
      try store.reindex()
      #expect(store.entries() == before)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
      let problem = try #require(store.unreadableFiles.first)
      #expect(problem.description.hasPrefix("\(file) cannot be read: "))
      #expect(problem.remedy.contains("number (an integer), tags (a list of texts), note"))
      // Mended, it is as it was, also without the database.
      try Data(whole.utf8).write(to: URL(filePath: file))
      try removeDatabase(runs)
      #expect(RunStore(runs).entries() == before && RunStore(runs).unreadableFiles.isEmpty)
    }
  }

  /// Another process holds the database for longer than anybody would wait.
  @Test func aLockedDatabaseIsNoObstacle() throws {
    try withRuns { runs in
      let path = try makeRun("a", in: runs)
      #expect(RunStore(runs).entries().count == 1)
      var configuration = Configuration()
      configuration.busyMode = .timeout(5)
      let other = try DatabaseQueue(
        path: "\(runs)/\(RunStore.fileName)", configuration: configuration)
      var events = 0
      let registrar = RunRegistrar(busySeconds: 0.05) { _ in events += 1 }
      let folder = try RunFolder(existing: path)
      try other.inTransaction(.exclusive) { _ in
        registrar.observe(.state(.running, of: folder, reason: nil))
        // The event, and a notice.
        #expect(events == 2)
        let store = RunStore(runs, busySeconds: 0.05)
        #expect(store.entries().map(\.state) == [.lost])
        return .commit
      }
      #expect(RunStore(runs).entries().map(\.state) == [.lost])
      #expect(RunStore(runs).entries().map(\.number) == [1])
    }
  }

  /// A store above another one leaves its runs to it.
  @Test func aRunBelongsToOneStore() throws {
    try withRuns { runs in
      let above = RunTree.parent(of: runs)
      try makeRun("other", in: above)
      #expect(RunTree.root(of: "\(above)/other") == above)
      _ = RunStore(above).entries()
      try makeRun("reproduce/a", in: runs)
      // A folder called runs is always a store.
      #expect(RunTree.root(of: "\(runs)/a") == runs)
      #expect(RunTree.root(of: "\(runs)/reproduce") == runs)
      #expect(RunTree.root(of: "\(runs)/reproduce/a") == runs)
      #expect(RunTree.root(of: "\(above)/table2/a") == above)
      #expect(RunStore(above).entries().map(\.name) == ["other"])
      try makeRun("s", in: runs, seeds: "1")
      #expect(RunTree.root(of: "\(runs)/s/seed-1") == runs)
      try makeRun("s/seed-1", in: runs)
      #expect(RunStore(runs).entries().map(\.name) == ["reproduce/a", "s", "s/seed-1"])
      let seeds = RunStore("\(runs)/s").entries()
      #expect(seeds.map(\.name) == ["seed-1"] && seeds.map(\.number) == [3])
      let left = try FileManager.default.contentsOfDirectory(atPath: "\(runs)/s").sorted()
      #expect(left == ["run.yaml", "seed-1", "store.json", "timing.jsonl"])
      #expect(RunStore("\(runs)/reproduce").entries().map(\.number) == [1])
      #expect(try RunStore("\(runs)/reproduce").reindex().root == runs)
      #expect(RunStore(runs).entries().count == 3)
    }
  }
}

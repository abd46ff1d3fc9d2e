import Glibc
import Lab
import Netlink
import NetworkNamespaces
import Synchronization

/// Watches the gateway's next-hop groups from outside everway, as the kernel announces them, and notes when each
/// changed: what the demo says about times is the kernel's word, not everway's.
final class GroupWatch: Sendable {
  struct Change: Hashable, Sendable {
    var time: MonotonicTime
    var group: UInt32
    /// Ids of next hops; empty when the group is gone.
    var members: [UInt32]
  }

  private struct State: Sendable {
    var changes: [Change] = []
    var gateways: [UInt32: String] = [:]
  }

  private let state = Mutex(State())
  private let isStopping = Atomic(false)
  private let thread = Mutex<pthread_t?>(nil)

  /// Begins to watch.
  init(_ namespace: LabNamespace) throws(NetlinkError) {
    do throws(SystemCallError) {
      let gateway = try NetworkNamespace(named: namespace.name)
      try start(gateway)
    } catch {
      throw NetlinkError(error)
    }
  }

  private func start(_ namespace: consuming NetworkNamespace) throws(SystemCallError) {
    let body = Body(watch: self, namespace: namespace)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(body)
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw SystemCallError("start the watching thread", code: code)
    }
    self.thread.withLock { $0 = thread }
  }

  func stop() {
    isStopping.store(true, ordering: .relaxed)
    if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
  }

  /// The addresses of a group's members now; empty when there is none with a next hop of this family.
  func members(_ group: UInt32) -> [String] {
    state.withLock { state in
      let last = state.changes.last { $0.group == group }?.members ?? []
      return last.compactMap { state.gateways[$0] }
    }
  }

  /// The groups seen so far.
  var groups: [UInt32] { state.withLock { Set($0.changes.map(\.group)).sorted() } }

  /// When, from `start` on, no group had this gateway any more; nil when one still has it.
  func withdrawn(_ gateways: [String], since start: MonotonicTime) -> MonotonicTime? {
    state.withLock { state in
      var current: [UInt32: [UInt32]] = [:]
      var last: MonotonicTime?
      let ids = Set(state.gateways.filter { gateways.contains($0.value) }.map(\.key))
      func isUsed() -> Bool { current.values.contains { !ids.isDisjoint(with: $0) } }
      for change in state.changes {
        let before = isUsed()
        current[change.group] = change.members
        if change.time >= start, before, !isUsed() { last = last ?? change.time }
      }
      return last
    }
  }

  fileprivate func watch(_ namespace: borrowing NetworkNamespace) {
    guard var monitor = try? NetlinkMonitor(in: namespace, [.nextHops]),
      var tables = try? NetlinkSocket(in: namespace)
    else { return }
    for nextHop in (try? tables.nextHops()) ?? [] { note(nextHop) }
    while !isStopping.load(ordering: .relaxed) {
      var waiting = pollfd(fd: monitor.descriptor, events: Int16(POLLIN), revents: 0)
      poll(&waiting, 1, 50)
      let more = try? monitor.receive { event in
        switch event {
        case .nextHop(let nextHop): note(nextHop)
        case .nextHopRemoved(let id): note(Change(time: .now(), group: id, members: []))
        default: break
        }
      }
      if more == nil { return }
    }
  }

  private func note(_ nextHop: NextHop) {
    switch nextHop.kind {
    case .group(let members, _): note(Change(time: .now(), group: nextHop.id, members: members.map(\.id)))
    case .gateway(let address, _): state.withLock { $0.gateways[nextHop.id] = "\(address)" }
    case .interface, .blackhole: break
    }
  }

  private func note(_ change: Change) { state.withLock { $0.changes.append(change) } }
}

/// What the thread runs, with the namespace it looks into.
private final class Body: Sendable {
  private let watch: GroupWatch
  private let namespace: NetworkNamespace

  init(watch: GroupWatch, namespace: consuming NetworkNamespace) {
    self.watch = watch
    self.namespace = namespace
  }

  func run() { watch.watch(namespace) }
}

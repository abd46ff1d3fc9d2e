import Runtime
public import Cluster
import Addresses
import Control
public import Doctor
import Glibc
import NetworkNamespaces
import Processes

extension SpeakerFacts {
  /// Looks at who speaks BFD, and listens to the wire for two seconds. Sends no BFD, changes nothing.
  public static func gather(_ context: CollectionContext) -> Gathered<SpeakerFacts> {
    let namespace: NetworkNamespace
    do throws(SystemCallError) {
      namespace = try context.openNamespace()
    } catch {
      return .unavailable("\(error)")
    }
    var facts = SpeakerFacts()
    facts.takeSockets(in: namespace, isNodes: context.subject.namespace == nil)
    facts.programs = .value(BFDPrograms.all(in: namespace))
    let isExpected = !(context.expectation.value?.peers.isEmpty ?? true)
    let before = GatewayQuestions.ask(context.controlSocket, about: namespace)
    let quotas = facts.speakers(before).flatMap { CPUQuota.all(of: $0.pid, $0.program) }
    let start = ContinuousClock.now
    if isExpected || !facts.listeners.isEmpty || before.value != nil {
      facts.takeWire(in: namespace)
    } else {
      facts.wire = .unavailable("nothing here speaks BFD or is meant to")
    }
    let window = (ContinuousClock.now - start) / .milliseconds(1)
    facts.gateway = GatewayQuestions.ask(context.controlSocket, about: namespace, since: before)
    facts.limits = .value(CPULimit.after(quotas, window: UInt64(window)))
    facts.beacon = BeaconQuestions.ask(in: namespace)
    if isExpected, facts.gateway.value == nil { facts.probe = BeaconQuestions.probe(in: namespace) }
    facts.unit = ServiceQuestions.unit("everway")
    return .value(facts)
  }

  private mutating func takeSockets(in namespace: borrowing NetworkNamespace, isNodes: Bool) {
    func unreadable() -> String { "/proc/net/udp: \(String(cString: strerror(errno)))" }
    do throws(SystemCallError) {
      let rows = try namespace.perform { () throws(SystemCallError) in SocketTable.read() }
      sockets = rows.map { .value(SocketTable.withHolders($0)) } ?? .unavailable(unreadable())
    } catch {
      sockets = .unavailable("\(error)")
    }
    guard !isNodes else { return }
    nodeSockets = SocketTable.read().map { .value(SocketTable.withHolders($0)) } ?? .unavailable(unreadable())
  }

  /// Each process once that speaks BFD in the namespace.
  private func speakers(_ gateway: Gathered<Gateway>) -> [(pid: Int32, program: String)] {
    var seen: Set<Int32> = []
    var result = listeners.compactMap { socket in socket.pid.map { (pid: $0, program: socket.program ?? "?") } }
    if let pid = gateway.value?.pid { result.append((pid, "everway")) }
    result.removeAll { !seen.insert($0.pid).inserted }
    return result
  }

  /// Long enough for two packets of a session at the slow rate of one a second.
  private static let window = Duration.milliseconds(2_100)

  private mutating func takeWire(in namespace: borrowing NetworkNamespace) {
    do throws(SystemCallError) {
      var listener = try WireListener(in: namespace)
      addresses = listener.addresses
      wire = .value(listener.listen(for: Self.window))
    } catch {
      wire = .unavailable("\(error)")
    }
  }
}

extension SpeakerFacts.CPULimit {
  /// What became of quotas since they were read; the nearest to its process first.
  static func after(_ quotas: [CPUQuota], window: UInt64) -> [SpeakerFacts.CPULimit] {
    quotas.map { quota in
      let text = ProcText.read("\(quota.path)/cpu.stat", limit: 4096)
      let now = text.map(CPUQuota.Statistics.init) ?? quota.statistics
      return SpeakerFacts.CPULimit(
        pid: quota.pid, program: quota.program, path: quota.path, quota: quota.quota, period: quota.period,
        periods: now.periods, throttled: now.throttled,
        throttledMeanwhile: now.throttled - min(now.throttled, quota.statistics.throttled), window: window,
        isRealTime: CPUQuota.isRealTime(quota.pid))
    }
  }
}

enum ServiceQuestions {
  /// What systemd knows of a service.
  static func unit(_ name: String) -> Gathered<SpeakerFacts.Unit> {
    // sd_booted(3): systemctl may be installed where systemd does not run.
    guard access("/run/systemd/system", F_OK) == 0 else { return .unavailable("systemd does not run here") }
    do throws(ProgramError) {
      let result = try Command(
        "systemctl", ["show", "--property=LoadState", "--property=ActiveState", "\(name).service"]
      ).capture(timeout: .seconds(10), limit: 4_096)
      let lines = result.output.split(separator: "\n")
      guard let state = lines.first(where: { $0.hasPrefix("ActiveState=") }) else {
        return .unavailable("systemctl show: \(result.errorOutput.prefix { $0 != "\n" })")
      }
      return .value(
        SpeakerFacts.Unit(
          name: name, isInstalled: lines.contains("LoadState=loaded"), state: String(state.dropFirst(12))))
    } catch {
      return .unavailable(error.message)
    }
  }
}

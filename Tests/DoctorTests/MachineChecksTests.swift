import Cluster
import Addresses
import Languages
import Testing

@testable import Doctor

@Suite struct MachineChecksTests {
  private func facts(ofCluster: Bool = false, _ change: (inout MachineFacts) -> Void) -> Facts {
    var machine = MachineFacts()
    machine.kernel = "6.1.0-30-amd64"
    machine.modules = ["geneve": .loaded, "openvswitch": .available, "ip_tables": .builtIn, "iptable_nat": .unknown]
    machine.features = ["nexthop": .value(true), "ipv6": .value(true)]
    machine.kernelOptions = .value(["CONFIG_IP_ROUTE_MULTIPATH": "y"])
    machine.memory.total = 4 << 30
    machine.memory.available = 1 << 30
    machine.disks = [.init(path: "/run", size: 1 << 30, free: 1 << 29)]
    machine.limits.filesInUse = 100
    machine.limits.filesAtMost = 1000
    machine.connections = .value(.init(count: 10, limit: 1000))
    if ofCluster { machine.traces = [MachineFacts.traceOfKubeOVN, "/var/lib/kubelet/config.yaml"] }
    change(&machine)
    var facts = Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "gw", namespace: "ovnext"))
    facts.machine = .value(machine)
    return facts
  }

  private func found(_ facts: Facts) -> [String] {
    Diagnosis(facts, checks: Check.machine).all.map { "\($0.id) \($0.subject)" }
  }

  @Test(arguments: [false, true])
  func aMachineThatHasAllIsNoFinding(ofCluster: Bool) {
    #expect(found(facts(ofCluster: ofCluster) { _ in }).isEmpty)
  }

  @Test func missingPartsOfTheKernelAreFound() {
    #expect(found(facts(ofCluster: true) { $0.modules["geneve"] = .absent }) == ["EW-SYS-110 geneve"])
    // Most clusters have another network.
    let other = facts(ofCluster: true) {
      $0.modules["geneve"] = .absent
      $0.traces = ["/var/lib/kubelet/config.yaml"]
    }
    #expect(found(other).isEmpty)
    #expect(found(facts { $0.features["nexthop"] = .value(false) }) == ["EW-SYS-110 nexthop"])
    #expect(
      found(facts { $0.kernelOptions = .value(["CONFIG_IP_ROUTE_MULTIPATH": "n"]) })
        == ["EW-SYS-110 CONFIG_IP_ROUTE_MULTIPATH"])
  }

  /// A plain Linux gateway has no use for tunnels.
  @Test func missingPartsThatNobodyNeedsAreNoFinding() {
    #expect(found(facts { $0.modules["geneve"] = .absent }).isEmpty)
  }

  @Test func ipv6ThatIsOffIsFoundWhereItIsNeeded() {
    let off: (inout MachineFacts) -> Void = { $0.commandLine = ["ipv6.disable=1"] }
    #expect(found(facts(ofCluster: true, off)) == ["EW-SYS-111 ipv6.disable=1"])
    #expect(found(facts(off)).isEmpty)
  }

  @Test(arguments: [(1 << 30, 0), (65 << 20, 1), (100 << 20, 0), (40 << 20, 1)] as [(UInt64, Int)])
  func littleMemoryIsFound(available: UInt64, findings: Int) {
    #expect(found(facts { $0.memory.available = available }).count == findings)
  }

  @Test func fullDisksAreFound() {
    #expect(found(facts { $0.disks[0].free = 4096 }) == ["EW-SYS-113 /run"])
    #expect(found(facts { $0.disks[0].isReadOnly = true }) == ["EW-SYS-113 /run"])
  }

  @Test(arguments: [(899, 0), (900, 1)] as [(UInt64, Int)])
  func aFullFileTableIsFound(used: UInt64, findings: Int) {
    #expect(found(facts { $0.limits.filesInUse = used }).count == findings)
  }

  @Test(arguments: [(899, nil), (900, .warning), (1000, .critical)] as [(Int, Severity?)])
  func aFullTableOfConnectionsIsFound(count: Int, severity: Severity?) {
    let diagnosis = Diagnosis(
      facts { $0.connections = .value(.init(count: count, limit: 1000)) }, checks: Check.machine)
    #expect(diagnosis.all.first?.severity == severity)
  }

  @Test func aMachineThatCouldNotBeLookedAtIsAGap() {
    var facts = facts { _ in }
    facts.machine = .unavailable("not in the bundle")
    let areas = Diagnosis(facts, checks: Check.machine).areas
    #expect(areas.first?.gaps.map(\.reason) == ["not in the bundle"])
  }
}

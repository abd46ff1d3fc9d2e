import Addresses
import Cluster
import ClusterSources
import Glibc
import Lab
import Synchronization
import Testing

@Suite(.enabled(if: OVNField.isPossible), .serialized, .timeLimit(.minutes(5))) struct LiveClusters {
  @Test func followOVNFromTheNodesOwnDatabase() throws {
    try OVNField.with("live") { field in
      try field.network.plug(1, into: field.gateway, at: field.chassis)
      try field.network.watch(OVNField.gateway1, BFDTimers(milliseconds: 100))
      let changes = Atomic(0)
      let live = LiveCluster(field.options) { changes.add(1, ordering: .relaxed) }
      defer { live.close() }
      let isThere = waitUntil(timeout: .seconds(30)) {
        live.facts().ovn.southbound.value?.bfd.first?.disc ?? 0 > 0
      }
      #expect(isThere, "\(live.facts())")
      let (ovs, ovn, _) = live.facts()
      #expect(ovs.value?.externalIDs["system-id"] == "node1")
      let north = try #require(ovn.northbound.value)
      let join = OVNJoin(north: north, south: ovn.southbound.value)
      let row = try #require(north.bfd.first)
      #expect(join.isUsed(row) && row.minTx == 100 && row.dstIp == "\(OVNField.gateway1)")
      #expect(north.logicalSwitchPort.map(\.name).sorted() == ["ext-vpc1", "localnet", "ovnext-1"])
      #expect(ovn.southbound.value?.portBinding.contains { $0.logicalPort == "ovnext-1" } == true)
      #expect(live.staleness.isEmpty)

      // A change comes by itself.
      let before = changes.load(ordering: .relaxed)
      try field.network.setTimers(BFDTimers(milliseconds: 300), of: OVNField.gateway1)
      let isChanged = waitUntil(timeout: .seconds(30)) {
        changes.load(ordering: .relaxed) > before && live.facts().ovn.northbound.value?.bfd.first?.minTx == 300
      }
      #expect(isChanged)
      // The chassis learns another southbound database, which is not there.
      try field.chassis.vsctl("set", "open", ".", "external_ids:ovn-remote=unix:/nonexistent/sb.sock")
      let isGone = waitUntil(timeout: .seconds(30)) {
        live.facts().ovn.southbound.reason?.hasSuffix("(the address is from ovn-remote)") == true
      }
      #expect(isGone, "\(live.facts().ovn.southbound)")
    }
  }

  @Test func keepWhatTheyKnowWhenAServerIsGone() throws {
    try OVNField.with("stale") { field in
      let live = LiveCluster(field.options) {}
      defer { live.close() }
      #expect(waitUntil(timeout: .seconds(30)) { live.facts().ovn.northbound.value != nil })
      field.central.killDatabase("nb")
      #expect(
        waitUntil(timeout: .seconds(30)) {
          live.facts().ovn.northbound.value?.logicalRouter.first?.name == "vpc1"
            && live.staleness.first?.part == "OVN_Northbound"
        })
      let stale = try #require(live.staleness.first)
      #expect(abs(Int64(time(nil)) - stale.since) < 60 && !stale.reason.isEmpty)
      try field.central.start()
      #expect(
        waitUntil(timeout: .seconds(60)) { live.facts().ovn.northbound.value != nil && live.staleness.isEmpty })
    }
  }

  @Test func sayWhatWasTriedWhereThereIsNothing() {
    var options = ClusterOptions()
    options.ovsSocket = "/nonexistent/db.sock"
    options.environment = [:]
    options.centralDirectory = "/nonexistent"
    options.kinds = [.openVSwitch, .northbound, .southbound]
    let live = LiveCluster(options) {}
    defer { live.close() }
    #expect(
      waitUntil(timeout: .seconds(20)) { live.facts().ovs.reason?.contains("No such file or directory") == true })
    #expect(live.facts().ovn.southbound.reason?.contains("OVN_DB_IPS is not set") == true)
  }
}

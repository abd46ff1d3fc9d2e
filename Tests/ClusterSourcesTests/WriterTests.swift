import Addresses
import ClusterSources
import Glibc
import Lab
import Testing

@Suite(.enabled(if: OVNField.isPossible), .serialized, .timeLimit(.minutes(5))) struct Writers {
  @Test func renewARowOfBFDUnderItsOldName() throws {
    try OVNField.with("renew") { field in
      try field.network.plug(1, into: field.gateway, at: field.chassis)
      try field.network.watch(OVNField.gateway1, BFDTimers(milliseconds: 100))
      let row = try field.northbound("BFD", "_uuid")
      try field.central.nbctl("set", "BFD", row, "external_ids:vendor=kube-ovn")
      let route = try field.northbound("Logical_Router_Static_Route", "_uuid")
      try field.central.nbctl(
        "set", "Logical_Router_Static_Route", route, "external_ids:keep=me")
      try field.central.wait(for: "down", of: OVNField.gateway1)
      let before = try #require(try field.central.session(with: OVNField.gateway1)).discriminator
      // What nobody corrects while no ovn-controller lives.
      field.chassis.killController()
      let sb = try field.central.sbctl("--bare", "--columns=_uuid", "list", "BFD")
      try field.central.sbctl("set", "BFD", sb.filter { !$0.isWhitespace }, "status=up")
      try field.central.wait(for: "up", of: OVNField.gateway1)

      #expect(try field.writer().renew(bfd: row) == row)
      try field.central.wait(for: "down", of: OVNField.gateway1)
      #expect(try field.northbound("BFD", "_uuid") == row)
      #expect(try field.northbound("BFD", "min_tx") == "100")
      #expect(try field.northbound("BFD", "external_ids") == "vendor=kube-ovn")
      #expect(try field.northbound("Logical_Router_Static_Route", "bfd") == row)
      #expect(try field.northbound("Logical_Router_Static_Route", "external_ids") == "keep=me")
      #expect(try field.central.session(with: OVNField.gateway1)?.discriminator != before)
    }
  }

  /// When northd sees both transactions at once it is its version's affair what becomes of the status; but nothing is left half
  /// done.
  @Test func sayWhenNorthdDoesNotFollow() throws {
    try OVNField.with("slow") { field in
      try field.network.watch(OVNField.gateway1, BFDTimers(milliseconds: 100))
      let row = try field.northbound("BFD", "_uuid")
      try field.central.wait(for: "down", of: OVNField.gateway1)
      field.chassis.killController()
      let session = try field.central.sbctl("--bare", "--columns=_uuid", "list", "BFD").filter { !$0.isWhitespace }
      try field.central.sbctl("set", "BFD", session, "status=up")
      try field.central.wait(for: "up", of: OVNField.gateway1)
      let writer = try field.writer()
      field.central.pauseNorthd()
      let error = #expect(throws: ClusterWriteError.self) {
        try writer.renew(bfd: row, timeout: .milliseconds(300))
      }
      #expect(error?.message.contains("northd did not follow") == true, "\(error?.message ?? "")")
      #expect(try field.northbound("BFD", "_uuid") == row)
      #expect(try field.northbound("Logical_Router_Static_Route", "bfd") == row)
      #expect(try field.northbound("Logical_Router_Static_Route", "external_ids") == "")
      field.central.resumeNorthd()
      try writer.renew(bfd: row)
      try field.central.wait(for: "down", of: OVNField.gateway1)
    }
  }

  @Test func finishWhatAnotherHasBegun() throws {
    try OVNField.with("finish") { field in
      try field.network.watch(OVNField.gateway1, BFDTimers(milliseconds: 250))
      let row = try field.northbound("BFD", "_uuid")
      let route = try field.northbound("Logical_Router_Static_Route", "_uuid")
      // As one that died between the two transactions leaves it.
      let note = "id=\(row)&at=1700000000&tx=250&rx=250&mult=3&e.vendor=kube-ovn"
      try field.central.nbctl(
        "clear", "Logical_Router_Static_Route", route, "bfd", "--", "destroy", "BFD", row, "--", "set",
        "Logical_Router_Static_Route", route,
        "external_ids:\"everway-renews-bfd:\(OVNNetwork.routerPort)|\(OVNField.gateway1)\"=\"\(note)\"")
      let writer = try field.writer()
      #expect(try writer.finishRenewals(now: 1_700_000_030).isEmpty)
      #expect(
        try writer.finishRenewals(now: 1_700_000_100) == ["\(OVNNetwork.routerPort) \(OVNField.gateway1)"])
      #expect(try field.northbound("BFD", "_uuid") == row)
      #expect(try field.northbound("BFD", "min_rx") == "250")
      #expect(try field.northbound("BFD", "external_ids") == "vendor=kube-ovn")
      #expect(try field.northbound("Logical_Router_Static_Route", "bfd") == row)
      #expect(try field.northbound("Logical_Router_Static_Route", "external_ids") == "")
      // Somebody else made the row meanwhile.
      try field.central.nbctl(
        "clear", "Logical_Router_Static_Route", route, "bfd", "--", "destroy", "BFD", row, "--", "set",
        "Logical_Router_Static_Route", route,
        "external_ids:\"everway-renews-bfd:\(OVNNetwork.routerPort)|\(OVNField.gateway1)\"=\"\(note)\"")
      let other = try field.central.nbctl(
        "create", "BFD", "logical_port=\(OVNNetwork.routerPort)", "dst_ip=\"\(OVNField.gateway1)\"")
      try writer.finishRenewals(now: 1_700_000_100)
      #expect(try field.northbound("Logical_Router_Static_Route", "bfd") == other.filter { !$0.isWhitespace })
    }
  }

  @Test func changeRoutesAndPorts() throws {
    try OVNField.with("route") { field in
      try field.network.watch(OVNField.gateway1, BFDTimers(milliseconds: 100))
      let row = try field.northbound("BFD", "_uuid")
      let route = try field.northbound("Logical_Router_Static_Route", "_uuid")
      let writer = try field.writer()
      try writer.setBFD(nil, ofRoute: route)
      #expect(try field.northbound("Logical_Router_Static_Route", "bfd") == "")
      try writer.setBFD(row, ofRoute: route)
      #expect(try field.northbound("Logical_Router_Static_Route", "bfd") == row)
      let missing = #expect(throws: ClusterWriteError.self) {
        try writer.setBFD("00000000-0000-0000-0000-000000000001", ofRoute: route)
      }
      #expect(missing?.kind == .notFound)
      try writer.setSymmetricReply(true, ofRoute: route)
      #expect(try field.northbound("Logical_Router_Static_Route", "options") == "ecmp_symmetric_reply=true")
      try writer.setSymmetricReply(false, ofRoute: route)
      #expect(try field.northbound("Logical_Router_Static_Route", "options") == "")

      try writer.addGatewayChassis("node2", toPort: OVNNetwork.routerPort, priority: 90)
      try writer.addGatewayChassis("node2", toPort: OVNNetwork.routerPort, priority: 80)
      #expect(try field.northbound("Gateway_Chassis", "priority", "chassis_name=node2") == "90")
      #expect(throws: ClusterWriteError.self) {
        try writer.addGatewayChassis("node2", toPort: "nobody", priority: 90)
      }
      // A next hop that nobody watches.
      try field.central.nbctl(
        "--ecmp", "--policy=src-ip", "lr-route-add", "vpc1", "192.168.0.0/24", "10.79.0.102", OVNNetwork.routerPort)
      let bare = try field.northbound("Logical_Router_Static_Route", "_uuid", "nexthop=10.79.0.102")
      let made = try writer.supervise(
        route: bare, port: OVNNetwork.routerPort, nexthop: "10.79.0.102", interval: 100, multiplier: 3)
      #expect(try field.northbound("BFD", "_uuid", "dst_ip=10.79.0.102") == made)
      #expect(try field.northbound("Logical_Router_Static_Route", "bfd", "nexthop=10.79.0.102") == made)
    }
  }

  @Test func plugPortsIntoOpenVSwitch() throws {
    try OVNField.with("plug") { field in
      let writer = try OVSWriter(socket: field.ovsSocket)
      let ids = ["iface-id": "node1", "ip": "10.79.0.101", "pod_netns": "/var/run/netns/ovnext"]
      #expect(try writer.ensureInternalPort("ovnext0", bridge: "br-int", externalIDs: ids))
      #expect(try field.chassis.vsctl("get", "interface", "ovnext0", "external_ids:ip").contains("10.79.0.101"))
      #expect(try !writer.ensureInternalPort("ovnext0", bridge: "br-int", externalIDs: ids), "it is there already")
      #expect(try writer.ensureInternalPort("ovnext0", bridge: "br-int", externalIDs: ["iface-id": "node9"]))
      let text = try field.chassis.vsctl("get", "interface", "ovnext0", "external_ids")
      #expect(text.contains("node9") && text.contains("pod_netns"))
      try writer.setExternalIDs(["ip": nil], ofInterface: "ovnext0")
      #expect(try !field.chassis.vsctl("get", "interface", "ovnext0", "external_ids").contains("ip="))
      #expect(throws: ClusterWriteError.self) { try writer.setExternalIDs(["a": "b"], ofInterface: "nobody") }

      try field.chassis.vsctl("add-br", "br-external", "--", "set", "bridge", "br-external", "datapath_type=netdev")
      try writer.setBridgeMapping(network: "external", bridge: "br-external")
      try writer.setBridgeMapping(network: "other", bridge: "br-external")
      try writer.setBridgeMapping(network: "external", bridge: "br-int")
      let mappings = try field.chassis.vsctl("get", "open", ".", "external_ids:ovn-bridge-mappings")
      #expect(mappings.contains("other:br-external,external:br-int"))
      let missing = #expect(throws: ClusterWriteError.self) {
        try writer.setBridgeMapping(network: "external", bridge: "br-nobody")
      }
      #expect(missing?.kind == .notFound)

      try writer.removePort("ovnext0")
      try writer.removePort("ovnext0")
      #expect(try !field.chassis.vsctl("list-ports", "br-int").contains("ovnext0"))
    }
  }
}

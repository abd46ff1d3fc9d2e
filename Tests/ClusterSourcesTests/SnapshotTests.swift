import Addresses
import Cluster
import OVSDBProtocol
import Testing

@testable import ClusterSources

@Suite struct RowsBecomeFacts {
  private static let ids = (1...9).map { RowID(high: 7, low: UInt64($0)) }

  private func snapshot(_ tables: [String: [RowID: [String: Datum]]]) -> DatabaseSnapshot {
    DatabaseSnapshot(
      tables: tables.mapValues { $0.mapValues { Row($0) } }, sequence: 1, isCurrent: true, missing: [])
  }

  @Test func ofOpenVSwitch() throws {
    let (p1, p2, i1, i2, i3) = (Self.ids[0], Self.ids[1], Self.ids[2], Self.ids[3], Self.ids[4])
    let facts = OVSFacts(
      snapshot([
        "Open_vSwitch": [
          Self.ids[8]: [
            "external_ids": ["system-id": "n1", "ovn-remote": "tcp:10.0.0.1:6642"], "ovs_version": "3.1.0"
          ]
        ],
        "Bridge": [
          Self.ids[6]: ["name": "br-int", "datapath_type": "", "ports": .rows([p1, p2])],
          Self.ids[7]: ["name": "br-ex", "datapath_type": "netdev", "ports": []]
        ],
        "Port": [
          p1: ["name": "ovnext0", "interfaces": .row(i1)], p2: ["name": "bond", "interfaces": .rows([i2, i3])]
        ],
        "Interface": [
          i1: [
            "name": "ovnext0", "type": "internal", "ofport": -1, "external_ids": ["iface-id": "n1"],
            "error": "could not open network device ovnext0 (No such device)", "mac_in_use": [], "link_state": [],
            "admin_state": "down", "mtu": []
          ],
          i2: [
            "name": "eth1", "type": "", "ofport": [], "error": [], "external_ids": [:],
            "mac_in_use": "02:00:00:00:00:01", "link_state": "up", "admin_state": "up", "mtu": 1500
          ]
        ]
      ]))
    #expect(facts.externalIDs == ["system-id": "n1", "ovn-remote": "tcp:10.0.0.1:6642"])
    #expect(facts.version == "3.1.0")
    #expect(facts.bridges.map(\.name) == ["br-ex", "br-int"])
    #expect(facts.bridges.last?.ports == ["bond", "ovnext0"])
    let row = try #require(facts.interface("ovnext0"))
    #expect(row.ofport == -1 && row.bridge == "br-int" && row.mac == nil && row.linkState == nil)
    #expect(row.error == "could not open network device ovnext0 (No such device)")
    #expect(row.externalIDs == ["iface-id": "n1"])
    let other = try #require(facts.interface("eth1"))
    #expect(other.ofport == nil && other.error == nil && other.mtu == 1500 && other.bridge == "br-int")
    #expect(other.mac == MACAddress("02:00:00:00:00:01"))
  }

  @Test func ofTheNorthboundDatabase() throws {
    let (router, port, route, bfd, policy) = (Self.ids[0], Self.ids[1], Self.ids[2], Self.ids[3], Self.ids[4])
    let north = try OVNFacts.Northbound(
      snapshot([
        "Logical_Router": [
          router: [
            "name": "vpc1", "ports": .row(port), "static_routes": .row(route), "policies": .row(policy),
            "options": [:],
            "external_ids": [:]
          ]
        ],
        "Logical_Router_Port": [
          port: [
            "name": "vpc1-external", "mac": "02:00:00:00:00:01", "networks": ["10.0.0.1/24", "fd00::1/64"],
            "gateway_chassis": [], "ha_chassis_group": [], "options": [:], "status": ["hosting-chassis": "n1"],
            "external_ids": [:]
          ]
        ],
        "Logical_Router_Static_Route": [
          route: [
            "ip_prefix": "0.0.0.0/0", "nexthop": "10.0.0.2", "policy": "src-ip", "output_port": [],
            "route_table": "",
            "bfd": .row(bfd), "options": ["ecmp_symmetric_reply": "true"], "external_ids": [:]
          ]
        ],
        "Logical_Router_Policy": [
          policy: [
            "priority": 29_100, "match": "ip4", "action": "reroute", "nexthop": [], "nexthops": "10.0.0.2",
            "bfd_sessions": .row(bfd), "options": [:], "external_ids": [:]
          ]
        ],
        "BFD": [
          bfd: [
            "logical_port": "vpc1-external", "dst_ip": "10.0.0.2", "min_tx": 100, "min_rx": [], "detect_mult": 3,
            "status": "up", "external_ids": ["vendor": "kube-ovn"]
          ]
        ]
      ]))
    #expect(north.logicalRouter.first?.ports == ["\(port)"] && north.logicalRouter.first?.policies == ["\(policy)"])
    #expect(north.logicalRouterPort.first?.status == ["hosting-chassis": "n1"])
    #expect(north.logicalRouterStaticRoute.first?.bfd == "\(bfd)" && north.logicalRouterStaticRoute[0].isSymmetric)
    #expect(north.logicalRouterPolicy.first?.bfdSessions == ["\(bfd)"])
    let row = try #require(north.bfd.first)
    #expect(row.uuid == "\(bfd)" && row.minTx == 100 && row.minRx == nil && row.status == "up")
    #expect(OVNJoin(north: north, south: nil).isUsed(row))
  }

  @Test func ofAnOlderOVNAreNilWhereItHasNoColumn() throws {
    let north = try OVNFacts.Northbound(
      snapshot([
        "Logical_Router_Policy": [
          Self.ids[0]: ["priority": 1, "match": "ip4", "action": "allow", "nexthop": [], "nexthops": []]
        ]
      ]))
    #expect(north.logicalRouterPolicy.first?.bfdSessions == [])
    #expect(north.nbGlobal == nil && north.bfd.isEmpty)
    let south = try OVNFacts.Southbound(
      snapshot([
        "BFD": [
          Self.ids[0]: [
            "logical_port": "p", "dst_ip": "10.0.0.2", "disc": 4_294_967_295, "src_port": 49_152, "min_tx": 100,
            "min_rx": 100, "detect_mult": 3, "status": "down"
          ]
        ],
        "Chassis": [Self.ids[1]: ["name": "n1", "hostname": "node1", "external_ids": [:]]]
      ]))
    #expect(south.bfd.first?.disc == .max && south.bfd.first?.chassisName == nil)
    #expect(south.chassis.first?.otherConfig == [:])
  }

  @Test func portsOfPodsAreNotAskedFor() throws {
    let wanted = OVNFacts.Southbound.tables(ports: ["node1"]).first { $0.table == "Port_Binding" }
    #expect(
      wanted?.anyOf.map(\.value) == ["chassisredirect", "localnet", "l3gateway", "patch", "node1"])
  }
}

@Suite struct NotesOfRenewals {
  @Test func sayAllThatTheRowWas() throws {
    let row = Row([
      "logical_port": "vpc1-external", "dst_ip": "fd00::2", "min_tx": 100, "min_rx": 200, "detect_mult": [],
      "options": ["a": "b"], "external_ids": ["vendor": "kube-ovn", "x=&%": "ü=&"]
    ])
    let note = try #require(RenewalNote(row, id: RowID(high: 1, low: 2), begunAt: 1_700_000_000))
    #expect(RenewalNote(key: note.key, value: note.value) == note)
    #expect(note.key == "everway-renews-bfd:vpc1-external|fd00::2")
    #expect(note.row["min_rx"] == 200 && note.row["detect_mult"] == nil)
    #expect(note.row["external_ids"] == ["vendor": "kube-ovn", "x=&%": "ü=&"])
  }

  @Test(arguments: ["", "id=1", "at=5", "id=00000000-0000-0001-0000-000000000002&at=%", "x"])
  func ofOthersAreNone(_ value: String) {
    #expect(RenewalNote(key: "everway-renews-bfd:p|10.0.0.1", value: value) == nil)
    #expect(RenewalNote(key: "vendor", value: "id=00000000-0000-0001-0000-000000000002&at=1") == nil)
  }
}

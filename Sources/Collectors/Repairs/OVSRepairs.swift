import Cluster
import Doctor
import Glibc

/// Repairs in the node's Open_vSwitch database.
enum OVSRepairs {
  static func apply(_ action: RepairAction, socket: String) throws(RepairError) {
    do throws(OVSDBError) {
      switch action {
      case .plugInternalPort(let bridge, let interface, let externalIDs):
        try plug(interface, bridge, externalIDs, socket)
      case .setOVSExternalID(let interface, let key, let value):
        try setExternalID(interface, key, value, socket)
      default: throw OVSDBError(message: "nothing of Open vSwitch: \(action)")
      }
    } catch {
      throw RepairError(error.message)
    }
  }

  /// What `ovs-vsctl set interface NAME external_ids:KEY=VALUE` does.
  private static func setExternalID(
    _ interface: String, _ key: String, _ value: String, _ socket: String
  ) throws(OVSDBError) {
    var connection = try OVSDBConnection(path: socket)
    let results = try connection.transact([
      mutate(
        "Interface", interface, "external_ids",
        [
          ("delete", .array([.string("set"), .array([.string(key)])])), ("insert", .map([key: value]))
        ])
    ])
    guard results.first?["count"] == .integer(1) else {
      throw OVSDBError(message: "Open_vSwitch has no interface \(interface)")
    }
  }

  /// What `ovs-vsctl --if-exists del-port` and then `add-port` do; each is waited for, as ovs-vsctl does.
  private static func plug(
    _ interface: String, _ bridge: String, _ externalIDs: [String: String], _ socket: String
  ) throws(OVSDBError) {
    var connection = try OVSDBConnection(path: socket, limit: .seconds(20))
    // The bridge that has the port is asked first: it may be another than it should be.
    let before = try connection.transact([
      OVSDBConnection.select("Port", ["_uuid"], where: [equal("name", interface)]),
      OVSDBConnection.select("Bridge", ["_uuid", "name", "ports"])
    ])
    let bridges = before[1]["rows"]?.array ?? []
    guard bridges.contains(where: { $0["name"] == .string(bridge) }) else {
      throw OVSDBError(message: "Open_vSwitch has no bridge \(bridge)")
    }
    if let port = before[0]["rows"]?.array?.first?["_uuid"] {
      let holders = bridges.filter { $0["ports"]?.set.contains(port) == true }.compactMap { $0["name"]?.string }
      // Nothing is taken away before vswitchd has shown that it listens.
      try change([], &connection)
      // Rows that nothing refers to any more go by themselves (RFC 7047 section 3.2, isRoot). Whatever happens to it, the
      // port is put in again: a configuration without it would be worse than before.
      do throws(OVSDBError) {
        try change(holders.map { mutate("Bridge", $0, "ports", [("delete", port)]) }, &connection)
      } catch {
        connection = try OVSDBConnection(path: socket, limit: .seconds(20))
      }
    }
    try change(
      [
        .object([
          "op": .string("insert"), "table": .string("Interface"), "uuid-name": .string("iface"),
          "row": .object([
            "name": .string(interface), "type": .string("internal"), "external_ids": .map(externalIDs)
          ])
        ]),
        .object([
          "op": .string("insert"), "table": .string("Port"), "uuid-name": .string("port"),
          "row": .object([
            "name": .string(interface), "interfaces": .array([.string("named-uuid"), .string("iface")])
          ])
        ]), mutate("Bridge", bridge, "ports", [("insert", .array([.string("named-uuid"), .string("port")]))])
      ], &connection)
    let after = try connection.transact([
      OVSDBConnection.select("Interface", ["ofport", "error"], where: [equal("name", interface)])
    ])
    let row = after[0]["rows"]?.array?.first
    guard let port = row?["ofport"]?.integer, port > 0 else {
      throw OVSDBError(
        message: row?["error"]?.string ?? "ovs-vswitchd did not take \(interface) within 10 s: does it run?")
    }
  }

  /// Changes the configuration and waits until vswitchd has taken it up: it sets cur_cfg to next_cfg.
  private static func change(
    _ operations: [OVSDBValue], _ connection: inout OVSDBConnection
  ) throws(OVSDBError) {
    let results = try connection.transact(
      operations + [
        .object([
          "op": .string("mutate"), "table": .string("Open_vSwitch"), "where": .array([]),
          "mutations": .array([.array([.string("next_cfg"), .string("+="), .integer(1)])])
        ]), OVSDBConnection.select("Open_vSwitch", ["next_cfg"])
      ])
    let wanted = results[operations.count + 1]["rows"]?.array?.first?["next_cfg"]?.integer ?? 0
    for _ in 0..<200 {
      let now = try connection.transact([OVSDBConnection.select("Open_vSwitch", ["cur_cfg"])])
      if let current = now[0]["rows"]?.array?.first?["cur_cfg"]?.integer, current >= wanted { return }
      usleep(50_000)
    }
    throw OVSDBError(message: "ovs-vswitchd did not take up the change within 10 s: does it run?")
  }

  private static func equal(_ column: String, _ value: String) -> OVSDBValue {
    .array([.string(column), .string("=="), .string(value)])
  }

  private static func mutate(
    _ table: String, _ name: String, _ column: String, _ mutations: [(String, OVSDBValue)]
  ) -> OVSDBValue {
    .object([
      "op": .string("mutate"), "table": .string(table), "where": .array([equal("name", name)]),
      "mutations": .array(mutations.map { .array([.string(column), .string($0.0), $0.1]) })
    ])
  }
}

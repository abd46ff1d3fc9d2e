public import OVSDB
import OVSDBProtocol

/// Writes the node's Open_vSwitch database. Each call blocks: up to 5 s for the database, 10 s for ovs-vswitchd.
public struct OVSWriter: Sendable {
  private let writer: DatabaseWriter

  /// On a connection that somebody else keeps.
  public init(_ client: OVSDBClient) { writer = DatabaseWriter(client) }

  /// - Parameter socket: a path.
  public init(socket: String = ClusterOptions.defaultOVSSocket) throws(ClusterWriteError) {
    writer = try DatabaseWriter(
      DatabasePlace(connection: "unix:\(socket)", source: ""), database: "Open_vSwitch")
  }

  private static let root = "Open_vSwitch"

  /// What `ovs-vsctl --may-exist add-port BRIDGE NAME -- set interface NAME type=internal external_ids:...` does; returns
  /// when ovs-vswitchd has made the port.
  ///
  /// A port of that name on another bridge, or of another type, is taken out first; so is any with `anew`.
  /// - Returns: whether anything was changed.
  @discardableResult
  public func ensureInternalPort(
    _ name: String, bridge: String, externalIDs: [String: String], anew: Bool = false
  ) throws(ClusterWriteError) -> Bool {
    let what = "add port \(name) to \(bridge)"
    let found = try writer.commit(
      what,
      [
        .select(table: "Port", where: [named(name)], columns: ["_uuid", "interfaces"]),
        .select(table: "Bridge", columns: ["_uuid", "name", "ports"]),
        .select(table: "Interface", where: [named(name)], columns: ["_uuid", "type", "ofport", "external_ids"])
      ])
    guard let wanted = found[1].rows.first(where: { $0.row.string("name") == bridge }), let bridgeID = wanted.id
    else { throw ClusterWriteError("Open_vSwitch has no bridge \(bridge)", .notFound) }
    let port = found[0].rows.first
    let interface = found[2].rows.first
    if let portID = port?.id {
      let isGood =
        wanted.row.references("ports").contains(portID) && interface?.row.string("type") == "internal"
        && (interface?.row.integer("ofport") ?? 0) > 0
      if isGood, !anew {
        let present = interface?.row.strings("external_ids") ?? [:]
        let missing = externalIDs.filter { present[$0.key] != $0.value }
        guard !missing.isEmpty else { return false }
        try setExternalIDs(missing, ofInterface: name)
        return true
      }
      // Nothing is taken away before vswitchd has shown that it listens.
      try change(what, [])
      // Rows that nothing refers to any more go by themselves (RFC 7047 section 3.2, isRoot). Whatever happens to it, the
      // port is put in again: a configuration without it would be worse than before.
      try? remove(portID, holders: found[1].rows, what)
    }
    try change(
      what,
      [
        .insert(
          table: "Interface",
          row: Row(["name": .string(name), "type": "internal", "external_ids": .strings(externalIDs)]),
          name: "iface"),
        .insert(table: "Port", row: Row(["name": .string(name), "interfaces": .named("iface")]), name: "port"),
        .mutate(
          table: "Bridge", where: [.id(bridgeID)], mutations: [Mutation("ports", .insert, .named("port"))])
      ])
    let after = try writer.select(what, "Interface", where: [named(name)], ["ofport", "error"]).first?.row
    guard let number = after?.integer("ofport"), number > 0 else {
      throw ClusterWriteError(
        after?.string("error") ?? "ovs-vswitchd did not take \(name) within 10 s: does it run?")
    }
    return true
  }

  /// What `ovs-vsctl --if-exists del-port NAME` does.
  public func removePort(_ name: String) throws(ClusterWriteError) {
    let what = "remove port \(name)"
    let found = try writer.commit(
      what,
      [
        .select(table: "Port", where: [named(name)], columns: ["_uuid"]),
        .select(table: "Bridge", columns: ["_uuid", "name", "ports"])
      ])
    guard let port = found[0].rows.first?.id else { return }
    try remove(port, holders: found[1].rows, what)
  }

  private func remove(
    _ port: RowID, holders: [OperationResult.SelectedRow], _ what: String
  ) throws(ClusterWriteError) {
    let bridges = holders.filter { $0.row.references("ports").contains(port) }.compactMap(\.id)
    try change(
      what,
      bridges.map {
        .mutate(table: "Bridge", where: [.id($0)], mutations: [Mutation("ports", .delete, .row(port))])
      })
  }

  /// What `ovs-vsctl set interface NAME external_ids:KEY=VALUE` does.
  public func setExternalIDs(
    _ values: [String: String?], ofInterface name: String
  ) throws(ClusterWriteError) {
    let results = try writer.commit(
      "set external_ids of \(name)", [.setKeys("Interface", where: [named(name)], "external_ids", values)])
    guard results.first?.count == 1 else {
      throw ClusterWriteError("Open_vSwitch has no interface \(name)", .notFound)
    }
  }

  /// What `ovs-vsctl set open_vswitch . external_ids:KEY=VALUE` does.
  public func setExternalIDs(_ values: [String: String?]) throws(ClusterWriteError) {
    try writer.commit("set external_ids", [.setKeys(Self.root, where: [], "external_ids", values)])
  }

  /// Adds one to `ovn-bridge-mappings`, or changes its bridge.
  /// - Throws: `.notFound` where there is no such bridge.
  public func setBridgeMapping(network: String, bridge: String) throws(ClusterWriteError) {
    let what = "set the bridge of network \(network)"
    let key = "ovn-bridge-mappings"
    guard !(try writer.select(what, "Bridge", where: [named(bridge)], ["name"])).isEmpty else {
      throw ClusterWriteError("Open_vSwitch has no bridge \(bridge)", .notFound)
    }
    let present = try writer.select(what, Self.root, ["external_ids"]).first
    let old = present?.row.string("external_ids", key: key) ?? ""
    guard let id = present?.id else { throw ClusterWriteError("Open_vSwitch is empty", .notFound) }
    let kept = old.split(separator: ",").filter { !$0.hasPrefix(network + ":") }.map(String.init)
    let new = (kept + ["\(network):\(bridge)"]).joined(separator: ",")
    guard new != old else { return }
    let ids = present?.row["external_ids"] ?? .map([:])
    try writer.commit(
      what,
      [
        .assert(Self.root, id, Row(["external_ids": ids])),
        .setKeys(Self.root, where: [.id(id)], "external_ids", [key: new])
      ])
  }

  // MARK: ovs-vswitchd

  /// Changes the configuration and waits until vswitchd has taken it up: it sets cur_cfg to next_cfg.
  private func change(_ what: String, _ operations: [DatabaseOperation]) throws(ClusterWriteError) {
    let results = try writer.commit(
      what,
      operations + [
        .mutate(table: Self.root, where: [], mutations: [Mutation("next_cfg", .add, 1)]),
        .select(table: Self.root, columns: ["next_cfg"])
      ])
    let wanted = results.last?.rows.first?.row.integer("next_cfg") ?? 0
    let isDone = try writer.wait(.seconds(10)) { () throws(ClusterWriteError) in
      try (writer.select(what, Self.root, ["cur_cfg"]).first?.row.integer("cur_cfg") ?? 0) >= wanted
    }
    guard isDone else {
      throw ClusterWriteError("ovs-vswitchd did not take up the change within 10 s: does it run?")
    }
  }

  private func named(_ name: String) -> Condition { Condition("name", .equal, .string(name)) }
}

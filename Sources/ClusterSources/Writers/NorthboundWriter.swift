public import OVSDB
import OVSDBProtocol

/// Writes OVN's northbound database. Each call blocks, up to 5 s for a transaction.
///
/// A change stands on what was read before it: when that is no longer so, nothing is done, and the error is a `.conflict`.
public struct NorthboundWriter: Sendable {
  let north: DatabaseWriter
  /// To see when northd has followed; nil where it cannot be reached.
  let south: DatabaseWriter?

  /// On connections that somebody else keeps.
  public init(_ northbound: OVSDBClient, southbound: OVSDBClient?) {
    north = DatabaseWriter(northbound)
    south = southbound.map { DatabaseWriter($0) }
  }

  public init(_ northbound: DatabasePlace, southbound: DatabasePlace?) throws(ClusterWriteError) {
    north = try DatabaseWriter(northbound, database: "OVN_Northbound")
    if let southbound { south = try DatabaseWriter(southbound, database: "OVN_Southbound") } else { south = nil }
  }

  static let routes = "Logical_Router_Static_Route"
  static let policies = "Logical_Router_Policy"
  static let ports = "Logical_Router_Port"

  /// Makes a route supervised by a row of BFD.
  /// - Parameters:
  ///   - route: the row's UUID.
  ///   - bfd: the row's UUID; nil: by none.
  ///   - untilUp: how long to wait for the session to come up; when it does not, the route is as it was before, since OVN
  ///     withdraws one whose session is down. nil: it stays however that ends.
  public func setBFD(
    _ bfd: String?, ofRoute route: String, untilUp patience: Duration? = nil
  ) throws(ClusterWriteError) {
    let what = "set bfd of route \(route)"
    let id = try Self.id(route, what)
    let present = try row(Self.routes, id, ["bfd"], what)
    var operations: [DatabaseOperation] = [.assert(Self.routes, id, present)]
    var value = Datum.empty
    if let bfd {
      let wanted = try Self.id(bfd, what)
      // The reference is weak: one to a row that is not there would vanish without a word.
      operations.append(.assert("BFD", wanted, try row("BFD", wanted, ["logical_port", "dst_ip"], what)))
      value = .row(wanted)
    }
    guard present["bfd"] != value else { return }
    try north.commit(what, operations + [.update(table: Self.routes, where: [.id(id)], row: Row(["bfd": value]))])
    guard let bfd, let patience else { return }
    try awaitUp(bfd, patience, what) { () throws(ClusterWriteError) in
      try north.commit(
        what,
        [
          .assert(Self.routes, id, Row(["bfd": value])),
          .update(table: Self.routes, where: [.id(id)], row: Row(["bfd": present["bfd"] ?? .empty]))
        ])
    }
  }

  /// - Parameter undo: what is done when the time is over.
  private func awaitUp(
    _ bfd: String, _ patience: Duration, _ what: String, orElse undo: () throws(ClusterWriteError) -> Void
  ) throws(ClusterWriteError) {
    let id = try Self.id(bfd, what)
    var status = ""
    let isUp = try north.wait(patience) { () throws(ClusterWriteError) in
      status = try row("BFD", id, ["status"], what).string("status") ?? ""
      return status == "up"
    }
    guard !isUp else { return }
    try undo()
    throw ClusterWriteError(
      "\(what): its session did not come up within \(patience) (\(status)), so the route was left as it was: does its "
        + "next hop speak BFD?")
  }

  /// Sets `options:ecmp_symmetric_reply` of a route: answers go back the way that the question came.
  public func setSymmetricReply(_ isOn: Bool, ofRoute route: String) throws(ClusterWriteError) {
    let what = "set ecmp_symmetric_reply of route \(route)"
    let id = try Self.id(route, what)
    let present = try row(Self.routes, id, ["options"], what)
    try north.commit(
      what,
      [
        .assert(Self.routes, id, present),
        .setKeys(Self.routes, where: [.id(id)], "options", ["ecmp_symmetric_reply": isOn ? "true" : nil])
      ])
  }

  /// Lets a chassis host a port of a router, as `ovn-nbctl lrp-set-gateway-chassis` does; one that may already keeps its
  /// priority.
  /// - Parameters:
  ///   - port: its name.
  ///   - chassis: its name, the system-id of its Open_vSwitch.
  ///   - priority: 0 to 32767, the highest wins.
  public func addGatewayChassis(
    _ chassis: String, toPort port: String, priority: Int
  ) throws(ClusterWriteError) {
    let what = "add chassis \(chassis) to \(port)"
    let found = try north.commit(
      what,
      [
        .select(
          table: Self.ports, where: [Condition("name", .equal, .string(port))],
          columns: ["_uuid", "gateway_chassis"]),
        .select(
          table: "Gateway_Chassis", where: [Condition("chassis_name", .equal, .string(chassis))],
          columns: ["_uuid", "name"])
      ])
    guard let present = found[0].rows.first, let id = present.id else {
      throw ClusterWriteError("OVN has no router port \(port)", .notFound)
    }
    let own = present.row.references("gateway_chassis")
    if found[1].rows.contains(where: { row in row.id.map { own.contains($0) } ?? false }) { return }
    let row = Row([
      // The name that nbctl and Kube-OVN give.
      "name": .string("\(port)-\(chassis)"), "chassis_name": .string(chassis), "priority": .integer(Int64(priority))
    ])
    try north.commit(
      what,
      [
        .assert(Self.ports, id, present.row),
        .insert(table: "Gateway_Chassis", row: row, name: "chassis"),
        .mutate(
          table: Self.ports, where: [.id(id)], mutations: [Mutation("gateway_chassis", .insert, .named("chassis"))])
      ])
  }

  /// Supervises a next hop: makes a row of BFD where there is none, and sets it in the route.
  /// - Parameters:
  ///   - port: of the router, by name.
  ///   - interval: in milliseconds, both ways.
  ///   - untilUp: as of `setBFD`; a row that was made goes again.
  /// - Returns: the row's UUID.
  @discardableResult
  public func supervise(
    route: String, port: String, nexthop: String, interval: Int, multiplier: Int, untilUp patience: Duration? = nil
  ) throws(ClusterWriteError) -> String {
    let what = "supervise \(nexthop) from \(port)"
    let id = try Self.id(route, what)
    let present = try row(Self.routes, id, ["bfd", "nexthop"], what)
    guard present.string("nexthop") == nexthop else {
      throw ClusterWriteError("\(what): the route has another next hop by now", .conflict)
    }
    let known = try north.select(what, "BFD", where: Self.session(port, nexthop), ["logical_port"]).first?.id
    if let known {
      try setBFD(known.description, ofRoute: route, untilUp: patience)
      return known.description
    }
    let timers = Datum.integer(Int64(interval))
    let results = try north.commit(
      what,
      [
        .assert(Self.routes, id, present), .assertNone("BFD", where: Self.session(port, nexthop), column: "dst_ip"),
        .insert(
          table: "BFD",
          row: Row([
            "logical_port": .string(port), "dst_ip": .string(nexthop), "min_tx": timers, "min_rx": timers,
            "detect_mult": .integer(Int64(multiplier))
          ]), name: "session"),
        .update(table: Self.routes, where: [.id(id)], row: Row(["bfd": .named("session")]))
      ])
    let made = results[2].inserted?.description ?? ""
    if let patience {
      try awaitUp(made, patience, what) { () throws(ClusterWriteError) in
        let row = try Self.id(made, what)
        try north.commit(
          what,
          [
            .assert(Self.routes, id, Row(["bfd": .row(row)])),
            .update(table: Self.routes, where: [.id(id)], row: Row(["bfd": present["bfd"] ?? .empty])),
            .delete(table: "BFD", where: [.id(row)])
          ])
      }
    }
    return made
  }

  // MARK: Helpers

  /// The index of table BFD.
  static func session(_ port: String, _ destination: String) -> [Condition] {
    [Condition("logical_port", .equal, .string(port)), Condition("dst_ip", .equal, .string(destination))]
  }

  static func id(_ text: String, _ what: String) throws(ClusterWriteError) -> RowID {
    guard let id = RowID(text) else { throw ClusterWriteError("\(what): \"\(text)\" is no UUID") }
    return id
  }

  func row(
    _ table: String, _ id: RowID, _ columns: [String], _ what: String
  ) throws(ClusterWriteError) -> Row {
    let rows = try north.commit(what, [.select(table: table, where: [.id(id)], columns: columns)])
    guard let row = rows.first?.rows.first?.row else {
      throw ClusterWriteError("\(what): table \(table) has no row \(id) (any more)", .notFound)
    }
    return row
  }
}

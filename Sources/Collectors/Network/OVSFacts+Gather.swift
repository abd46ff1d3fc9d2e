public import Cluster
import Addresses

extension OVSFacts {
  /// Reads the node's Open_vSwitch database.
  public static func gather(_ context: CollectionContext) -> Gathered<OVSFacts> {
    do throws(OVSDBError) {
      var connection = try OVSDBConnection(path: context.ovsSocket)
      let results = try connection.transact([
        OVSDBConnection.select("Open_vSwitch", ["external_ids", "ovs_version"]),
        OVSDBConnection.select("Bridge", ["name", "datapath_type", "ports"]),
        OVSDBConnection.select("Port", ["_uuid", "name", "interfaces"]),
        OVSDBConnection.select(
          "Interface",
          [
            "_uuid", "name", "type", "ofport", "error", "external_ids", "mac_in_use", "link_state", "admin_state",
            "mtu"
          ])
      ])
      return .value(OVSFacts(results.map { $0["rows"]?.array ?? [] }))
    } catch {
      return .unavailable(error.message)
    }
  }

  /// - Parameter tables: rows of Open_vSwitch, Bridge, Port and Interface.
  init(_ tables: [[OVSDBValue]]) {
    self.init()
    guard tables.count == 4 else { return }
    externalIDs = tables[0].first?["external_ids"]?.map ?? [:]
    version = tables[0].first?["ovs_version"]?.string
    let ports = Dictionary(
      tables[2].compactMap { row in row["_uuid"]?.uuid.map { ($0, row) } }
    ) { first, _ in first }
    var bridgeOf: [String: String] = [:]
    for row in tables[1] {
      let own = (row["ports"]?.set ?? []).compactMap { $0.uuid.flatMap { ports[$0] } }
      let name = row["name"]?.string ?? ""
      bridges.append(
        Bridge(
          name: name, datapathType: row["datapath_type"]?.string ?? "",
          ports: own.compactMap { $0["name"]?.string }.sorted()))
      for interface in own.flatMap({ $0["interfaces"]?.set ?? [] }) {
        if let uuid = interface.uuid { bridgeOf[uuid] = name }
      }
    }
    interfaces = tables[3].map { Interface($0, bridge: $0["_uuid"]?.uuid.flatMap { bridgeOf[$0] }) }
    bridges.sort { $0.name < $1.name }
    interfaces.sort { $0.name < $1.name }
  }
}

extension OVSFacts.Interface {
  fileprivate init(_ row: OVSDBValue, bridge: String?) {
    self.init(name: row["name"]?.string ?? "", type: row["type"]?.string ?? "", ofport: row["ofport"]?.integer)
    self.bridge = bridge
    error = row["error"]?.string
    externalIDs = row["external_ids"]?.map ?? [:]
    mac = row["mac_in_use"]?.string.flatMap { MACAddress($0) }
    linkState = row["link_state"]?.string
    adminState = row["admin_state"]?.string
    mtu = row["mtu"]?.integer
  }
}

import Addresses
public import Cluster
public import OVSDBProtocol

extension OVSFacts {
  /// What is read of Open_vSwitch.
  public static let tables = [
    MonitoredTable("Open_vSwitch", columns: ["external_ids", "ovs_version"]),
    MonitoredTable("Bridge", columns: ["name", "datapath_type", "ports"]),
    MonitoredTable("Port", columns: ["name", "interfaces"]),
    MonitoredTable(
      "Interface",
      columns: [
        "name", "type", "ofport", "error", "external_ids", "mac_in_use", "link_state", "admin_state", "mtu"
      ])
  ]

  public init(_ snapshot: DatabaseSnapshot) {
    self.init()
    let root = snapshot.tables["Open_vSwitch"]?.values.first
    externalIDs = root?.strings("external_ids") ?? [:]
    version = root?.string("ovs_version")
    let ports = snapshot.tables["Port"] ?? [:]
    var bridgeOf: [RowID: String] = [:]
    for row in (snapshot.tables["Bridge"] ?? [:]).values {
      let own = row.references("ports").compactMap { ports[$0] }
      let name = row.string("name") ?? ""
      bridges.append(
        Bridge(
          name: name, datapathType: row.string("datapath_type") ?? "",
          ports: own.compactMap { $0.string("name") }.sorted()))
      for interface in own.flatMap({ $0.references("interfaces") }) { bridgeOf[interface] = name }
    }
    interfaces = (snapshot.tables["Interface"] ?? [:]).map { Interface($0.value, bridge: bridgeOf[$0.key]) }
    bridges.sort { $0.name < $1.name }
    interfaces.sort { $0.name < $1.name }
  }
}

extension OVSFacts.Interface {
  fileprivate init(_ row: Row, bridge: String?) {
    self.init(
      name: row.string("name") ?? "", type: row.string("type") ?? "",
      ofport: row.integer("ofport").map { Int(clamping: $0) })
    self.bridge = bridge
    error = row.string("error")
    externalIDs = row.strings("external_ids")
    mac = row.string("mac_in_use").flatMap { MACAddress($0) }
    linkState = row.string("link_state")
    adminState = row.string("admin_state")
    mtu = row.integer("mtu").map { Int(clamping: $0) }
  }
}

extension Row {
  /// A map from strings to strings; empty when the column holds something else or nothing.
  func strings(_ column: String) -> [String: String] {
    guard case .map(let map) = columns[column] else { return [:] }
    var result: [String: String] = Dictionary(minimumCapacity: map.count)
    for case (.string(let key), .string(let value)) in map { result[key] = value }
    return result
  }
}

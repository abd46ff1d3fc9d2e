public import Addresses
public import Languages

/// Whether a repair may be made without asking.
public enum RepairClass: String, Codable, Hashable, Sendable {
  /// Safe: `--fix` makes it.
  case automatic
  /// `--fix` asks first; `--yes` answers.
  case guarded
  /// Only a person can.
  case manual
  /// There is nothing to repair.
  case none
}

/// What mends a finding.
public struct Remedy: Codable, Hashable, Sendable {
  public var repair: RepairClass
  /// In order.
  public var steps: [RepairStep]

  public init(repair: RepairClass, steps: [RepairStep]) {
    self.repair = repair
    self.steps = steps
  }

  /// What everway itself can do of it.
  public var actions: [RepairAction] { steps.compactMap(\.action) }
}

/// One step of a repair.
public struct RepairStep: Codable, Hashable, Sendable {
  /// What it does, a sentence without a full stop; nil when the command speaks for itself.
  public var words: Words?
  /// What a person would type; nil when it is no command.
  public var command: String?
  /// What `--fix` does; nil when only a person can.
  public var action: RepairAction?

  public init(_ words: Words? = nil, command: String? = nil, action: RepairAction? = nil) {
    self.words = words
    self.command = command
    self.action = action
  }
}

/// How the body of a patch is meant.
public enum PatchKind: String, Codable, Hashable, Sendable {
  /// RFC 7386.
  case merge
  /// RFC 6902.
  case json
}

/// An effect that `--fix` can have. Values, so that a diagnosis stays pure; `Collectors` carries them out.
///
/// `namespace` is a name below /run/netns, nil the namespace everway was started in.
public enum RepairAction: Codable, Hashable, Sendable {
  /// What `everway netns repair` does. `marks`: interfaces by which the right namespace is known.
  /// `question` is the one that was answered with yes; when another would have to be asked by now, nothing is done.
  case repairNamespace(name: String, marks: [String], question: Words?)
  case setSysctl(namespace: String?, name: String, value: String)
  case setLinkUp(namespace: String?, link: String)
  /// From the node into the namespace, under the name it has inside.
  case moveLink(outsideName: String, namespace: String, name: String)
  case addAddress(namespace: String?, link: String, address: IPPrefix)
  case removeAddress(namespace: String?, link: String, address: IPPrefix)
  case setMAC(namespace: String?, link: String, address: MACAddress)
  case setMTU(namespace: String?, link: String, octets: Int)
  case replaceDefaultRoute(namespace: String?, gateway: IPAddress, link: String)
  case removeLink(namespace: String?, link: String)
  /// The kernel asks for it anew when it is needed.
  case removeNeighbour(namespace: String?, link: String, address: IPAddress)
  /// Makes an internal port of a bridge anew, in the node's Open_vSwitch database; one that is there is taken out first.
  case plugInternalPort(bridge: String, interface: String, externalIDs: [String: String])
  /// Of a row of table Interface in the node's Open_vSwitch database.
  case setOVSExternalID(interface: String, key: String, value: String)
  /// What `ovn-nbctl set logical_router_static_route ROUTE bfd=ROW` does; taken back when the session does not come up.
  case superviseRoute(route: String, row: String)
  /// Makes a row of BFD for the next hop, where there is none, and sets it in the route; taken back when the session does
  /// not come up. The interval is in milliseconds.
  case superviseNexthop(route: String, port: String, nexthop: String, interval: Int, multiplier: Int)
  /// Makes a row of OVN's BFD anew, under its UUID, in all routes and policies that use it.
  case renewBFD(row: String)
  /// What `ovn-nbctl lrp-set-gateway-chassis PORT CHASSIS PRIORITY` does; a chassis that is there keeps its priority.
  case addGatewayChassis(port: String, chassis: String, priority: Int)
  /// Of the node's Open_vSwitch, in `ovn-bridge-mappings`; the bridge must be there.
  case setBridgeMapping(network: String, bridge: String)
  /// A change of one of the cluster's objects; `body` is JSON.
  case patchObject(path: String, kind: PatchKind, body: String)
  /// What `conntrack -D --reply-dst ADDRESS` does in that namespace.
  case forgetConnections(namespace: String?, address: IPAddress)
  /// What `bfdd-control COMMAND` does in that namespace.
  case controlBeacon(namespace: String?, arguments: [String])
  /// What `systemctl start NAME` does.
  case startService(name: String)
  /// What `nft delete rule FAMILY TABLE CHAIN handle N` does in that namespace.
  case acceptUDPBefore(namespace: String?, family: String, table: String, chain: String, handle: Int, port: UInt16)
  /// What `nft insert rule FAMILY TABLE CHAIN udp dport PORT accept` does in that namespace.
  case acceptUDP(namespace: String?, family: String, table: String, chain: String, port: UInt16)
  /// Takes the CPU quota off a control group: `path` is its directory.
  case liftCPULimit(path: String)
}

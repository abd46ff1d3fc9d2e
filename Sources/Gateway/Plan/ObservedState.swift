import Addresses
import Netlink
import NamespaceDiagnosis
import NetworkNamespaces

/// What there is in the kernel, as far as a ``DesiredState`` looks at it. Interfaces go by name, not by index: a link may
/// get another index when it is moved.
struct ObservedState: Hashable, Sendable {
  var place: Place = .present
  /// In the gateway's namespace, by name.
  var inside: [String: ObservedLink] = [:]
  /// In the namespace everway was started in; empty when that is the gateway's own.
  var outside: [String: ObservedLink] = [:]
  /// Those that are desired. One that is not in here could not be looked at (its namespace is not there yet).
  var sysctls: [Sysctl: SysctlState] = [:]
  /// Of every protocol.
  var nextHops: [UInt32: ObservedNextHop] = [:]
  var routes = ObservedRoutes()
  /// Of protocol everway.
  var rules: [Rule] = []

  /// Where the gateway is to live.
  enum Place: Hashable, Sendable {
    case absent
    case present
    /// We hold it open, but its name is gone.
    case unnamed
    /// We hold one open, and its name leads to another.
    case replaced
    /// And what mends it.
    case broken(NamespaceFault, NamespaceRepair)
  }
}

struct ObservedLink: Hashable, Sendable {
  var name: String
  var mtu: UInt32 = 1500
  /// Nil when the driver does not say.
  var maximumMTU: UInt32?
  var mac: MACAddress?
  var isUp = false
  /// Only meaningful while up.
  var hasCarrier = true
  /// Made by a program, and without a carrier once that has ended: the internal ports of Open vSwitch's userspace datapath.
  var isTap = false
  /// Name of the bridge or bond it belongs to.
  var master: String?
  /// A default route leads out of it; only looked at outside, before something is moved.
  var carriesDefaultRoute = false
  var addresses: [ObservedAddress] = []

  func address(_ prefix: IPPrefix) -> ObservedAddress? { addresses.first { $0.prefix == prefix } }
}

struct ObservedAddress: Hashable, Sendable {
  /// Host bits kept.
  var prefix: IPPrefix
  /// IPv4: goes with the first address of its subnet, unless promote_secondaries is set.
  var isSecondary = false
  /// IPv6: another host has it (duplicate address detection failed).
  var isDuplicate = false
}

enum SysctlState: Hashable, Sendable {
  case absent
  case value(String, isWritable: Bool)
  /// Not in this namespace: the machine has it once, with this value.
  case machineWide(String)
}

struct ObservedNextHop: Hashable, Sendable {
  var id: UInt32
  var `protocol`: RouteProtocol = .everway
  var kind: Kind

  enum Kind: Hashable, Sendable {
    case gateway(IPAddress, interface: String)
    case group([NextHop.Member], NextHop.GroupType)
    /// A blackhole, or an interface alone.
    case other
  }

  var isGroup: Bool {
    if case .group = kind { true } else { false }
  }
}

/// The routes that matter: ours, and those that stand where ours should.
struct ObservedRoutes: Hashable, Sendable {
  /// Of protocol everway.
  var own: [RouteKey: ObservedRoute] = [:]
  /// Of protocol everway too, with a key that is in `own` already.
  var duplicates: [ObservedRoute] = []
  /// Of other protocols, with the key of a desired one.
  var foreign: [RouteKey: ObservedRoute] = [:]

  mutating func insert(own route: ObservedRoute) {
    // The kernel lists them in the order in which it uses them.
    if own[route.key] == nil { own[route.key] = route } else { duplicates.append(route) }
  }
}

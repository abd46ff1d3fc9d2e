import Addresses

/// The file as it was decoded, before names are looked up: what could not be decoded is nil, and has been reported.
struct Draft {
  let report: Report
  var namespace: GatewayConfiguration.Namespace = .named("ovnext")
  var interfaces: [InterfaceDraft] = []
  var egressSysctls = true
  var sysctls: [Located<GatewayConfiguration.Sysctl>] = []
  var bfdTimers = TimersDraft()
  var listen: [Located<IPAddress>]?
  /// Profiles by name, as they are written.
  var profiles: [String: Table] = [:]
  var profileNames: [Located<String>] = []
  var dampening: GatewayConfiguration.Dampening?
  var peers: [PeerDraft] = []
  var allow: [AllowDraft] = []
  var reflectors: [ReflectorDraft] = []
  var openBFDDControl = false
  var keyChains: [KeyChainDraft] = []
  var hasBrokenKeyChains = false
  var paths: [PathDraft] = []
  /// Some path has no name that could be read, so a reference to it is no error of its own.
  var hasBrokenPaths = false
  var hasBrokenPeers = false
  /// Made when everything is decoded.
  var index = DraftIndex()
  var groups: [GroupDraft] = []
  var routes: [RouteDraft] = []
  var rules: [RuleDraft] = []
  var uplinks: [UplinksDraft] = []
  var drain = GatewayConfiguration.Drain()
  var control = GatewayConfiguration.Control()
  var realtime = GatewayConfiguration.Realtime()
  var capture = GatewayConfiguration.Capture()
  var observe: GatewayConfiguration.Observe?
  var startupGrace: Duration = .seconds(10)
}

struct InterfaceDraft {
  var name: Located<String>?
  var from: Located<String>?
  var addresses: [Located<IPPrefix>] = []
  /// Some address could not be read: nothing can be said about what is on this interface.
  var hasBrokenAddresses = false
  var mtu: Located<Int>?
  var mac: MACAddress?
  var up = true
}

/// The timers that were written; the others come from the defaults.
struct TimersDraft {
  var transmitInterval: Duration?
  var receiveInterval: Duration?
  var detectMultiplier: Int?
  /// Nil inside: switched off.
  var echo: Located<GatewayConfiguration.BFDEcho?>?
  var demand: Located<GatewayConfiguration.BFDDemand?>?
  var packetSize: Located<Int?>?
  /// The first one written.
  var place: Place?
  var multiplierPlace: Place?

  func timers(_ defaults: GatewayConfiguration.BFDTimers = .init()) -> GatewayConfiguration.BFDTimers {
    GatewayConfiguration.BFDTimers(
      transmitInterval: transmitInterval ?? defaults.transmitInterval,
      receiveInterval: receiveInterval ?? defaults.receiveInterval,
      detectMultiplier: detectMultiplier ?? defaults.detectMultiplier,
      echo: echo.map(\.value) ?? defaults.echo, demand: demand.map(\.value) ?? defaults.demand,
      packetSize: packetSize.map(\.value) ?? defaults.packetSize)
  }
}

struct PeerDraft {
  var place: Place
  var name: Located<String>?
  var address: Located<IPAddress>?
  var interface: Located<String>?
  var localAddress: Located<IPAddress>?
  var reach = ReachDraft()
  /// The reflector's discriminator.
  var seamless: UInt32?
  var lagMember = false
  var mode: GatewayConfiguration.BFDMode = .active
  var timers = TimersDraft()
  /// Nil: not written.
  var minimumTTL: Located<Int>?
  var dampening: DampeningDraft = .inherited
  var pointToPoint = false
  var shutdown = false
  var authentication: AuthenticationDraft?
  var compatibility = GatewayConfiguration.BFDCompatibility.none
  var remoteDiscriminator: UInt32?
  /// Made by a path's `bfd: {...}`: address and interface are the path's, which is where they are judged.
  var isInline = false
}

struct AllowDraft {
  var place: Place
  var name: Located<String>?
  var prefix: Located<IPPrefix>?
  var interface: Located<String>?
  var maxSessions = 64
  var reach = ReachDraft()
  var timers = TimersDraft()
  var minimumTTL: Located<Int>?
  var dampening: DampeningDraft = .inherited
  var authentication: AuthenticationDraft?
  /// Nil: not written, or broken.
  var mode: GatewayConfiguration.BFDMode?
  var compatibility = GatewayConfiguration.BFDCompatibility.none
}

struct ReflectorDraft {
  var discriminator: Located<UInt32>?
  var allow: [Located<IPPrefix>] = []
  var receiveInterval: Duration = .milliseconds(10)
  var maximumRate = 10_000
  var shutdown = false
  var reach = ReachDraft()
}

/// Where a peer is, beside its address.
struct ReachDraft {
  var multihop = false
  var vrf: Located<String>?
  var namespace: Located<String>?
}

enum DampeningDraft {
  /// What `bfd.dampening` says.
  case inherited
  case off
  case on(GatewayConfiguration.Dampening)
}

struct PathDraft {
  var place: Place
  var name: Located<String>?
  var via: Located<IPAddress>?
  var interface: Located<String>?
  var weight = 1
  var holdDown: Duration = .seconds(5)
  /// Nil: broken.
  var health: HealthDraft? = .link
}

indirect enum HealthDraft {
  case link
  case bfd(Located<String>)
  case icmp(Located<IPAddress>?, GatewayConfiguration.Probe)
  case neighbour(GatewayConfiguration.Probe)
  case all([HealthDraft])
  case any([HealthDraft])

  /// Every peer reference in here.
  var peers: [Located<String>] {
    switch self {
    case .bfd(let peer): [peer]
    case .all(let parts), .any(let parts): parts.flatMap(\.peers)
    case .link, .icmp, .neighbour: []
    }
  }

  /// Every echo address that was written.
  var echoAddresses: [Located<IPAddress>] {
    switch self {
    case .icmp(let address, _): address.map { [$0] } ?? []
    case .all(let parts), .any(let parts): parts.flatMap(\.echoAddresses)
    case .link, .bfd, .neighbour: []
    }
  }
}

struct GroupDraft {
  var place: Place
  var name: Located<String>?
  var members: [MemberDraft] = []
  var type: GatewayConfiguration.GroupType?
  var bucketsPlace: Place?
  var lastPath: GatewayConfiguration.LastPath?
  var routes: [RouteDraft] = []
}

struct MemberDraft {
  var path: Located<String>
  /// Nil: the path's own.
  var weight: Int?
}

/// A static route, or one of a group's.
struct RouteDraft {
  var place: Place
  var prefix: Located<IPPrefix>?
  var via: Located<IPAddress>?
  var interface: Located<String>?
  var metric: UInt32 = 0
  var table: UInt32 = 254
  var source: Located<IPAddress>?
}

struct RuleDraft {
  var place: Place
  var from: Located<IPPrefix>?
  var to: Located<IPPrefix>?
  var incomingInterface: Located<String>?
  var table: Located<UInt32>?
  var priority: UInt32?

  var value: GatewayConfiguration.RoutingRule? {
    guard let table, let priority else { return nil }
    return GatewayConfiguration.RoutingRule(
      from: from?.value, to: to?.value, incomingInterface: incomingInterface?.value, table: table.value,
      priority: priority)
  }
}

struct UplinksDraft {
  var place: Place
  var watch: [Located<GatewayConfiguration.Uplink>] = []
  var lostWhen: GatewayConfiguration.LostWhen = .all
  var lostWhenPlace: Place?
  var tell: GatewayConfiguration.Tell = .concatenatedPathDown
  var tellPlace: Place?
  /// Nil: not written.
  var peers: [Located<String>]?
  /// An entry of `watch` could not be read.
  var hasBrokenWatch = false
}

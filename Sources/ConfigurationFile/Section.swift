/// The keys that one kind of mapping may have.
struct Section: Hashable {
  /// As messages name it: `a path`.
  var what: String
  var keys: [String]

  static let file = Section(
    what: "the file",
    keys: [
      "version", "namespace", "interfaces", "egress-sysctls", "sysctls", "bfd", "paths", "groups", "routes",
      "rules",
      "uplinks",
      "drain", "control", "realtime", "capture", "observe", "startup-grace"
    ])
  static let interface = Section(what: "an interface", keys: ["name", "from", "addresses", "mtu", "mac", "up"])
  static let bfd = Section(
    what: "bfd",
    keys: sessionDefaults + ["listen", "profiles", "peers", "allow", "key-chains", "reflectors", "openbfdd-control"]
  )
  static let profile = Section(what: "a BFD profile", keys: ["name"] + sessionOptions)
  static let peer = Section(
    what: "a BFD peer",
    keys: [
      "name", "address", "interface", "local-address", "profile", "point-to-point", "seamless", "lag-member",
      "remote-discriminator"
    ]
      + place + sessionOptions)
  static let seamless = Section(what: "seamless", keys: ["discriminator"])
  static let reflector = Section(
    what: "a reflector",
    keys: ["discriminator", "allow", "receive-interval", "maximum-rate", "shutdown", "vrf", "namespace"])
  /// `bfd: {...}` in a path's health: the path has the address and the interface.
  static let inlinePeer = Section(
    what: "a path's bfd",
    keys: ["local-address", "profile", "point-to-point"] + sessionOptions)
  static let allow = Section(
    what: "an allow entry",
    keys: ["name", "prefix", "interface", "max-sessions", "profile"] + place + timers + [
      "minimum-ttl", "dampening", "authentication", "mode", "compatibility"
    ])
  static let dampening = Section(
    what: "dampening", keys: ["threshold", "window", "initial-hold", "maximum-hold", "forget-after"])
  static let keyChain = Section(what: "a key chain", keys: ["name", "keys"])
  static let key = Section(what: "a key", keys: ["id", "type", "key-file", "send-lifetime", "accept-lifetime"])
  static let lifetime = Section(what: "a lifetime", keys: ["start", "end"])
  static let authentication = Section(what: "authentication", keys: ["key-chain", "type", "key-id", "key-file"])
  static let echo = Section(what: "echo", keys: ["transmit-interval", "receive-interval", "control-interval"])
  static let demand = Section(what: "demand", keys: ["poll-interval"])
  static let path = Section(
    what: "a path", keys: ["name", "via", "interface", "weight", "hold-down", "health"])
  static let health = Section(what: "health", keys: ["link", "bfd", "icmp", "neighbour", "all", "any"])
  static let icmp = Section(what: "icmp", keys: ["address"] + probe)
  static let neighbour = Section(what: "neighbour", keys: probe)
  static let group = Section(
    what: "a group",
    keys: [
      "name", "paths", "type", "buckets", "idle-timer", "unbalanced-timer", "last-path", "routes", "metric", "table"
    ])
  static let member = Section(what: "a group's path", keys: ["path", "weight"])
  static let groupRoute = Section(what: "a group's route", keys: ["prefix", "metric", "table"])
  static let route = Section(what: "a route", keys: ["prefix", "via", "interface", "metric", "table", "source"])
  static let rule = Section(what: "a rule", keys: ["from", "to", "incoming-interface", "table", "priority"])
  static let uplinks = Section(what: "uplinks", keys: ["watch", "lost-when", "tell", "peers"])
  static let watch = Section(what: "an uplink", keys: ["interface", "path"])
  static let lostWhen = Section(what: "lost-when", keys: ["fewer-than"])
  static let drain = Section(what: "drain", keys: ["on-stop", "keep-routes", "tell"])
  static let control = Section(what: "control", keys: ["socket", "group", "mode"])
  static let realtime = Section(what: "realtime", keys: ["priority", "cpu", "engine", "lock-memory"])
  static let capture = Section(
    what: "capture", keys: ["ring", "when-down", "directory", "max-files", "max-size"])
  static let observe = Section(
    what: "observe",
    keys: ["listen", "tls", "token-file", "trust-loopback", "journal", "findings-interval", "cluster"])
  static let observeCluster = Section(
    what: "observe's cluster", keys: ["peers", "ca", "token-file", "server-name"])
  static let observeTLS = Section(what: "observe's tls", keys: ["certificate", "key", "client-ca"])
  static let journal = Section(what: "the journal", keys: ["directory", "max-size", "max-age"])

  static let all: [Section] = [
    file, interface, bfd, seamless, reflector, profile, dampening, peer, inlinePeer, allow, echo, demand, keyChain,
    key, lifetime,
    authentication,
    path,
    health, icmp, neighbour, group, member, groupRoute, route, rule,
    uplinks, watch, lostWhen, drain, control, realtime, capture, observe, observeTLS, observeCluster, journal
  ]

  /// What `bfd` itself may set for all.
  private static let sessionDefaults = timers + ["dampening"]
  /// What a profile may set, and a peer by itself.
  private static let sessionOptions =
    ["mode"] + timers + ["minimum-ttl", "shutdown", "dampening", "authentication", "compatibility"]
  /// Where a peer is, beside its address.
  private static let place = ["multihop", "vrf", "namespace"]
  private static let timers = [
    "transmit-interval", "receive-interval", "detect-multiplier", "echo", "demand", "packet-size"
  ]
  private static let probe = ["interval", "timeout", "down-after", "up-after"]

  /// What other programs call the same thing. The first that the section has is suggested.
  private static let synonyms: [String: [String]] = [
    "gateway": ["via"], "nexthop": ["via"], "next-hop": ["via"], "gw": ["via"],
    "dev": ["interface"], "device": ["interface"], "nic": ["interface"], "iface": ["interface"],
    "link": ["interface"], "iif": ["incoming-interface"], "lookup": ["table"], "pref": ["priority"],
    "ip": ["addresses", "address"], "address": ["addresses", "via"], "peer": ["address"], "remote": ["address"],
    "source": ["local-address"], "local": ["local-address"], "source-address": ["local-address", "source"],
    "src": ["source", "local-address", "from"], "min-tx": ["transmit-interval"], "mintx": ["transmit-interval"],
    "tx-interval": ["transmit-interval"], "min-rx": ["receive-interval"], "minrx": ["receive-interval"],
    "rx-interval": ["receive-interval"], "interval": ["transmit-interval"], "multiplier": ["detect-multiplier"],
    "detect-mult": ["detect-multiplier"], "multi": ["detect-multiplier"], "passive": ["mode"], "active": ["mode"],
    "ttl": ["minimum-ttl"], "min-ttl": ["minimum-ttl"], "minimum-hop-limit": ["minimum-ttl"],
    "netns": ["namespace"], "vrf": ["namespace"], "template": ["profile"], "multi-hop": ["multihop"],
    "nexthops": ["paths"], "members": ["paths"],
    "destination": ["prefix"],
    "destinations": ["routes"], "prefixes": ["routes"], "to": ["prefix", "end"], "dst": ["prefix", "to"],
    "distance": ["metric"],
    "priority": ["metric"], "ping": ["icmp"], "echo": ["icmp"], "arp": ["neighbour"], "nd": ["neighbour"],
    "mtu": ["packet-size"], "pdu-size": ["packet-size"], "echo-interval": ["echo"], "echo-mode": ["echo"],
    "demand-mode": ["demand"], "and": ["all"], "or": ["any"], "check": ["health"], "health-check": ["health"],
    "health-checks": ["health", "paths"],
    "peers": ["bfd"], "hwaddr": ["mac"], "rename": ["from"], "enabled": ["up"], "permissions": ["mode"],
    "path": ["socket"], "last": ["last-path"], "count": ["down-after"],
    "auth": ["authentication"], "keychain": ["key-chain", "key-chains"], "password": ["key-file", "authentication"],
    "secret": ["key-file"], "key-string": ["key-file"], "key": ["key-file", "keys"], "algorithm": ["type"],
    "cryptographic-algorithm": ["type"], "auth-type": ["type"], "generate": ["send-lifetime"],
    "send": ["send-lifetime"], "accept": ["accept-lifetime"], "from": ["start"], "until": ["end"],
    "not-after": ["end"]
  ]

  /// What to say about a key that the section does not have.
  func help(for key: String) -> String? {
    if let near = Suggestion.nearest(to: key, among: keys) { return "did you mean \(SourceText.quoted(near))?" }
    if let other = Self.synonyms[key.lowercased()]?.first(where: keys.contains) {
      return "did you mean \(SourceText.quoted(other))?"
    }
    let homes = Self.all.filter { $0 != self && $0.keys.contains(key) }.map(\.what)
    return homes.isEmpty ? nil : "\(SourceText.quoted(key)) belongs in \(homes.joined(separator: ", "))"
  }
}

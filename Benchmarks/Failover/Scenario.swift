import Addresses

/// One row of the table: who is measured, and under which circumstances.
struct Scenario {
  enum Subject: String {
    case everway
    case bird
  }

  var subject = Subject.everway
  var name: String
  /// BFD sessions that fail one after another.
  var peers = 16
  /// Paths that hang on each of them, and fail with it.
  var pathsPerPeer = 1
  var isResilient = false
  var routes = 10
  var isRealtime = true
  var isCompatible = false
  /// Of the failovers asked for; slow ones get fewer.
  var share = 1.0
  /// Wait until everyone is back before the next fails, so that nothing else changes routes meanwhile.
  var isSerial = false
  /// Instead of the interval asked for. Where the kernel keeps the gateway's thread for longer than a detection time,
  /// its peers would miss it too, and no session would ever stay up.
  var leastInterval: UInt32 = 0

  static let all = [
    Scenario(name: "plain group, 10 routes"),
    Scenario(name: "plain group, 100,000 routes", routes: 100_000),
    Scenario(name: "resilient group, 10 routes", isResilient: true),
    Scenario(name: "resilient group, 100,000 routes", isResilient: true, routes: 100_000),
    Scenario(name: "normal priority, 10 routes", isRealtime: false),
    Scenario(name: "normal priority, 100,000 routes", routes: 100_000, isRealtime: false),
    Scenario(name: "32 paths at once, 10 routes", peers: 8, pathsPerPeer: 32, share: 0.35),
    Scenario(name: "32 paths at once, 100,000 routes", peers: 8, pathsPerPeer: 32, routes: 100_000, share: 0.35),
    Scenario(name: "nexthop_compat_mode=1, 10 routes", isCompatible: true, share: 0.35),
    Scenario(
      name: "nexthop_compat_mode=1, 100,000 routes, 200 ms", routes: 100_000, isCompatible: true, share: 0.1,
      isSerial: true, leastInterval: 200),
    Scenario(subject: .bird, name: "BIRD, 10 routes", share: 0.5),
    Scenario(subject: .bird, name: "BIRD, normal priority, 10 routes", isRealtime: false, share: 0.5),
    Scenario(subject: .bird, name: "BIRD, 1,000 routes", routes: 1_000, share: 0.1, isSerial: true),
    Scenario(subject: .bird, name: "BIRD, 10,000 routes", routes: 10_000, share: 0.1, isSerial: true)
  ]

  /// 10.77.1.1, 10.77.2.1 and so on: the router a path leads to. The first of a peer is the peer itself.
  func via(peer: Int, path: Int) -> IPv4Address { IPv4Address(10, 77, UInt8(peer + 1), UInt8(path + 1)) }

  func pathName(peer: Int, path: Int) -> String { "p\(peer)-\(path)" }

  /// Destinations outside of the benchmark's own networks.
  func destination(_ number: Int) -> String {
    "100.\(number >> 16).\(number >> 8 & 255).\(number & 255)/32"
  }
}

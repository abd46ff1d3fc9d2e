public import Addresses
import Glibc
import NetworkNamespaces

/// The interface a probe goes out on and its answers come in on.
public struct ProbeInterface: Hashable, Sendable {
  /// The kernel's index; at least 1.
  public var index: UInt32
  /// For texts only.
  public var name: String

  public init(index: UInt32, name: String) {
    self.index = index
    self.name = name
  }
}

/// Whom to ask, and how.
public enum ProbeTarget: Hashable, Sendable {
  /// ICMP or ICMPv6 echo to `address`, handed to the next hop `via` whatever the routes say.
  /// Without a `source`, it is the interface's address in the prefix of `via`.
  case echo(address: IPAddress, via: IPAddress, ProbeInterface, source: IPAddress? = nil)
  /// ARP or neighbour discovery for `via`.
  case neighbour(via: IPAddress, ProbeInterface)

  /// The next hop.
  public var via: IPAddress {
    switch self {
    case .echo(_, let via, _, _), .neighbour(let via, _): via
    }
  }

  public var interface: ProbeInterface {
    switch self {
    case .echo(_, _, let interface, _), .neighbour(_, let interface): interface
    }
  }

  var isEcho: Bool {
    if case .echo = self { true } else { false }
  }
}

/// What the prober tells its owner, in the order in which it happened.
public enum ProbeEvent: Hashable, Sendable {
  /// A verdict changed; the reason is one sentence for a person, without a full stop.
  case verdict(probe: Int, Verdict, reason: String)
}

/// A probe as seen from outside, for status and logs.
public struct ProbeView: Hashable, Sendable {
  public var target: ProbeTarget
  public var state: ProbeState
  /// The next hop's link-layer address, once it has been learnt.
  public var linkAddress: MACAddress?
  /// The source address of the last question; nil when there was none to use.
  public var source: IPAddress?
  /// Why the verdict is what it is, as in the last event; nil while pending.
  public var reason: String?
  /// What is in the way right now (no address, interface down, an ICMP error); nil when nothing is known to be.
  public var trouble: String?
}

/// What does not belong to one probe.
public struct ProberCounters: Hashable, Sendable {
  /// Packets read from the sockets.
  public var received: UInt64 = 0
  /// Packets given to the kernel.
  public var transmitted: UInt64 = 0
  /// Packets the kernel refused.
  public var sendFailures: UInt64 = 0
  /// Packets read that were malformed, or answered nothing that was asked.
  public var ignored: UInt64 = 0
  public init() {}
}

/// Why a probe could not be started, and what to do.
public struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// errno, 0 when there is none.
  public var code: Int32
  public var description: String { message }

  public init(_ message: String, code: Int32 = 0) {
    self.message = message
    self.code = code
  }

  /// With what to do where that is known.
  init(_ error: SystemCallError) {
    let advice: String? =
      switch error.code {
      case _ where error.hint != nil: nil
      case EPERM, EACCES: "this needs CAP_NET_RAW: run as root, or give the service that capability"
      case EAFNOSUPPORT: "this kernel has no packet sockets (CONFIG_PACKET)"
      default: nil
      }
    self.init(advice.map { "\(error); \($0)" } ?? "\(error)", code: error.code)
  }
}

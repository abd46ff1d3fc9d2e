public import Addresses
import BFD
import Collectors
import Firewall
import Glibc
import Netlink
public import NetworkNamespaces
public import PeerProbe
import Probing
import Speaker

/// What a probe is to find out, and how long it may take.
public struct ProbeRequest: Sendable {
  public var address: IPAddress
  public var interface: String?
  public var source: IPAddress?
  /// The namespace's name, for the node's own rules and for texts; nil for the one we are in.
  public var namespaceName: String?
  public var isMultihop = false
  /// Of BFD, microseconds.
  public var interval: UInt32 = 300_000
  public var multiplier: UInt8 = 3
  /// Nanoseconds.
  public var duration: Int64 = 5_000_000_000
  /// Of the running everway.
  public var controlSocket: String
  /// Looks at the rules of firewalls too.
  public var looksAtFirewall = true

  public init(address: IPAddress, controlSocket: String) {
    self.address = address
    self.controlSocket = controlSocket
  }
}

/// Asks one address for all it says: ARP or neighbour discovery, ICMP echo, BFD. One thread, no trace left behind.
public struct PeerProber: ~Copyable {
  let request: ProbeRequest
  var evidence: ProbeEvidence
  var path: ProbePath?

  private init(_ request: ProbeRequest) {
    self.request = request
    evidence = ProbeEvidence(
      address: "\(request.address)", isMultihop: request.isMultihop, namespace: request.namespaceName)
    evidence.bfd.port = Int(request.isMultihop ? BFDPort.multihop : BFDPort.singleHop)
  }

  /// - Throws: `ProbeFailure` when it cannot be asked at all: no permission, no such interface.
  public static func run(
    _ request: ProbeRequest, in namespace: borrowing NetworkNamespace
  ) throws(ProbeFailure) -> ProbeEvidence {
    var prober = PeerProber(request)
    try prober.run(in: namespace)
    return prober.evidence
  }

  private mutating func run(in namespace: borrowing NetworkNamespace) throws(ProbeFailure) {
    let finding: ProbePath.Finding
    do throws(NetlinkError) {
      finding = try ProbePath.find(
        to: request.address, interface: request.interface, source: request.source, in: namespace)
    } catch {
      throw ProbeFailure("\(error)")
    }
    switch finding {
    case .refused(let why): throw ProbeFailure(why)
    case .none(let interface, let why):
      evidence.route.interface = interface
      evidence.route.problem = why
    case .path(let path):
      self.path = path
      evidence.route.interface = path.interface
      evidence.route.source = "\(path.source)"
      evidence.route.gateway = path.gateway.map { "\($0)" }
      let before = KernelCounters(of: namespace)
      try ask(path, in: namespace)
      evidence.counters = before.growth(until: KernelCounters(of: namespace))
    }
    if request.looksAtFirewall { lookAtFirewall(in: namespace) }
  }

  private mutating func ask(_ path: ProbePath, in namespace: borrowing NetworkNamespace) throws(ProbeFailure) {
    var conversation: PeerConversation
    do throws(ProbeError) {
      conversation = try PeerConversation(request, path, in: namespace)
    } catch {
      throw ProbeFailure(error.message)
    }
    conversation.run(in: namespace)
    conversation.fill(&evidence)
  }

  // MARK: Rules

  private mutating func lookAtFirewall(in namespace: borrowing NetworkNamespace) {
    let texts = FirewallCollector.look(in: namespace)
    let (ruleset, gaps) = texts.ruleset()
    evidence.gaps += gaps
    evidence.firewall.firewalldState = texts.firewalld.text
    guard let path, gaps.isEmpty || !ruleset.isEmpty else { return }
    let port = UInt16(evidence.bfd.port)
    let incoming = FirewallPacket.bfd(
      from: request.address, to: path.source, inInterface: path.interface, port: port,
      ttl: UInt8(clamping: evidence.bfd.last?.ttl ?? 255), hasRouteBack: true)
    let outgoing = FirewallPacket.bfd(
      from: path.source, to: request.address, outInterface: path.interface, port: port)
    evidence.firewall.incomingBFD = ruleset.verdict(on: incoming, at: FirewallHook.arriving)
    evidence.firewall.outgoingBFD = ruleset.verdict(on: outgoing, at: FirewallHook.leaving)
    evidence.firewall.incomingEcho = ruleset.verdict(
      on: .echo(reply: true, from: request.address, to: path.source, inInterface: path.interface),
      at: FirewallHook.arriving)
    guard request.namespaceName != nil, let node = try? NetworkNamespace.current() else { return }
    let (nodeRules, nodeGaps) = FirewallCollector.look(in: node).ruleset()
    if nodeGaps.isEmpty || !nodeRules.isEmpty {
      evidence.firewall.nodeForward = nodeRules.verdict(on: incoming.onItsWayThrough, at: [.forward])
    }
  }
}

extension FirewallPacket {
  /// The same packet where nobody knows its interfaces.
  fileprivate var onItsWayThrough: FirewallPacket {
    var packet = self
    packet.inInterface = nil
    packet.outInterface = nil
    return packet
  }
}

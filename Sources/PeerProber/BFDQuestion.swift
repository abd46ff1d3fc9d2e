import Addresses
import BFD
import Glibc
import NetworkNamespaces
import PeerProbe
import Speaker

/// The BFD part of a probe: a session of its own; where another program has the port, packets from beside it, and only
/// when that can disturb nobody.
struct BFDQuestion: ~Copyable {
  private let request: ProbeRequest
  private let path: ProbePath
  private var way = ProbeEvidence.Way.none
  private var speaker: Speaker
  private var session: Int?
  private var holder: ProbeEvidence.Holder?
  private var holderMayHaveSession = false
  private var beside: BesideSocket?
  /// When silence has shown that no session is disturbed.
  private var besideFrom = Instant.distantFuture
  private var nextBeside = Instant.distantFuture
  private var startedAt = Instant(nanoseconds: 0)
  private var best = SessionState.down
  private var upAfter: Int64?
  private var localDiscriminator: UInt32 = 0
  private var sentBeside = 0
  private var sendError: String?
  private var last: ProbeEvidence.Packet?
  private var changes = 0
  private var arrived = 0
  private var arrivedForUs = 0
  private var errors: [String] = []
  var left = 0
  var portUnreachable = 0

  init(_ request: ProbeRequest, _ path: ProbePath) {
    self.request = request
    self.path = path
    var random = SystemRandomNumberGenerator()
    speaker = Speaker(secret: (random.next(), random.next()), seed: random.next(), at: MonotonicClock.now())
  }

  var isUp: Bool { best == .up }
  var descriptors: [Int32] { speaker.descriptors }
  var nextDeadline: Instant { min(session == nil ? .distantFuture : speaker.nextDeadline, nextBeside) }

  private var port: UInt16 { request.isMultihop ? BFDPort.multihop : BFDPort.singleHop }
  private var pathType: PathType { request.isMultihop ? .multihop : .singleHop }

  mutating func begin(in namespace: borrowing NetworkNamespace, at now: Instant, until end: Instant) {
    startedAt = now
    do throws(SpeakerError) {
      try speaker.open([Endpoint(.any(request.address.family), pathType: pathType)], in: namespace)
      openSession(at: now)
    } catch {
      guard error.code == EADDRINUSE else {
        sendError = error.message
        return
      }
      goBeside(in: namespace, at: now, until: end)
    }
  }

  private mutating func openSession(at now: Instant) {
    let interval = Interval(microseconds: request.interval)
    let peer: SessionKey.Peer =
      request.isMultihop
      ? .pair(local: path.source, remote: request.address)
      : .address(request.address, interface: path.index)
    session = speaker.add(
      SessionSettings(
        key: SessionKey(peer: peer, pathType: pathType), remoteAddress: request.address,
        localAddress: path.source,
        // A TTL that is wrong is told, not discarded.
        minimumTimeToLive: 1,
        parameters: SessionConfiguration(
          desiredMinTx: interval, requiredMinRx: interval, detectMultiplier: request.multiplier)), at: now)
    way = session == nil ? .none : .session
    localDiscriminator = session.flatMap { speaker.view($0)?.session.localDiscriminator } ?? 0
  }

  /// A packet that says Down would take down a session that the other program has with this peer: so it is asked for
  /// it, or the wire is watched for a while.
  private mutating func goBeside(in namespace: borrowing NetworkNamespace, at now: Instant, until end: Instant) {
    var found = PortHolder.find(port: port, family: request.address.family, in: namespace) ?? .init()
    PortHolder.ask(&found, about: request.address, socket: request.controlSocket)
    holder = found
    way = .watched
    holderMayHaveSession = found.sessionState != nil
    guard !holderMayHaveSession else { return }
    var random = SystemRandomNumberGenerator()
    localDiscriminator = UInt32.random(in: 1 ... .max, using: &random)
    besideFrom = now + max(1_500_000_000, (end - now) * 2 / 5)
    nextBeside = besideFrom
    do throws(SystemCallError) {
      beside = try BesideSocket(
        from: path.source, to: request.address, port: port, scope: path.index, in: namespace)
    } catch {
      sendError = "\(error)"
    }
  }

  mutating func run(at now: Instant) {
    if session != nil { runSession(at: now) }
    guard now >= nextBeside, let beside else { return }
    // Packets of its own while we watched: there is a session, or one coming.
    guard arrived == 0 || way == .beside else {
      nextBeside = .distantFuture
      return
    }
    way = .beside
    let packet = ControlPacket.question(
      discriminator: localDiscriminator, interval: Interval(microseconds: request.interval),
      multiplier: request.multiplier)
    let code = beside.send(packet.bytes)
    if code == 0 { sentBeside += 1 } else { sendError = String(cString: strerror(code)) }
    // The slow rate of a session that is not Up (RFC 5880 section 6.8.3).
    nextBeside = now + 1_000_000_000
  }

  private mutating func runSession(at now: Instant) {
    speaker.run(at: now)
    for event in speaker.events {
      guard case .transition(_, let transition) = event else { continue }
      if transition.to.rawValue > best.rawValue { best = transition.to }
      if transition.to == .up, upAfter == nil { upAfter = transition.at - startedAt }
    }
    speaker.events.removeAll(keepingCapacity: true)
  }

  /// Says good-bye: the peer need not wait for its detection time.
  mutating func end() {
    guard let session else { return }
    let now = MonotonicClock.now()
    if best == .up {
      speaker.hold(session, .adminDown(.administrativelyDown), at: now)
      // Once more: a single packet may be lost. At the interval that was agreed, or a little later.
      for _ in 0..<3 {
        let wake = MonotonicClock.now() + min(Int64(request.interval) * 1_000, 300_000_000)
        while MonotonicClock.now() < wake {
          usleep(10_000)
          speaker.run(at: MonotonicClock.now())
        }
      }
    }
    runSession(at: MonotonicClock.now())
    let counters = speaker.view(session)?.counters
    if let code = counters?.lastSendError, code != 0, sendError == nil {
      sendError = String(cString: strerror(code))
    }
  }

  /// A packet of the peer's as it came in on the wire.
  mutating func see(_ payload: [UInt8], _ ttl: UInt8, _ sourcePort: UInt16) {
    arrived += 1
    guard let packet = try? ControlPacket(parsing: payload) else { return }
    if packet.yourDiscriminator == localDiscriminator, localDiscriminator != 0 { arrivedForUs += 1 }
    let authentication = packet.authenticationPresent && payload.count > 24 ? Int(payload[24]) : 0
    let seen = ProbeEvidence.Packet(
      ttl: Int(ttl), state: Self.name(packet.state), diagnostic: Int(packet.diagnostic.code),
      multiplier: Int(packet.detectMultiplier),
      desiredMinTxMicroseconds: UInt64(packet.desiredMinTx.microseconds),
      requiredMinRxMicroseconds: UInt64(packet.requiredMinRx.microseconds),
      myDiscriminator: packet.myDiscriminator, yourDiscriminator: packet.yourDiscriminator,
      authenticationType: authentication, sourcePort: Int(sourcePort))
    if let last, last != seen { changes += 1 }
    last = seen
  }

  mutating func noteError(_ text: String) {
    if !errors.contains(text), errors.count < 5 { errors.append(text) }
  }

  func fill(_ evidence: inout ProbeEvidence.BFD) {
    evidence.way = way
    evidence.localDiscriminator = localDiscriminator
    evidence.left = left
    evidence.arrived = arrived
    evidence.arrivedForUs = arrivedForUs
    evidence.heard = Int(clamping: speaker.counters.received)
    evidence.sent = sentBeside + (session.flatMap { speaker.view($0)?.counters.transmitted }.map { Int($0) } ?? 0)
    evidence.last = last
    evidence.changes = changes
    evidence.state = Self.name(best)
    evidence.upAfterMicroseconds = upAfter.map { UInt64(max(0, $0)) / 1_000 }
    evidence.portUnreachable = portUnreachable
    evidence.errors = errors
    evidence.sendError = sendError
    for reason in DiscardReason.allCases where speaker.counters[reason] > 0 {
      evidence.discards["\(reason)"] = speaker.counters[reason]
    }
    evidence.holder = holder
  }

  private static func name(_ state: SessionState) -> String {
    switch state {
    case .adminDown: "adminDown"
    case .down: "down"
    case .`init`: "init"
    case .up: "up"
    }
  }
}

extension ControlPacket {
  /// What a session says that knows nothing of its peer.
  fileprivate static func question(discriminator: UInt32, interval: Interval, multiplier: UInt8) -> ControlPacket {
    ControlPacket(
      diagnostic: .none, state: .down, detectMultiplier: multiplier, myDiscriminator: discriminator,
      yourDiscriminator: 0, desiredMinTx: .slow, requiredMinRx: interval)
  }
}

/// A UDP socket to send BFD by where its port is taken: from a port of its own, with TTL 255.
final class BesideSocket: Sendable {
  private let descriptor: Int32
  private let peer: IPAddress
  private let port: UInt16
  private let scope: UInt32

  init(
    from source: IPAddress, to peer: IPAddress, port: UInt16, scope: UInt32,
    in namespace: borrowing NetworkNamespace
  ) throws(SystemCallError) {
    self.peer = peer
    self.port = port
    self.scope = peer.isLinkLocal ? scope : 0
    descriptor = try namespace.perform { () throws(SystemCallError) in
      let isV4 = source.family == .ipv4
      let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
      let fd = socket(isV4 ? AF_INET : AF_INET6, type, 0)
      guard fd >= 0 else { throw SystemCallError("open a UDP socket") }
      var ttl: Int32 = 255
      if isV4 {
        setsockopt(fd, Int32(IPPROTO_IP), IP_TTL, &ttl, 4)
      } else {
        setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, &ttl, 4)
      }
      var random = SystemRandomNumberGenerator()
      for _ in 0..<50 {
        let own = UInt16.random(in: BFDPort.sources, using: &random)
        if SocketAddress.with(source, own, source.isLinkLocal ? scope : 0, { bind(fd, $0, $1) }) == 0 { return fd }
      }
      let error = SystemCallError("bind a source port in \(BFDPort.sources)")
      close(fd)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// - Returns: 0, or errno.
  func send(_ octets: [UInt8]) -> Int32 {
    let sent = SocketAddress.with(peer, port, scope) {
      sendto(descriptor, octets, octets.count, Int32(MSG_DONTWAIT), $0, $1)
    }
    return sent < 0 ? errno : 0
  }
}

/// Addresses as the socket calls want them.
enum SocketAddress {
  static func with<T>(
    _ address: IPAddress, _ port: UInt16, _ scope: UInt32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
  ) -> T {
    switch address {
    case .v4(let v4):
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr.s_addr = v4.bits.bigEndian
      return withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    case .v6:
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_port = port.bigEndian
      name.sin6_scope_id = scope
      withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.octets) }
      return withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    }
  }
}

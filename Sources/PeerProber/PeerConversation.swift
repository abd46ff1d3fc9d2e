import Addresses
import BFD
import Glibc
import NetworkNamespaces
import PeerProbe
import Probing
import Speaker

/// The talking part of a probe: what is sent, seen and heard, until everything is known or time is up.
struct PeerConversation: ~Copyable {
  private let request: ProbeRequest
  private let path: ProbePath
  private var watch: PeerWatch
  private var bfd: BFDQuestion
  private var echoes = EchoTally()
  private var neighbours: [MACAddress] = []
  private var neighbourAsked = 0
  private var neighbourAskedAt: Instant?
  private var neighbourTime: Int64?
  private var errors: [String] = []

  /// From echo request to echo request.
  private static let echoSpacing: Int64 = 200_000_000
  /// From neighbour question to neighbour question.
  private static let neighbourSpacing: Int64 = 500_000_000

  init(
    _ request: ProbeRequest, _ path: ProbePath, in namespace: borrowing NetworkNamespace
  ) throws(ProbeError) {
    self.request = request
    self.path = path
    var random = SystemRandomNumberGenerator()
    watch = try PeerWatch(
      in: namespace, interface: ProbeInterface(index: path.index, name: path.interface), peer: request.address,
      via: path.gateway ?? request.address, source: path.source,
      port: request.isMultihop ? BFDPort.multihop : BFDPort.singleHop,
      isAnywhere: path.gateway != nil, identifier: random.next())
    bfd = BFDQuestion(request, path)
  }

  mutating func run(in namespace: borrowing NetworkNamespace) {
    let start = MonotonicClock.now()
    let end = start + request.duration
    bfd.begin(in: namespace, at: start, until: end)
    var nextEcho = start
    var nextNeighbour = start
    while true {
      let now = MonotonicClock.now()
      for sighting in watch.take() { note(sighting) }
      bfd.run(at: now)
      if now >= end || isEverythingKnown(after: now - start) { break }
      if now >= nextNeighbour, watch.canAskNeighbour, neighbourAsked < 5 || neighbours.isEmpty {
        watch.askNeighbour()
        neighbourAsked += 1
        neighbourAskedAt = now
        nextNeighbour = now + Self.neighbourSpacing
      }
      if now >= nextEcho {
        let code = watch.sendEcho(sequence: echoes.next())
        if code != 0 { noteError(String(cString: strerror(code))) }
        nextEcho = nextEcho + Self.echoSpacing
      }
      wait(until: min(end, nextEcho, bfd.nextDeadline))
    }
    bfd.end()
    for sighting in watch.take() { note(sighting) }
  }

  /// Up, and enough answers to tell loss from a hiccup; or told that nobody listens, twice.
  private func isEverythingKnown(after elapsed: Int64) -> Bool {
    guard elapsed >= 2_000_000_000 else { return false }
    return bfd.isUp || bfd.portUnreachable >= 2
  }

  private mutating func wait(until deadline: Instant) {
    let left = deadline - MonotonicClock.now()
    guard left > 0 else { return }
    var events = ([watch.descriptor] + bfd.descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // Rounded up: a poll that returns early would spin.
    _ = poll(&events, nfds_t(events.count), Int32(clamping: left / 1_000_000 + 1))
  }

  private mutating func note(_ sighting: PeerWatch.Sighting) {
    switch sighting {
    case .neighbour(let address, let at):
      if let asked = neighbourAskedAt, neighbourTime == nil { neighbourTime = max(0, at - asked) }
      if !neighbours.contains(address) { neighbours.append(address) }
    case .echoRequest(let sequence, let at): echoes.left(sequence, at)
    case .echoReply(let sequence, let ttl, let at): echoes.answered(sequence, ttl, at)
    case .bfd(true, _, _, _, _): bfd.left += 1
    case .bfd(false, let payload, let ttl, let port, _): bfd.see(payload, ttl, port)
    case .error(let text, let reporter, true, let isPortUnreachable):
      if isPortUnreachable, reporter == request.address {
        bfd.portUnreachable += 1
      } else {
        bfd.noteError("\(text), from \(reporter)")
      }
    case .error(let text, let reporter, false, _): noteError("\(text), from \(reporter)")
    }
  }

  private mutating func noteError(_ text: String) {
    if !errors.contains(text), errors.count < 5 { errors.append(text) }
  }

  func fill(_ evidence: inout ProbeEvidence) {
    if watch.canAskNeighbour {
      var neighbour = ProbeEvidence.Neighbour(
        address: "\(path.gateway ?? request.address)", asked: neighbourAsked)
      neighbour.linkAddresses = neighbours.map { "\($0)" }
      neighbour.microseconds = neighbourTime.map { UInt64($0) / 1_000 }
      evidence.neighbour = neighbour
    }
    evidence.echo = echoes.evidence
    evidence.echo.errors = errors
    bfd.fill(&evidence.bfd)
  }
}

/// Echo requests and their answers, each at the time the kernel saw it.
struct EchoTally {
  private(set) var sent: UInt16 = 0
  private var leftAt: [UInt16: Instant] = [:]
  private(set) var roundTrips: [UInt16: Int64] = [:]
  private var timeToLive: UInt8?

  /// The sequence of the next request.
  mutating func next() -> UInt16 {
    defer { sent &+= 1 }
    return sent
  }

  mutating func left(_ sequence: UInt16, _ at: Instant) { leftAt[sequence] = at }

  mutating func answered(_ sequence: UInt16, _ ttl: UInt8, _ at: Instant) {
    guard let left = leftAt[sequence], roundTrips[sequence] == nil else { return }
    roundTrips[sequence] = max(0, at - left)
    timeToLive = ttl
  }

  var evidence: ProbeEvidence.Echo {
    var echo = ProbeEvidence.Echo()
    // The last one may still be under way.
    let last = sent > 1 && roundTrips[sent &- 1] == nil ? 1 : 0
    echo.sent = Int(sent) - last
    echo.received = roundTrips.count
    let times = roundTrips.values.map { UInt64($0) / 1_000 }
    echo.minimumMicroseconds = times.min()
    echo.maximumMicroseconds = times.max()
    echo.meanMicroseconds = times.isEmpty ? nil : times.reduce(0, +) / UInt64(times.count)
    echo.ttl = timeToLive.map(Int.init)
    return echo
  }
}

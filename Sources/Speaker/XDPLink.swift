import BFD
import Glibc
import NetworkNamespaces
import XDPSockets

/// A link that frames of sessions leave by (AF_XDP, docs/decisions/0023), as long as that is possible. While it is not, packets
/// leave as with the engine `packet`, and it is tried again later.
struct XDPLink: ~Copyable {
  /// Nanoseconds.
  struct Timing {
    /// Until it is tried again what did not work; doubled each time that it does not, up to the second.
    var retry: (first: Int64, longest: Int64) = (1_000_000_000, 60_000_000_000)
    /// For how long it is left alone after a peer did not hear what it sent.
    var distrust: Int64 = 60_000_000_000
    /// How long a frame may wait because the kernel does not take it; later it has no purpose any more.
    var patience: Int64 = 5_000_000
    /// How long the kernel may keep all frames without one coming back.
    var retention: Int64 = 1_000_000_000
    /// How long it is kept open though no session uses it.
    var idle: Int64 = 10_000_000_000
  }

  enum State: UInt8 {
    /// Not open, for the reason in `problem` or because nobody has asked.
    case closed
    case opening
    case ready
    /// The kernel has left frames in the ring. New ones go by other sockets until it takes these.
    case busy
  }

  /// So many frames are sent at once; there are twice as many.
  static let batch = 64
  /// Octets of the longest IP packet.
  static let longestPacket = XDPTransmitter.frameSize - EthernetHeader.length

  let domain: RoutingDomain
  let interface: UInt32
  let timing: Timing
  private(set) var state = State.closed
  /// Why it is not open.
  private(set) var problem: String?
  /// Packets that found no free frame, and left by another socket.
  private(set) var crowded: UInt64 = 0
  /// Sessions whose way leads by it.
  var users = 0
  /// What is to be counted of frames that the kernel did not take.
  var failures: [(owner: Int, code: Int32)] = []

  private var transmitter: XDPTransmitter?
  private var opening: XDPOpening?
  /// Who has committed the frames that are not sent yet, in their order; room for `batch`.
  private let owners: UnsafeMutablePointer<Int32>
  private(set) var pending = 0
  /// Since when it is in this state; the end of its rest while it is closed.
  private var since: Instant
  private var fullSince: Instant?
  private var idleSince: Instant?
  /// Failures in a row.
  private var strikes = 0

  init(_ domain: RoutingDomain, _ interface: UInt32, _ timing: Timing, at now: Instant) {
    self.domain = domain
    self.interface = interface
    self.timing = timing
    since = now
    owners = .allocate(capacity: Self.batch)
    failures.reserveCapacity(Self.batch)
  }

  deinit { owners.deallocate() }

  // MARK: Frames

  /// Room for a frame; nil while packets leave by other sockets.
  @inline(__always) mutating func nextFrame() -> UnsafeMutableRawPointer? {
    guard state == .ready else { return nil }
    return transmitter?.nextFrame() ?? refuse()
  }

  private mutating func refuse() -> UnsafeMutableRawPointer? {
    crowded &+= 1
    return nil
  }

  /// What stands in the room that `nextFrame` gave is a frame. When `isFull` says so, it is to be flushed next.
  @inline(__always) mutating func commit(length: Int, owner: Int) {
    transmitter?.commit(length: length)
    owners[pending] = Int32(truncatingIfNeeded: owner)
    pending += 1
  }

  var isFull: Bool { pending == Self.batch }

  var isOpen: Bool { state == .ready || state == .busy }

  /// Nobody is to be told any more what becomes of a session's frames.
  mutating func forget(_ owner: Int) {
    for place in 0..<pending where owners[place] == Int32(truncatingIfNeeded: owner) { owners[place] = -1 }
  }

  /// Has the kernel send what was committed; `failures` has what it did not.
  mutating func flush(at now: Instant) {
    if pending > 0, let outcome = transmitter?.flush() { settle(outcome, at: now) }
  }

  /// Draws the conclusions of a flush.
  mutating func settle(_ outcome: XDPTransmitter.Outcome, at now: Instant) {
    let waiting = outcome.obstacle == nil ? 0 : min(outcome.waiting, pending)
    if outcome.refused > 0 {
      // Which ones nobody says. What lasts begins with one of them and does not end, so the last are the best guess.
      fail(max(0, pending - waiting - outcome.refused)..<(pending - waiting), EBUSY)
    }
    owners.update(from: owners + (pending - waiting), count: waiting)
    pending = waiting
    switch outcome.obstacle {
    case nil: if state == .busy { enter(.ready, at: now) }
    case .busy:
      if state == .ready { enter(.busy, at: now) }
      if now - since > timing.patience { end("the kernel took frames too late", ENOBUFS, at: now) }
    case .linkDown: end("the link is down", ENETDOWN, at: now)
    case .linkGone: end("the link is gone", ENODEV, at: now)
    case .other(let code): end("the kernel takes no frames: " + String(cString: strerror(code)), code, at: now)
    }
  }

  private mutating func fail(_ places: Range<Int>, _ code: Int32) {
    for place in places where owners[place] >= 0 { failures.append((Int(owners[place]), code)) }
  }

  // MARK: Opening and ending

  mutating func enter(_ new: State, at now: Instant) {
    state = new
    since = now
  }

  /// Frames that wait are lost. What is open is closed by `follow`, which comes when there is time: this may stand before
  /// a failover.
  private mutating func end(_ reason: String, _ code: Int32, at now: Instant) {
    fail(0..<pending, code)
    stop(reason, at: now)
  }

  private mutating func stop(_ reason: String, at now: Instant, atLeast least: Int64 = 0) {
    pending = 0
    fullSince = nil
    rest("\(transmitter?.name ?? "interface \(interface)"): \(reason)", at: now, atLeast: least)
  }

  /// Gives the link back.
  mutating func end() {
    transmitter.take()?.endElsewhere()
    if let opening, case .open(let transmitter)? = opening.take() { transmitter.endElsewhere() }
    opening = nil
    pending = 0
    fullSince = nil
    state = .closed
  }

  private mutating func rest(_ reason: String, at now: Instant, atLeast least: Int64 = 0) {
    problem = reason
    let wait = min(timing.retry.first << Int64(min(strikes, 20)), timing.retry.longest)
    strikes += 1
    enter(.closed, at: now + max(wait, least))
  }

  /// A peer said that it had heard nothing, while frames to it left by this link. Nothing else shows that a driver loses
  /// them without a word, so another socket has a try.
  mutating func distrust(at now: Instant) {
    guard isOpen else { return }
    stop("a peer did not hear what was sent", at: now, atLeast: timing.distrust)
  }

  /// Opens it when that is due, takes what was opened, and gives back what nobody uses. Nothing in it blocks.
  mutating func follow(from home: Home?, at now: Instant) {
    if state == .closed { transmitter.take()?.endElsewhere() }
    switch state {
    case .closed: if isDue(at: now) { open(from: home, at: now) }
    case .opening: takeOpened(at: now)
    case .ready: watch(at: now)
    case .busy: break
    }
    if users > 0 {
      idleSince = nil
    } else {
      idleSince = idleSince ?? now
    }
  }

  /// Whether it is to be opened.
  func isDue(at now: Instant) -> Bool { state == .closed && users > 0 && now >= since }

  private mutating func open(from home: Home?, at now: Instant) {
    do throws(SystemCallError) {
      guard let copy = try home?.namespace.duplicate() else { return rest("its namespace is not open", at: now) }
      opening = XDPOpening(on: interface, in: copy, frames: 2 * Self.batch)
      enter(.opening, at: now)
    } catch { rest("\(error)", at: now) }
  }

  private mutating func takeOpened(at now: Instant) {
    switch opening?.take() {
    case nil: break
    case .open(let new)?:
      opening = nil
      transmitter = consume new
      problem = nil
      enter(.ready, at: now)
    case .failed(let error)?:
      opening = nil
      rest("\(error)", at: now)
    }
  }

  private mutating func watch(at now: Instant) {
    if strikes > 0, now - since > timing.retry.longest { strikes = 0 }
    transmitter?.reclaim()
    guard transmitter?.free == 0 else {
      fullSince = nil
      return
    }
    guard let full = fullSince else {
      fullSince = now
      return
    }
    if now - full > timing.retention { end("frames do not come back from the driver", ENOBUFS, at: now) }
  }

  /// Whether it has been of no use for long.
  func isIdle(at now: Instant) -> Bool { idleSince.map { now - $0 >= timing.idle } ?? false }

  private var fullEnds: Instant { fullSince.map { $0 + timing.retention } ?? .distantFuture }

  /// When `follow` or `flush` is wanted though nothing else happens.
  func deadline(after now: Instant) -> Instant {
    switch state {
    // Opening takes less than 1 ms as a rule; it may also wait for a lock for long.
    case .opening: now + min(max(1_000_000, (now - since) / 4), 100_000_000)
    case .busy: now + 1_000_000
    case .closed where users > 0: since
    case .closed, .ready: min(idleSince.map { $0 + timing.idle } ?? .distantFuture, fullEnds)
    }
  }
}

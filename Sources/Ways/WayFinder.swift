import Addresses
import CLinux
import Glibc
import Netlink
public import NetworkNamespaces

/// Finds, for the sessions of one namespace, the ways by which their packets can leave below the UDP stack, and follows the
/// kernel's tables so that they stay true.
///
/// For one thread, which must not be kept: `process` reads and asks in slices, by one socket that never blocks. Answers and
/// notifications come in by the same socket in the order in which they happened, so that an answer is never older than what
/// was heard before it. What is in doubt is taken back at once; a session without a way goes by its UDP socket.
///
/// What the kernel no longer does for packets that it does not see is to use, and so to confirm, the neighbour. A UDP packet
/// that comes in confirms nothing either (seen on Linux 6.18); an entry that nobody uses becomes STALE 15 to 45 s after the last
/// answer, and `gc_stale_time` (60 s) after its last use it may be removed, with a notification, if the table holds
/// `gc_thresh1` (128) or more (net/core/neighbour.c). So every session sends a packet by its UDP socket every 10 s, and at once when its
/// neighbour has become STALE: the kernel then asks the neighbour as it does for everybody (DELAY, PROBE), and the answer,
/// or that there was none, is heard here. See `usesSocket` and docs/decisions/0020.
public struct WayFinder: ~Copyable {
  /// For epoll: readable when `process` has something to read.
  public let descriptor: Int32
  private let port: UInt32
  private var policies: PolicyWatch
  private var table: WayTable
  private var batch = NewsBatch()
  private var requests = WayRequests()
  /// What was asked in the last send, answered by sequence number from `base` on.
  private var asked: [WayQuery] = []
  private var base: UInt32 = 1
  private var answered = 0
  /// The last `process` left notifications unread.
  private var isBehind = false
  /// Since it was opened.
  public private(set) var counters = Counters()

  /// What `process` has done.
  public struct Counters: Hashable, Sendable {
    /// Messages read.
    public var messages: UInt64 = 0
    /// Questions asked.
    public var questions: UInt64 = 0
    /// Times that the kernel dropped messages because they came too fast.
    public var overruns: UInt64 = 0
  }

  /// At most so many datagrams are read, and questions asked, in one `process`: some 0.4 ms of each.
  static let slice = (batches: 16, questions: 128, atOnce: 64)

  /// - Throws: when the namespace cannot be entered, or its tables not be watched. Watching needs no capability.
  public init(in namespace: borrowing NetworkNamespace) throws(SystemCallError) {
    try self.init(in: namespace, timing: WayTable.Timing())
  }

  package init(in namespace: borrowing NetworkNamespace, timing: WayTable.Timing) throws(SystemCallError) {
    descriptor = try namespace.perform { () throws(SystemCallError) in
      let fd = try NetlinkSocket.open(SOCK_RAW, flags: Int32(SOCK_NONBLOCK.rawValue))
      do throws(SystemCallError) {
        for group in Self.groups {
          var number = Int32(group.rawValue)
          guard setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, 4) == 0 else {
            throw SystemCallError("subscribe to netlink group \(number)")
          }
        }
      } catch {
        close(fd)
        throw error
      }
      // As many notifications as may be: what is lost costs every session a question.
      var bytes: Int32 = 4 << 20
      setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, 4)
      return fd
    }
    port = cl_news_port(descriptor)
    policies = PolicyWatch(in: namespace)
    table = WayTable(timing: timing)
    asked.reserveCapacity(Self.slice.atOnce)
  }

  deinit { close(descriptor) }

  private static var groups: [rtnetlink_groups] {
    [
      RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
      RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_NEXTHOP
    ]
  }

  // MARK: - Sessions

  /// Looks for a session's way from now on; `process` tells it. Again with another demand to change it.
  /// - Parameter session: the owner's number, from 0 and densely.
  public mutating func add(_ session: Int, _ demand: WayDemand) { table.add(session, demand) }

  /// Forgets a session; nothing more is told of it.
  public mutating func remove(_ session: Int) { table.remove(session) }

  /// The way that was told last, or is about to be.
  public func way(of session: Int) -> Way? { table.way(session) }

  /// Why a session has no way; nil when it has one, or was not added.
  public func obstacle(of session: Int) -> WayObstacle? { table.obstacle(session) }

  /// Whether the packet that a session sends now is to leave by its UDP socket although it has a way: every 7.5 to 10 s, the
  /// first after the way was found, and soon after its neighbour became STALE. True counts as done. One comparison.
  ///
  /// Sessions that are not Up best send all their packets by the socket: then the kernel looks after the neighbour as always.
  @inline(__always)
  public mutating func usesSocket(_ session: Int, at now: Int64) -> Bool { table.usesSocket(session, at: now) }

  // MARK: - Following the kernel

  /// When `process` is wanted even though `descriptor` is silent, in nanoseconds on the clock of its `now`: `.min` for at once,
  /// after what else there is to do, and `.max` for never.
  public var nextDeadline: Int64 { isBehind ? .min : table.nextDeadline }

  /// Reads what the kernel has to say, and asks what is to be asked, a slice of each; hands over the sessions whose way is
  /// another, or may be.
  /// - Parameters:
  ///   - now: nanoseconds on a clock that only goes forward.
  ///   - hasInput: false when it is known that `descriptor` was not readable just now: saves the system call that would
  ///     find nothing.
  public mutating func process(
    at now: Int64, hasInput: Bool = true, _ changed: (_ session: Int, _ way: Way?) -> Void
  ) {
    if let isInForce = policies.look(at: now) { table.setPolicies(isInForce) }
    if hasInput || isBehind || table.nextDeadline <= now { follow(at: now) }
    table.takeChanges(changed)
  }

  private mutating func follow(at now: Int64) {
    // Questions wait until all was heard: their answers come behind it.
    isBehind = !listen(at: now)
    if !isBehind {
      table.startRound(at: now)
      var count = 0
      while count < Self.slice.questions {
        let more = askSome(at: now)
        if more == 0 { break }
        count += more
      }
    }
  }

  /// - Returns: whether nothing more waits.
  private mutating func listen(at now: Int64) -> Bool {
    for _ in 0..<Self.slice.batches {
      if !receive(at: now) { return true }
    }
    return false
  }

  /// Asks as many questions as one send takes, and reads the answers, which are there when it returns.
  private mutating func askSome(at now: Int64) -> Int {
    requests.reset()
    base &+= UInt32(asked.count)
    asked.removeAll(keepingCapacity: true)
    answered = 0
    while asked.count < Self.slice.atOnce, let query = table.next() {
      let sequence = base &+ UInt32(asked.count)
      switch query {
      case .route(let session):
        guard let demand = table.demand(session) else { continue }
        requests.route(demand, sequence: sequence)
      case .source(let session):
        guard let demand = table.demand(session), let source = demand.source else { continue }
        let interface = source.isLinkLocal ? demand.interface : 0
        requests.address(source, interface: interface, sequence: sequence)
      case .neighbour(let number): requests.neighbour(table.hop(number), sequence: sequence)
      case .link(let interface): requests.link(interface, sequence: sequence)
      }
      asked.append(query)
    }
    let count = asked.count
    guard count > 0 else { return 0 }
    counters.questions &+= UInt64(count)
    let fd = descriptor
    let length = requests.bytes.count
    let sent = requests.bytes.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
    guard sent == length else {
      lose(at: now)
      return count
    }
    while answered < asked.count, receive(at: now) {}
    // Nothing waits, and not everything was answered: then it was lost.
    if answered < asked.count { lose(at: now) }
    return count
  }

  /// Reads a batch of messages.
  /// - Returns: false when nothing waits.
  private mutating func receive(at now: Int64) -> Bool {
    switch batch.receive(from: descriptor) {
    case .nothing: return false
    case .overrun:
      lose(at: now)
      return true
    case .messages: break
    }
    for index in 0..<batch.count {
      guard let datagram = batch.datagram(index) else {
        lose(at: now)
        continue
      }
      let bytes = datagram.bytes  // stays as it is until the next receive
      var offset = 0
      while let (type, sequence, sender, range) = bytes.message(at: offset) {
        let message = bytes.extracting(range)
        counters.messages &+= 1
        if sender == port, sequence &- base < UInt32(asked.count) {
          take(answer: message, type, to: asked[Int(sequence &- base)], at: now)
          answered += 1
        } else if let news = message.news(type) {
          table.take(news, at: now)
        }
        offset += (range.count + 3) & ~3
      }
    }
    return true
  }

  private mutating func take(answer: RawSpan, _ type: UInt16, to query: WayQuery, at now: Int64) {
    let isError = type == UInt16(NLMSG_ERROR)
    switch query {
    case .route(let session):
      table.answer(route: isError ? nil : answer.route, code: isError ? answer.errorCode : 0, for: session)
    case .source(let session):
      table.answer(isSourceOurs: !isError && answer.interfaceAddress?.isUsable == true, for: session)
    case .neighbour(let number):
      table.answer(neighbour: isError ? nil : answer.neighbour?.fact, for: number, at: now)
    case .link(let interface): table.answer(link: isError ? nil : answer.link?.fact, for: interface)
    }
  }

  private mutating func lose(at now: Int64) {
    counters.overruns &+= 1
    base &+= UInt32(asked.count)
    asked.removeAll(keepingCapacity: true)
    answered = 0
    table.lose(at: now)
  }
}

/// Datagrams from netlink: one recvmmsg, no allocation.
struct NewsBatch: ~Copyable {
  // Owned, allocated once, freed in deinit; every use is through a method of this value.
  private let batch: OpaquePointer
  private(set) var count = 0

  enum Outcome { case messages, nothing, overrun }

  init() {
    guard let batch = cl_news_batch_create() else { preconditionFailure("out of memory") }
    self.batch = batch
  }

  deinit { cl_news_batch_destroy(batch) }

  mutating func receive(from descriptor: Int32) -> Outcome {
    while true {
      let received = cl_news_batch_receive(batch, descriptor)
      count = max(0, Int(received))
      if received > 0 { return .messages }
      if received == 0 || errno == EAGAIN { return .nothing }
      if errno != EINTR { return .overrun }
    }
  }

  /// Nil when it did not fit; empty when it is not the kernel's. Valid until the next receive.
  func datagram(_ index: Int) -> UnsafeRawBufferPointer? {
    let length = cl_news_batch_length(batch, Int32(index))
    guard length >= 0 else { return nil }
    return UnsafeRawBufferPointer(start: cl_news_batch_data(batch, Int32(index)), count: Int(length))
  }
}

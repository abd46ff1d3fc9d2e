import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces
import OpenBFDD
import Runtime

/// The control ports. Everything here is bounded and nothing waits: BFD is spoken by the same thread.
struct ControlServer: ~Copyable {
  private let poller: Poller
  private var listeners: [Int32]
  private var connections: [Int32: ConnectionBox] = [:]
  /// In the order in which they came.
  private var order: [Int32] = []
  /// Answers that go on after BFD has had its turn.
  private(set) var isBusy = false

  /// How many clients at a time. One more, and the one that has been there longest goes.
  static let limit = 32

  /// A connection in a dictionary, which holds copyable values only.
  private final class ConnectionBox {
    var connection: ControlConnection
    init(_ connection: consuming ControlConnection) { self.connection = connection }
  }

  /// Readable when there is something to do.
  var descriptor: Int32 { poller.descriptor }

  /// - Throws: `BeaconError` that names the address.
  static func open(_ addresses: [ControlAddress], log: inout BeaconLog) throws(BeaconError) -> ControlServer {
    let poller: Poller
    do throws(SystemCallError) {
      poller = try Poller()
    } catch {
      throw BeaconError("\(error)")
    }
    // The alternative port is there in case of trouble with the first: it makes none of its own.
    let mayFail: Set<ControlAddress> = addresses == [.standard, .alternative] ? [.alternative] : []
    var listeners: [Int32] = []
    for address in addresses {
      switch Self.open(address, poller) {
      case .success(let fd):
        listeners.append(fd)
        log.write(.app, "Listening for commands on \(address)")
      case .failure(let error) where mayFail.contains(address): log.write(.warn, "\(error)")
      case .failure(let error):
        for fd in listeners { close(fd) }
        let hint =
          error.code == EADDRINUSE
          ? "; another beacon runs in this network namespace: ask it to stop with 'bfdd-control stop'" : ""
        throw BeaconError("Failed to listen for commands on \(address). \(error)\(hint)")
      }
    }
    return ControlServer(poller, listeners)
  }

  private init(_ poller: Poller, _ listeners: [Int32]) {
    self.poller = poller
    self.listeners = listeners
  }

  private static func open(_ address: ControlAddress, _ poller: Poller) -> Result<Int32, SystemCallError> {
    do throws(SystemCallError) {
      let fd = try listen(on: address)
      try poller.watch(fd)
      return .success(fd)
    } catch {
      return .failure(error)
    }
  }

  deinit { for fd in listeners { close(fd) } }

  private static func listen(on address: ControlAddress) throws(SystemCallError) -> Int32 {
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let fd = socket(address.address.family == .ipv4 ? AF_INET : AF_INET6, Int32(kind), 0)
    guard fd >= 0 else { throw SystemCallError("open a socket for \(address)") }
    var on: Int32 = 1
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, 4)
    if address.address.family == .ipv6 { setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, 4) }
    guard withSocketAddress(address.address, port: address.port, { bind(fd, $0, $1) }) == 0,
      Glibc.listen(fd, 16) == 0
    else {
      let error = SystemCallError("bind \(address)")
      close(fd)
      throw error
    }
    return fd
  }

  /// When the next client has been patient for long enough.
  var nextDeadline: Instant {
    order.compactMap { connections[$0]?.connection.deadline }.min() ?? .distantFuture
  }

  /// Whether no answer is under way.
  var isIdle: Bool { connections.isEmpty }

  /// Hears and answers what can be heard and answered now.
  mutating func run(_ beacon: inout Beacon, at now: Instant) {
    isBusy = false
    for fd in order where connections[fd].map({ $0.connection.deadline <= now }) ?? false { drop(fd) }
    for fd in poller.ready() {
      if listeners.contains(fd) { accept(from: fd, at: now) } else { serve(fd, &beacon, at: now) }
    }
  }

  /// Stops hearing; answers that are under way are finished.
  mutating func closeListeners() {
    for fd in listeners { close(fd) }
    listeners.removeAll()
  }

  private mutating func accept(from listener: Int32, at now: Instant) {
    // A few at a time: the others wait in the backlog.
    for _ in 0..<8 {
      let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
      let fd = cl_accept4(listener, nil, nil, flags)
      guard fd >= 0 else { return }
      if order.count >= Self.limit, let oldest = order.first { drop(oldest) }
      do throws(SystemCallError) {
        try poller.watch(fd)
      } catch {
        close(fd)
        continue
      }
      connections[fd] = ConnectionBox(ControlConnection(fd, at: now))
      order.append(fd)
    }
  }

  private mutating func serve(_ fd: Int32, _ beacon: inout Beacon, at now: Instant) {
    guard let box = connections[fd] else { return }
    switch box.connection.read() {
    case .unfinished: break
    case .request(let words):
      box.connection.answer(beacon.answer(words, at: now), at: now)
      poller.watch(fd, forOutput: true)
    case .over(let problem):
      if let problem { beacon.log.write(.command, problem) }
      return drop(fd)
    }
    switch box.connection.write() {
    case .waiting: break
    case .more: isBusy = true
    case .finished: drop(fd)
    }
  }

  private mutating func drop(_ fd: Int32) {
    connections[fd] = nil  // which closes it
    order.removeAll { $0 == fd }
  }
}

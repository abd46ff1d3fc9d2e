import Addresses
public import BFD
import CLinux
import Glibc
public import NetworkNamespaces
public import OpenBFDD
import Runtime

/// The control ports. Everything here is bounded and nothing waits: BFD is spoken by the same thread.
public struct ControlServer: ~Copyable {
  private let poller: Poller
  private var listeners: [Int32]
  private var connections: [Int32: ConnectionBox] = [:]
  /// In the order in which they came.
  private var order: [Int32] = []
  /// Answers that go on after BFD has had its turn.
  public private(set) var isBusy = false

  /// How many clients at a time. One more, and the one that has been there longest goes.
  static let limit = 32

  /// What came from a client.
  public enum Heard: Hashable, Sendable {
    case request([String])
    /// It was no request, for the log: the client gets no answer, as from OpenBFDD.
    case fault(String)
  }

  /// A connection in a dictionary, which holds copyable values only.
  private final class ConnectionBox {
    var connection: ControlConnection
    init(_ connection: consuming ControlConnection) { self.connection = connection }
  }

  /// Readable when there is something to do.
  public var descriptor: Int32 { poller.descriptor }

  /// Hears nothing until `hear`.
  public init() throws(SystemCallError) {
    poller = try Poller()
    listeners = []
  }

  /// Hears clients on a listener of `listener(on:)`, which is this one's to close from now on.
  public mutating func hear(_ listener: Int32) throws(SystemCallError) {
    do throws(SystemCallError) {
      try poller.watch(listener)
    } catch {
      close(listener)
      throw error
    }
    listeners.append(listener)
  }

  deinit { for fd in listeners { close(fd) } }

  /// A listening socket in the calling thread's network namespace.
  /// - Throws: EADDRINUSE when another beacon has the port.
  public static func listener(on address: ControlAddress) throws(SystemCallError) -> Int32 {
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
  public var nextDeadline: Instant {
    order.compactMap { connections[$0]?.connection.deadline }.min() ?? .distantFuture
  }

  /// Whether no answer is under way.
  public var isIdle: Bool { connections.isEmpty }

  /// Hears and answers what can be heard and answered now.
  /// - Parameter answer: what to answer to a request; of what is none, nil and a word for the log.
  public mutating func run(at now: Instant, _ answer: (Heard) -> Reply?) {
    isBusy = false
    for fd in order where connections[fd].map({ $0.connection.deadline <= now }) ?? false { drop(fd) }
    for fd in poller.ready() {
      if listeners.contains(fd) { accept(from: fd, at: now) } else { serve(fd, at: now, answer) }
    }
  }

  /// Stops hearing; answers that are under way are finished.
  public mutating func closeListeners() {
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

  private mutating func serve(_ fd: Int32, at now: Instant, _ answer: (Heard) -> Reply?) {
    guard let box = connections[fd] else { return }
    switch box.connection.read() {
    case .unfinished: break
    case .request(let words):
      guard let reply = answer(.request(words)) else { return drop(fd) }
      box.connection.answer(reply, at: now)
      poller.watch(fd, forOutput: true)
    case .over(let problem):
      if let problem { _ = answer(.fault(problem)) }
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

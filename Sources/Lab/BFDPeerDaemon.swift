public import Addresses

/// The three numbers of a BFD session that a router's configuration sets.
public struct BFDTimers: Hashable, Sendable {
  /// Desired min TX interval, in milliseconds.
  public var transmitMilliseconds: Int
  /// Required min RX interval, in milliseconds.
  public var receiveMilliseconds: Int
  /// Detect multiplier, 1 to 255.
  public var multiplier: Int

  public init(transmitMilliseconds: Int, receiveMilliseconds: Int, multiplier: Int = 3) {
    self.transmitMilliseconds = transmitMilliseconds
    self.receiveMilliseconds = receiveMilliseconds
    self.multiplier = multiplier
  }

  /// The same interval both ways.
  public init(milliseconds: Int, multiplier: Int = 3) {
    self.init(transmitMilliseconds: milliseconds, receiveMilliseconds: milliseconds, multiplier: multiplier)
  }
}

/// A neighbour as a router's configuration names it.
public struct BFDPeer: Hashable, Sendable {
  public var address: IPAddress
  /// Our own address; the router chooses when nil. FRR wants it for IPv6 and for multihop.
  public var local: IPAddress?
  /// Nil only for multihop.
  public var interface: String?
  public var timers: BFDTimers
  /// Waits for the peer to begin (RFC 5880 section 6.1).
  public var isPassive: Bool
  /// Configured, but administratively down (FRR only).
  public var isShutDown: Bool
  /// RFC 5883, port 4784.
  public var isMultihop: Bool
  /// The least TTL of a received packet, for multihop (FRR only).
  public var minimumTTL: Int?

  public init(
    _ address: IPAddress, local: IPAddress? = nil, interface: String? = nil,
    timers: BFDTimers = BFDTimers(milliseconds: 300), isPassive: Bool = false, isShutDown: Bool = false,
    isMultihop: Bool = false, minimumTTL: Int? = nil
  ) {
    self.address = address
    self.local = local
    self.interface = interface
    self.timers = timers
    self.isPassive = isPassive
    self.isShutDown = isShutDown
    self.isMultihop = isMultihop
    self.minimumTTL = minimumTTL
  }
}

/// A router's BFD daemon in a namespace of the lab: real FRR or real BIRD behind the same words.
public protocol BFDPeerDaemon: AnyObject, Sendable {
  /// `FRR` or `BIRD`.
  var kind: String { get }
  /// The role of the namespace it runs in: `r1`.
  var role: String { get }
  var isRunning: Bool { get }

  /// Starts it, also after `stop` or `kill`, with what was changed since; returns when it answers questions.
  func start() throws(LabError)
  /// Ends it in order (SIGTERM), with whatever it says to its peers on the way out.
  func stop()
  /// SIGKILL: its peers hear nothing.
  func kill()
  /// SIGSTOP: alive, but silent.
  func pause()
  /// SIGCONT.
  func resume()

  /// Its own view of all its sessions, in the order of their addresses. Works from another process too.
  func sessions() throws(LabError) -> [PeerSessionView]
  /// Changes the numbers of a running session.
  func setIntervals(_ timers: BFDTimers, of peer: IPAddress) throws(LabError)
  /// Takes a session administratively down.
  /// - Throws: `LabError` when the daemon has no such command, or fails.
  func adminDown(_ peer: IPAddress) throws(LabError)
  /// Takes it back.
  func adminUp(_ peer: IPAddress) throws(LabError)
}

extension BFDPeerDaemon {
  /// Its view of the session with this peer; nil when it has none.
  public func session(with peer: IPAddress) throws(LabError) -> PeerSessionView? {
    try sessions().first { $0.peer == peer }
  }

  /// Waits until its session with `peer` is in `state`.
  /// - Throws: `LabError` with the last state seen when `timeout` is over.
  @discardableResult public func wait(
    for state: PeerState, of peer: IPAddress, timeout: Duration = .seconds(15)
  ) throws(LabError) -> PeerSessionView {
    var seen: Result<PeerSessionView?, LabError> = .success(nil)
    let held = waitUntil(timeout: timeout, every: .milliseconds(50)) {
      do throws(LabError) { seen = .success(try session(with: peer)) } catch { seen = .failure(error) }
      return (try? seen.get())?.state == state
    }
    guard let view = try seen.get() else {
      throw LabError("\(kind) in \(role) knows no session with \(peer)")
    }
    guard held else {
      throw LabError(
        "\(kind) in \(role): the session with \(peer) is \(view.state), not \(state), after \(timeout)")
    }
    return view
  }
}

import Addresses
public import BFD
public import OpenBFDD
public import Speaker

/// What OpenBFDD says of a session and BFD does not need: its number, its role, where it has been.
public struct RosterEntry: Sendable {
  public let pair: AddressPair
  /// Nil as long as the peer has not been heard: OpenBFDD has no session then, so none is shown.
  public var id: UInt32?
  /// `connect` asked for it.
  public var isActive = false
  public var isSuspended = false
  public var isForced = false
  /// Kept as asked for. Our Down is sent at once, so a peer needs no Poll to notice it.
  public var adminUpPoll = true
  /// The states it was in, the latest first, at most four.
  public private(set) var history: [(state: SessionState, since: Instant, until: Instant?)] = []
  /// Since when the peer has been silent.
  public var silentSince: Instant?

  static let historyLimit = 4

  public init(_ pair: AddressPair, at now: Instant) {
    self.pair = pair
    history = [(.down, now, nil)]
  }

  /// Init counts as Down, and AdminDown after Down is only AdminDown.
  public mutating func note(_ state: SessionState, at now: Instant) {
    guard state != .`init`, let last = history.first else { return }
    if last.state == state || (last.state == .down && state == .adminDown) {
      history[0].state = state
      return
    }
    history[0].until = now
    history.insert((state, now, nil), at: 0)
    if history.count > Self.historyLimit { history.removeLast() }
  }

  public mutating func startHistory(at now: Instant, _ state: SessionState) {
    history = [(state == .`init` ? .down : state, now, nil)]
  }

  public func spans(at now: Instant) -> [StateSpan] {
    history.map { span in
      StateSpan(span.state, duration: .nanoseconds(max(0, (span.until ?? now) - span.since)))
    }
  }
}

extension SessionStatus {
  /// What `status` shows of a session; nil while it is not shown at all.
  public init?(_ entry: RosterEntry, _ view: SessionView, at now: Instant) {
    guard let id = entry.id else { return nil }
    self.init(id: id, addresses: entry.pair, isActive: entry.isActive)
    let session = view.session
    isForced = entry.isForced
    isSuspended = entry.isSuspended
    state = session.state
    diagnostic = session.diagnostic
    localDiscriminator = session.localDiscriminator
    history = entry.spans(at: now)
    detectionTime = UInt64(max(0, session.detectionTime ?? 0) / 1_000)
    multiplier = session.configuration.detectMultiplier
    minTx = PendingInterval(session.transmitInForce, told: session.advertisedMinTx)
    minTxWhenUp = session.configuration.desiredMinTx
    minRx = PendingInterval(session.receiveInForce, told: session.configuration.requiredMinRx)
    transmitInterval =
      session.remote?.requiredMinRx == .zero ? 0 : UInt64(session.transmitInterval.microseconds)
    guard let remote = session.remote else { return }
    remoteState = remote.state
    remoteDiagnostic = remote.diagnostic
    remoteDiscriminator = remote.discriminator
    remoteMultiplier = remote.detectMultiplier
    remoteMinTx = remote.desiredMinTx
    remoteMinRx = remote.requiredMinRx
  }
}

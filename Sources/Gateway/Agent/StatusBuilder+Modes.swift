import BFD
import Control
import Speaker

extension StatusBuilder {
  func detectionMode(_ session: Session) -> StatusReport.DetectionMode {
    switch (session.demandInForce, session.echo?.isRunning == true) {
    case (false, false): .asyncWithoutEcho
    case (false, true): .asyncWithEcho
    case (true, false): .demandWithoutEcho
    case (true, true): .demandWithEcho
    }
  }

  /// Nil when the session neither sends nor takes echoes.
  func echo(_ view: SessionView) -> StatusReport.Echo? {
    let session = view.session
    let configuration = session.configuration
    guard configuration.echo != nil || configuration.requiredMinEchoRx != .zero else { return nil }
    return StatusReport.Echo(
      isRunning: session.echo?.isRunning == true, unaffiliated: session.isUnaffiliated,
      transmitInterval: configuration.echo == nil ? nil : UInt64(session.echoInterval.microseconds),
      requiredMinEchoRxInterval: UInt64(configuration.requiredMinEchoRx.microseconds),
      remoteRequiredMinEchoRxInterval: session.remote.map { UInt64($0.requiredMinEchoRx.microseconds) },
      sentCount: session.echo?.sent ?? 0, returnedCount: session.echo?.returned ?? 0,
      loopedCount: view.echo?.looped ?? 0, roundTrip: session.echo?.roundTrip.map { UInt64($0 / 1_000) },
      meanRoundTrip: session.echo?.meanRoundTrip.map { UInt64($0 / 1_000) },
      localAddress: view.echo?.localAddress.map { "\($0)" }, linkAddress: view.echo?.linkAddress.map { "\($0)" },
      obstacle: obstacle(view))
  }

  private func obstacle(_ view: SessionView) -> String? {
    switch view.echo?.obstacle {
    case nil: nil
    case .noSockets(let why): why
    case .noLocalAddress:
      "no address here on the peer's link that a router forwards to: give the peer an interface or a local-address"
    case .noNeighbour: "the peer's link-layer address is not known: it answers neither ARP nor neighbour discovery"
    }
  }

  /// Nil when Demand mode is neither wanted nor asked for.
  func demand(_ session: Session) -> StatusReport.Demand? {
    guard session.configuration.demand != nil || session.isSilenced || session.demandInForce else { return nil }
    return StatusReport.Demand(
      active: session.demandInForce, remoteActive: session.isSilenced,
      lastVerifiedAge: session.demandInForce ? UInt64(max(0, snapshot.at - session.verifiedAt) / 1_000) : nil,
      pollInterval: session.configuration.demand?.verificationInterval.map { UInt64($0.microseconds) })
  }
}

import Addresses
import BFD
import ConfigurationFile
import Control
import Speaker

extension StatusBuilder {
  /// Where a session is, its times, and what dampening has done to it.
  func addPlace(of entry: EngineSnapshot.SessionEntry, to report: inout StatusReport.Session) {
    let (view, key) = (entry.view, entry.view.settings.key)
    report.pathType = .init(key.pathType)
    report.destinationPort = view.session.isUnaffiliated ? nil : Int(BFDPort.destination(key.pathType))
    if key.domain == .main, key.pathType != .seamlessInitiator {
      let port = view.settings.remoteAddress?.family == .ipv6 ? snapshot.sourcePortIPv6 : snapshot.sourcePortIPv4
      report.sourcePort = port.map { Int($0) }
    }
    if let place = elsewhere[entry.name] {
      report.vrf = place.reach.vrf
      report.namespace = place.reach.namespace
      // Indices of another namespace mean nothing here.
      if place.reach.namespace != nil { report.interface = place.interface }
    }
    report.createTime = timestamp(view.session.started)
    report.lastUpTime = view.counters.lastUp.map(timestamp)
    report.lastDownTime = view.counters.lastDown.map(timestamp)
    report.adminDownCount = view.counters.adminDowns
    report.receiveInvalidPacketCount = view.counters.invalid
    report.dampening = view.dampening.map {
      StatusReport.Dampening(heldUntil: $0.heldUntil.map(timestamp), holdCount: $0.holds)
    }
  }
}

extension GatewayConfiguration {
  /// Where peers and allow entries are that are not where the gateway is, by their names; a peer goes before an entry.
  var elsewhere: [String: StatusBuilder.Elsewhere] {
    let entries = bfd.allow.map { ($0.name, StatusBuilder.Elsewhere(reach: $0.reach, interface: nil)) }
    let peers = bfd.peers.map { ($0.name, StatusBuilder.Elsewhere(reach: $0.reach, interface: $0.interface)) }
    return Dictionary(
      (entries + peers).filter { $0.1.reach.vrf != nil || $0.1.reach.namespace != nil }, uniquingKeysWith: { $1 })
  }
}

extension StatusReport.PathType {
  fileprivate init(_ pathType: PathType) {
    switch pathType {
    case .singleHop: self = .singleHop
    case .multihop: self = .multihop
    case .linkAggregationMember: self = .linkAggregationMember
    case .seamlessInitiator, .seamlessReflector: self = .seamless
    }
  }
}

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
    let reach =
      configuration.bfd.peers.first { $0.name == entry.name }?.reach
      ?? configuration.bfd.allow.first { $0.name == entry.name }?.reach
    report.vrf = reach?.vrf
    report.namespace = reach?.namespace
    // Indices of another namespace mean nothing here.
    if reach?.namespace != nil {
      report.interface = configuration.bfd.peers.first { $0.name == entry.name }?.interface
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

import Addresses
import BFD
import Glibc
import PacketSockets

extension Prober {
  mutating func record(_ verdict: Verdict, of index: Int) {
    guard let slot = slots[index] else { return }
    let reason = verdict == .up ? reasonUp(of: slot) : reasonDown(of: slot)
    slots[index]?.reason = reason
    events.append(.verdict(probe: index, verdict, reason: reason))
  }

  private func reasonUp(of slot: Slot) -> String {
    let taken = slot.state.lastRoundTrip.map { ", \(Self.milliseconds($0)) ms" } ?? ""
    return "\(Self.answers(slot.target)), \(slot.state.answeredInARow) in a row\(taken)"
  }

  private func reasonDown(of slot: Slot) -> String {
    let count = slot.state.unansweredInARow
    return "\(trouble(of: slot) ?? Self.silence(slot.target)), \(count) unanswered in a row"
  }

  /// What is known to be in the way; nil when the last question was answered, or the first is still open.
  func trouble(of slot: Slot) -> String? {
    let name = slot.target.interface.name
    switch slot.obstacle {
    case .noInterface: return "interface \(name) is not there"
    case .noSource(let family): return "\(name) has no \(family) address to ask \(slot.target.via) from"
    case .noNeighbours: return "\(name) has no neighbours: it is no Ethernet"
    case .notSent(ENOBUFS): return "\(name) drops what is sent: it has no carrier, or its queue is full"
    case .notSent(let code): return "cannot send on \(name): \(String(cString: strerror(code)))"
    case nil: break
    }
    guard let since = slot.state.silentSince, let hop = hops[slot.hop] else { return nil }
    if let complaint = slot.complaint, case .echo(let address, _, _, _) = slot.target {
      return "\(complaint.reporter) says of \(address): \(complaint.text)"
    }
    guard case .echo(let address, let via, _, _) = slot.target, links[slot.link]?.linkAddress != nil else {
      return Self.silence(slot.target)
    }
    // Silent itself since the echo is: whatever lies behind cannot be judged.
    guard let heard = hop.answeredAt, heard >= since, let hardware = hop.linkAddress else {
      return Self.silence(.neighbour(via: via, slot.target.interface))
    }
    let neighbour = "\(via) answers \(Self.protocolName(via.family)) (\(hardware))"
    return address == via
      ? "\(neighbour) but not \(Self.echoName(address.family))"
      : "\(Self.silence(slot.target)); \(neighbour)"
  }

  private static func answers(_ target: ProbeTarget) -> String {
    switch target {
    case .neighbour(let via, let interface):
      "\(via) answers \(protocolName(via.family)) on \(interface.name)"
    case .echo(let address, let via, let interface, _):
      "\(address) answers \(echoName(address.family)) \(way(address, via, interface))"
    }
  }

  private static func silence(_ target: ProbeTarget) -> String {
    switch target {
    case .neighbour(let via, let interface):
      "\(via) does not answer \(protocolName(via.family)) on \(interface.name)"
    case .echo(let address, let via, let interface, _):
      "\(address) does not answer \(echoName(address.family)) \(way(address, via, interface))"
    }
  }

  private static func way(_ address: IPAddress, _ via: IPAddress, _ interface: ProbeInterface) -> String {
    address == via ? "on \(interface.name)" : "through \(via)"
  }

  private static func protocolName(_ family: AddressFamily) -> String {
    family == .ipv4 ? "ARP" : "neighbour discovery"
  }

  private static func echoName(_ family: AddressFamily) -> String { family == .ipv4 ? "ICMP echo" : "ICMPv6 echo" }

  /// Three digits after the point.
  private static func milliseconds(_ duration: Duration) -> String {
    let micros = (duration.inNanoseconds + 500) / 1000
    let fraction = String(micros % 1000)
    return "\(micros / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
  }
}

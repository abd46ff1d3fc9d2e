import Addresses

extension Draft {
  /// Modes that make no sense together, or not where they are.
  func checkModes() {
    let defaults = bfdTimers.timers()
    for peer in peers {
      checkSize(peer.timers.packetSize ?? bfdTimers.packetSize, peer.interface)
      if peer.reach.multihop, let echo = peer.timers.echo, echo.value != nil {
        report.error(
          "echo must not be used over several hops (RFC 5883 section 3)", at: echo.place,
          expected: "no `echo` beside `multihop: true`")
      }
      guard peer.mode == .unaffiliatedEcho else { continue }
      if peer.reach.multihop {
        report.error(
          "unaffiliated echo is for the next hop only (RFC 9747)", at: peer.place, expected: "no `multihop` here")
      }
      if peer.pointToPoint {
        report.error(
          "unaffiliated echo takes nobody's packets but its own, so point-to-point means nothing", at: peer.place,
          expected: "mode: active or passive, or no point-to-point")
      }
      if let demand = peer.timers.demand, demand.value != nil {
        report.error(
          "unaffiliated echo has no peer to be in Demand mode with", at: demand.place, expected: "no `demand` here")
      }
      if let echo = peer.timers.echo, echo.value?.receiveInterval != nil {
        report.error(
          "unaffiliated echo announces nothing, so nobody learns a receive-interval", at: echo.place,
          expected: "only transmit-interval here")
      }
      if let echo = peer.timers.timers(defaults).echo, echo.transmitInterval == nil {
        report.error(
          "unaffiliated echo needs an interval to send at", at: peer.timers.echo?.place ?? peer.place,
          expected: "echo: {transmit-interval: ...}, or no `echo` to send at transmit-interval")
      }
      if peer.authentication != nil {
        report.error(
          "unaffiliated echo has no peer that has the keys; its packets are sealed with this node's own secret",
          at: peer.place, expected: "no `authentication` here")
      }
    }
  }

  /// A packet that the first link cannot carry.
  private func checkSize(_ size: Located<Int?>?, _ name: Located<String>?) {
    guard let size, let octets = size.value, let name,
      let mtu = interfaces.first(where: { $0.name?.value == name.value })?.mtu?.value, octets > mtu
    else { return }
    report.error(
      "packets of \(octets) octets do not fit \(name.value), whose MTU is \(mtu)", at: size.place,
      expected: "at most \(mtu)")
  }
}

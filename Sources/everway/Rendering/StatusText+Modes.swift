import Control

extension StatusReport.Echo {
  var words: String {
    if let obstacle { return "no echo can be sent: \(obstacle)" }
    var text: [String] = []
    let name = unaffiliated ? "unaffiliated echo" : "echo"
    if let interval = transmitInterval {
      text.append(
        isRunning
          ? "\(name) every \(Quantities.interval(microseconds: interval)), \(Quantities.count(returnedCount)) of "
            + "\(Quantities.count(sentCount)) came back"
          : remoteRequiredMinEchoRxInterval == 0 ? "no echo: the peer takes none" : "no echo unless Up")
    }
    if let last = roundTrip, let mean = meanRoundTrip {
      text.append(
        "round trip \(Quantities.interval(microseconds: last)), mean \(Quantities.interval(microseconds: mean))")
    }
    if requiredMinEchoRxInterval > 0 {
      let interval = Quantities.interval(microseconds: requiredMinEchoRxInterval)
      text.append(
        "the peer may send one every \(interval), \(Quantities.count(loopedCount)) were sent back from here")
    }
    return text.joined(separator: "; ")
  }
}

extension StatusReport.Demand {
  var words: String {
    var text: [String] = []
    if active {
      let ago = lastVerifiedAge.map { ", last answered \(Quantities.interval(microseconds: $0)) ago" } ?? ""
      let every = pollInterval.map { " every \(Quantities.interval(microseconds: $0))" } ?? ""
      text.append("Demand mode: the peer is asked\(every)\(ago)")
    } else if pollInterval != nil {
      text.append("Demand mode is wanted, and not active yet")
    }
    if remoteActive { text.append("the peer is in Demand mode: nothing is sent but answers and Polls") }
    return text.joined(separator: "; ")
  }
}

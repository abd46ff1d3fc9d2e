import Addresses
import Glibc
import Lab
import NetworkNamespaces
import PeerProbe
import Testing

@testable import PeerProber

@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(3))) struct TuneLiveTests {
  private func measure(_ field: Field, _ address: IPAddress, seconds: Int64 = 2, patience: Int64 = 1) throws
    -> PathMeasurement.Outcome
  {
    let namespace = try NetworkNamespace(named: field.us.name)
    guard
      case .path(let path) = try ProbePath.find(to: address, interface: nil, source: nil, in: namespace)
    else { throw ProbeFailure("no path to \(address)") }
    var measurement = PathMeasurement(address: address)
    measurement.duration = seconds * 1_000_000_000
    measurement.patience = patience * 1_000_000_000
    return try measurement.run(along: path, in: namespace)
  }

  @Test("A wire without trouble: hardly anything lost, timers measured")
  func wire() throws {
    try Field.with("w") { field in
      let outcome = try measure(field, Field.near, patience: 30)
      let seen = outcome.trace.summary
      #expect(seen.sent >= 20, "\(seen)")
      #expect(seen.lost == 0, "\(seen)")
      #expect((seen.median ?? .max) < 100_000)
      #expect(outcome.ordinaryLateness.count >= 100)
      #expect(outcome.refusal != nil || outcome.trace.isRealTime)
    }
  }

  @Test("Loss is measured: every third answer dropped")
  func loss() throws {
    try Field.with("l") { field in
      try field.nft(
        field.peer,
        """
        table ip t {
        chain c {
        type filter hook output priority 0; policy accept;
        icmp type echo-reply numgen inc mod 3 == 0 drop
        }
        }

        """)
      let outcome = try measure(field, Field.near)
      let seen = outcome.trace.summary
      #expect(seen.lost * 3 >= seen.sent - 3 && seen.lost * 3 <= seen.sent + 3, "\(seen)")
      #expect(seen.longestBurst == 1)
      #expect(TuneAdvice(outcome.trace, target: 300_000).recommended?.detectionTime ?? .max > 300_000)
    }
  }

  @Test("A host that does not answer is measured as lost, not waited for")
  func silent() throws {
    try Field.with("q") { field in
      try field.nft(field.peer, Field.inputChain("icmp type echo-request drop"))
      let outcome = try measure(field, Field.near, seconds: 1)
      #expect(outcome.trace.roundTrips.allSatisfy { $0 == nil })
      #expect(TuneAdvice(outcome.trace, target: 300_000).recommended == nil)
    }
  }

  @Test(
    "A quota's counters are read from either version of cgroups",
    arguments: [
      ("nr_periods 5\nnr_throttled 2\nthrottled_usec 3400\n", UInt64(3_400)),
      ("nr_periods 5\nnr_throttled 2\nthrottled_time 3400000\n", 3_400)
    ])
  func quota(text: String, microseconds: UInt64) {
    #expect(CPUQuota.parse(text) == PathTrace.Throttling(periods: 2, microseconds: microseconds))
    #expect(CPUQuota.parse("") == nil)
    #expect(
      CPUQuota.candidates("4:cpu,cpuacct:/a\n0::/b\n").prefix(2)
        == ["/sys/fs/cgroup/cpu,cpuacct/a/cpu.stat", "/sys/fs/cgroup/cpu,cpuacct/cpu.stat"])
  }
}

import ConfigurationFile
import PeerProbe
import Testing

/// The model against traces that are made up from a seed, whose truth is known.
@Suite struct TuneTests {
  /// SplitMix64: the same trace every time.
  struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
  }

  /// Gilbert and Elliott: good or bad, a question every 10 ms; lost when bad.
  static func trace(seed: UInt64, count: Int, toBad: Double, toGood: Double, single: Double = 0) -> PathTrace {
    var dice = Dice(state: seed)
    var trace = PathTrace(spacing: 10_000)
    var isBad = false
    for _ in 0..<count {
      isBad = isBad ? !dice.chance(toGood) : dice.chance(toBad)
      let trip = 400 + UInt64.random(in: 0..<200, using: &dice)
      trace.roundTrips.append(isBad || dice.chance(single) ? nil : trip)
    }
    return trace
  }

  @Test("On a path without trouble every usual setting is safe, and the wanted detection time is met")
  func clean() throws {
    let advice = TuneAdvice(Self.trace(seed: 1, count: 3_000, toBad: 0, toGood: 1), target: 300_000)
    #expect(advice.meetsTarget)
    let recommended = try #require(advice.recommended)
    #expect(recommended.detectionTime == 300_000)
    #expect(recommended.multiplier == 3)
    #expect(recommended.falseAlarmsPerDay == 0)
    #expect(advice.candidates.allSatisfy { $0.safety == .safe })
  }

  @Test("A measurement of 30 s claims no less than three alarms in 30 s, whatever it saw")
  func ruleOfThree() {
    let advice = TuneAdvice(Self.trace(seed: 1, count: 3_000, toBad: 0, toGood: 1), target: 300_000)
    #expect(abs(advice.leastClaimPerDay - 8_640) < 1)
  }

  @Test("One loss in a hundred: three in a row come as often as chance has it")
  func singleLosses() {
    let trace = Self.trace(seed: 3, count: 60_000, toBad: 0, toGood: 1, single: 0.01)
    let estimate = FalseAlarmModel(trace).estimate(interval: 100_000, multiplier: 3)
    // 0.01^3 of every packet, one each 87.5 ms: 0.99 a day, within what 600 losses tell.
    #expect(estimate.falseAlarmsPerDay > 0.3 && estimate.falseAlarmsPerDay < 3, "\(estimate)")
    let more = FalseAlarmModel(trace).estimate(interval: 100_000, multiplier: 5)
    #expect(more.falseAlarmsPerDay < estimate.falseAlarmsPerDay / 100)
  }

  @Test("Bursts of 200 ms end sessions of 150 ms and leave those of 1 s alone")
  func bursts() {
    // Every 20 s for 200 ms, in ten minutes.
    let trace = Self.trace(seed: 5, count: 60_000, toBad: 0.0005, toGood: 0.05)
    let model = FalseAlarmModel(trace)
    let fast = model.estimate(interval: 50_000, multiplier: 3)
    #expect(fast.safety == .unsafe)
    #expect(fast.falseAlarmsPerDay > 1_000, "\(fast)")
    #expect(!fast.isExtrapolated)
    let slow = model.estimate(interval: 1_000_000, multiplier: 3)
    #expect(slow.falseAlarmsPerDay < fast.falseAlarmsPerDay / 100, "\(slow)")
  }

  @Test(
    "The rate that the model gives is the rate that sessions meet on the same kind of path", arguments: [7, 8, 9])
  func againstSessions(seed: UInt64) {
    let trace = Self.trace(seed: seed, count: 360_000, toBad: 0.0005, toGood: 0.05)
    let estimate = FalseAlarmModel(trace).estimate(interval: 50_000, multiplier: 3)
    // Another hour of the same path, with a session on it: packets 37.5 to 50 ms apart.
    var dice = Dice(state: seed + 100)
    let other = Self.trace(seed: seed + 200, count: 360_000, toBad: 0.0005, toGood: 0.05)
    var (now, last, alarms) = (0, 0, 0)
    while now < 3_600_000_000 - 50_000 {
      if other.roundTrips[now / 10_000] != nil {
        if now - last > 150_000 { alarms += 1 }
        last = now
      }
      now += Int.random(in: 37_500...50_000, using: &dice)
    }
    let perDay = Double(alarms) * 24
    #expect(alarms > 20)
    #expect(
      estimate.falseAlarmsPerDay > perDay / 2 && estimate.falseAlarmsPerDay < perDay * 3, "\(estimate), \(perDay)")
  }

  @Test("Delays count as stalls: answers 400 ms late end sessions of 150 ms, not of 900 ms")
  func stalls() {
    var trace = Self.trace(seed: 11, count: 3_000, toBad: 0, toGood: 1)
    for index in [500, 1_500, 2_500] { trace.roundTrips[index] = 400_500 }
    let model = FalseAlarmModel(trace)
    #expect(model.longestTrouble > 390_000 && model.longestTrouble < 401_000)
    #expect(model.estimate(interval: 50_000, multiplier: 3).safety == .unsafe)
    #expect(model.estimate(interval: 300_000, multiplier: 3).margin > 0)
  }

  @Test("A CPU quota that stops us for 80 ms at a time makes 50 ms x 3 less than safe")
  func quota() {
    var trace = Self.trace(seed: 13, count: 3_000, toBad: 0, toGood: 1)
    trace.throttled = .init(periods: 100, microseconds: 8_000_000)
    let model = FalseAlarmModel(trace)
    #expect(model.longestTrouble == 80_000)
    #expect(model.estimate(interval: 50_000, multiplier: 3).safety != .safe)
    #expect(model.estimate(interval: 300_000, multiplier: 3).safety == .safe)
  }

  @Test("Timers of this node that are late count as well")
  func lateness() {
    var trace = Self.trace(seed: 17, count: 3_000, toBad: 0, toGood: 1)
    trace.lateness = Array(repeating: 80, count: 30_000)
    #expect(FalseAlarmModel(trace).longestTrouble == 0)
    trace.lateness[1_000] = 250_000
    #expect(FalseAlarmModel(trace).longestTrouble == 250_000)
    #expect(TuneAdvice(trace, target: 300_000).recommended.map { $0.detectionTime > 300_000 } == true)
  }

  @Test("What is in use is judged too")
  func present() {
    let trace = Self.trace(seed: 5, count: 60_000, toBad: 0.0005, toGood: 0.05)
    #expect(TuneAdvice(trace, target: 300_000, present: (50_000, 3)).present?.safety == .unsafe)
  }

  @Test("A path that never answered is fit for nothing")
  func dead() {
    var trace = PathTrace(spacing: 10_000)
    trace.roundTrips = Array(repeating: nil, count: 1_000)
    let advice = TuneAdvice(trace, target: 300_000)
    #expect(advice.recommended == nil)
    #expect(!advice.meetsTarget)
  }

  @Test("An empty measurement is no crash")
  func empty() {
    let advice = TuneAdvice(PathTrace(spacing: 10_000), target: 300_000, present: (300_000, 3))
    #expect(advice.recommended == nil)
  }

  @Test("The configuration that tune prints is one that everway takes", arguments: [false, true])
  func configuration(isMultihop: Bool) throws {
    let advice = TuneAdvice(Self.trace(seed: 1, count: 3_000, toBad: 0, toGood: 1), target: 200_000)
    let text = try #require(
      advice.configuration(
        name: "gateway", address: "10.9.0.1", namespace: nil, interface: "net1", source: "10.9.0.11",
        isMultihop: isMultihop))
    let parsed = try GatewayConfiguration.parse(bytes: Array(text.utf8), file: "tune.yaml")
    // Over several hops everway asks for a minimum TTL, which this measurement cannot know.
    #expect(isMultihop || parsed.warnings.isEmpty, "\(parsed.warnings)")
    #expect(parsed.configuration.bfd.peers.first?.timers.detectMultiplier == advice.recommended?.multiplier)
  }
}

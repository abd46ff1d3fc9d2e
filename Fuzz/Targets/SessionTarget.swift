@testable import Addresses
@testable import BFD
import Glibc
@testable import Simulation

extension FuzzTarget {
  /// One to four sessions behind a demultiplexer, and a script of whatever may happen to them: packets made well,
  /// badly, by chance and from those heard; forgeries; operators; time. The simulation's oracle checks every step.
  static let session = FuzzTarget(name: "session", longestInput: 2_048) { octets in
    var run = SessionRun(octets)
    do {
      try run.play()
    } catch let violation as Violation {
      throw Finding("\(violation)\n" + run.trace.suffix(60).joined(separator: "\n") + run.state)
    }
  }
}

/// Plays a script. Nobody is at the other end: every packet that comes is the script's.
private struct SessionRun {
  /// What a script may cost: with intervals of a microsecond there is no end of work in a second.
  private static let mostWakes = 2_000
  private static let intervals: [UInt32] = [
    0, 1, 1_000, 20_000, 100_000, 300_000, 1_000_000, 1_500_000, 60_000_000, .max
  ]

  private var script: Steps
  private var world: World
  private let node: SpeakerNode
  private var time: Int64 = 0
  private var wakes = 0
  private let leaves: Int

  /// What has happened; only when one input is run.
  var trace: [String] { world.lines }
  var state: String { node.sessions.map { "\n\($0)" }.joined() }

  init(_ octets: [UInt8]) {
    var script = Steps(octets)
    let count = Int(script.octet()) % 4 + 1
    var plans: [LeafPlan] = []
    for _ in 0..<count {
      let configuration = Self.configuration(&script)
      plans.append(
        LeafPlan(hub: configuration, leaf: configuration, quirks: nil, link: LinkPlan(isUp: false)))
    }
    leaves = count
    let clock = (ppm: Int64(script.octet()) - 128, offset: Int64(script.octet()) << 40)
    // A storm without an end, so that nothing is asked of the paths but everything of the sessions.
    let scenario = Scenario(
      seed: 0, kind: .storm, leaves: plans, clocks: [clock], actions: [], isStrict: false, goodFrom: .max / 4,
      bound: 0, end: .max / 4)
    world = World(scenario: scenario, isTraced: getenv("EVERWAY_FUZZ_INPUT") != nil, random: SplitMix64(seed: 1))
    node = SpeakerNode(
      name: "node", side: .hub, leaves: Array(0..<count), configurations: plans.map(\.hub),
      clock: Clock(ppm: clock.ppm, offset: clock.offset), scenario: scenario, random: SplitMix64(seed: 2))
    self.script = script
  }

  private static func configuration(_ script: inout Steps) -> SessionConfiguration {
    SessionConfiguration(
      desiredMinTx: max(interval(&script), Interval(microseconds: 1)), requiredMinRx: interval(&script),
      detectMultiplier: max(1, script.octet()), role: script.octet() & 1 == 0 ? .active : .passive)
  }

  private static func interval(_ script: inout Steps) -> Interval {
    let choice = script.octet()
    return Interval(microseconds: choice == 0xff ? script.word() : intervals[Int(choice) % intervals.count])
  }

  mutating func play() throws {
    while !script.isOver, wakes < Self.mostWakes { try step() }
    try advance(by: 5_000_000_000)
  }

  private mutating func step() throws {
    let operation = script.octet()
    let leaf = Int(script.octet()) % leaves
    world.trace(time, "script") { "step \(operation % 12) on leaf \(leaf)" }
    switch operation % 12 {
    case 0: try advance(by: Int64(script.octet()) << Int64(script.octet() % 30))
    case 1, 2, 3: try deliver(packet(leaf).bytes, leaf, Address.source(from: .leaf, leaf: leaf))
    case 4: try deliver(script.octets(Int(script.octet()) % 64), leaf, Address.source(from: .leaf, leaf: leaf))
    case 5:  // well made, with octets changed
      var octets = packet(leaf).bytes
      for _ in 0..<(script.octet() % 4) { octets[Int(script.octet()) % octets.count] = script.octet() }
      try deliver(octets, leaf, Address.source(from: .leaf, leaf: leaf))
    case 6: try deliver(packet(leaf).bytes, leaf, source(leaf))
    case 7: try forge(leaf)
    case 8:
      let new = Self.configuration(&script)
      try node.change(leaf, at: time, in: &world) { session, _ in
        session.configure(new)
        return nil
      }
    case 9:
      let hold: Session.Hold =
        switch script.octet() & 3 {
        case 0, 2: .administrativelyDown
        case 1: .down(Diagnostic(code: script.octet()))
        default: .silent
        }
      try node.change(leaf, at: time, in: &world) { session, now in session.hold(hold, at: now) }
    case 10: try node.change(leaf, at: time, in: &world) { session, now in session.release(at: now) }
    default:
      if script.octet() & 1 == 0 {
        node.freeze(for: Int64(script.octet()) * 10_000_000, at: time)
      } else {
        try node.restart(newDiscriminator: script.octet() & 1 == 0, at: time, in: &world)
      }
    }
  }

  /// Lets time pass, and the node do what is due.
  private mutating func advance(by nanoseconds: Int64) throws {
    let end = time + nanoseconds
    while let wake = node.nextWake, wake <= end, wakes < Self.mostWakes {
      wakes += 1
      time = max(time, wake)
      try node.wake(at: time, in: &world)
    }
    // A script that costs too much stops where it is.
    if wakes < Self.mostWakes { time = max(time, end) }
  }

  /// A packet with every field chosen, mostly such that it is taken.
  private mutating func packet(_ leaf: Int) -> ControlPacket {
    let flags = script.octet()
    let numbers = script.octet()
    let your: UInt32 =
      switch numbers & 7 {
      case 0: 0
      case 1: node.sessions[Int(script.octet()) % leaves].localDiscriminator
      case 2: script.word()
      default: node.sessions[leaf].localDiscriminator
      }
    return ControlPacket(
      diagnostic: Diagnostic(code: script.octet()), state: SessionState(twoBits: flags), poll: flags & 4 != 0,
      final: flags & 8 != 0, controlPlaneIndependent: flags & 16 != 0, authenticationPresent: flags & 0xe0 == 0xe0,
      demand: flags & 0x60 == 0x60, detectMultiplier: script.octet(),
      myDiscriminator: numbers & 8 == 0 ? 0x1000 + UInt32(leaf) : script.word(), yourDiscriminator: your,
      desiredMinTx: Self.interval(&script), requiredMinRx: Self.interval(&script),
      requiredMinEchoRx: Self.interval(&script))
  }

  /// Where a packet comes from, with something about it changed.
  private mutating func source(_ leaf: Int) -> PacketSource {
    var source = Address.source(from: .leaf, leaf: leaf)
    switch script.octet() % 5 {
    case 0: source.timeToLive = script.octet()
    case 1: source.pathType = script.pick([.multihop, .singleHop])
    case 2: source.source = Address.leaf(Int(script.octet()) % 8)
    case 3: source.destination = Address.leaf(0)
    default: source.interface = UInt32(script.octet())
    }
    return source
  }

  private mutating func deliver(_ octets: [UInt8], _ leaf: Int, _ source: PacketSource) throws {
    try node.deliver(
      Wire(
        bytes: octets, source: source, leaf: leaf, sequence: 0, acknowledged: 0, forged: nil, arrived: time),
      at: time, in: &world)
  }

  /// One that must be discarded, and change nothing.
  private mutating func forge(_ leaf: Int) throws {
    let forgery = script.pick(Forgery.invented)
    var wire = forgery.wire(against: node.sessions[leaf], leaf: leaf, to: .hub)
    wire.arrived = time
    try node.deliver(wire, at: time, in: &world)
  }
}

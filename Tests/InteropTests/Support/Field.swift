import Addresses
import BFD
import Glibc
import Lab
import NetworkNamespaces
import Speaker
import Synchronization
import Testing

/// Our side, FRR and BIRD, in a namespace each, with two wires to each of them: eight sessions at once.
final class Field {
  /// What a test begins with at our end.
  enum OurEnd {
    /// A speaker with a session for each line.
    case sessions
    /// A speaker that has nothing to do yet.
    case speaker
    /// No speaker: the test brings its own.
    case nothing
  }

  let lab: Lab
  let us: LabNamespace
  let lines: [Line]
  private var speaker: OwnSide?
  private(set) var sessions: [Line: Int] = [:]
  private let places: [Kind: LabNamespace]
  private let daemons: [Kind: any BFDPeerDaemon]

  /// Runs `body` on a field of its own, gone at the end however it ends.
  /// - Parameters:
  ///   - tag: at most 8 lower-case letters.
  ///   - lines: the sessions the peers are configured for, in order.
  ///   - ours: what stands at our end.
  static func with(
    _ tag: String, lines: [Line] = Line.all, ours: OurEnd = .sessions, _ body: (Field) throws -> Void
  ) throws {
    Lab.sweep()
    let lab = try Lab.up("i\(getpid())\(tag)")
    defer { lab.down() }
    let field = try Field(lab, lines)
    defer { field.killOurs() }
    if ours != .nothing { field.speaker = try OwnSide(in: field.us) }
    if ours == .sessions { try field.addSessions() }
    for kind in field.kinds { try field.start(kind) }
    try body(field)
  }

  private init(_ lab: Lab, _ lines: [Line]) throws {
    self.lab = lab
    self.lines = lines
    us = try lab.makeNamespace("us")
    var places: [Kind: LabNamespace] = [:]
    var daemons: [Kind: any BFDPeerDaemon] = [:]
    var interfaces: Set<String> = []
    for kind in Kind.allCases {
      let here = lines.filter { $0.kind == kind }
      guard !here.isEmpty else { continue }
      let place = try lab.makeNamespace(kind.rawValue)
      places[kind] = place
      for line in here {
        if interfaces.insert(line.ourInterface).inserted {
          try us.ip("link add \(line.ourInterface) type veth peer name \(line.peerInterface) netns \(place.name)")
          try us.ip("link set \(line.ourInterface) up")
          try place.ip("link set \(line.peerInterface) up")
        }
        try us.ip("addr add \(line.ours)/\(line.prefixLength) dev \(line.ourInterface)")
        try place.ip("addr add \(line.theirs)/\(line.prefixLength) dev \(line.peerInterface)")
      }
      try place.waitUntilRunning(here.map(\.peerInterface))
      let peers = here.map {
        BFDPeer($0.ours, local: $0.theirs, interface: $0.peerInterface, timers: $0.pace.timers)
      }
      switch kind {
      case .frr: daemons[kind] = FRRRouter(lab: lab, namespace: place, peers: peers)
      case .bird: daemons[kind] = BIRDRouter(lab: lab, namespace: place, peers: peers)
      }
    }
    try us.waitUntilRunning(Array(interfaces))
    self.places = places
    self.daemons = daemons
  }

  // MARK: The peers

  var kinds: [Kind] { Kind.allCases.filter { daemons[$0] != nil } }
  func daemon(_ kind: Kind) throws -> any BFDPeerDaemon { try #require(daemons[kind]) }
  func place(_ kind: Kind) throws -> LabNamespace { try #require(places[kind]) }

  /// Starts a peer's daemon, ahead of ordinary work.
  func start(_ kind: Kind) throws {
    try daemon(kind).start()
    for name in ["bfdd", "bird"] { hurry(lab.runningProcess("\(kind.rawValue)/\(name)")) }
  }

  /// What the peers say of all lines; one question to each of them.
  func peerViews() throws -> [Line: PeerSessionView] {
    var views: [Line: PeerSessionView] = [:]
    for kind in kinds where try daemon(kind).isRunning {
      let said = try daemon(kind).sessions()
      for line in lines where line.kind == kind { views[line] = said.first { $0.peer == line.ours } }
    }
    return views
  }

  /// What changes when a peer's session leaves Up and comes back: FRR counts, BIRD says since when it is Up.
  func flapMarks() throws -> [Line: String] {
    var marks: [Line: String] = [:]
    for (line, view) in try peerViews() where line.kind == .frr {
      marks[line] = "up \(view.timesUp ?? -1) times, down \(view.timesDown ?? -1) times"
    }
    if let bird = daemons[.bird] as? BIRDRouter {
      for words in try bird.birdc("show bfd sessions").split(separator: "\n").map({ $0.split(separator: " ") }) {
        guard words.count >= 6, let line = lines.first(where: { $0.ours == IPAddress(words[0]) }) else { continue }
        marks[line] = "\(words[2]) since \(words[3])"
      }
    }
    return marks
  }

  // MARK: Our side

  var own: OwnSide { get throws { try #require(speaker) } }

  /// Configures our end of every line, all with the discriminators they have always had.
  func addSessions() throws {
    for line in lines { sessions[line] = try add(line) }
  }

  private func add(_ line: Line) throws -> Int {
    let name = line.ourInterface
    let index = try us.perform { () throws(SystemCallError) in if_nametoindex(name) }
    let settings = SessionSettings(
      key: SessionKey(peer: .address(line.theirs, interface: index)), remoteAddress: line.theirs,
      localAddress: line.ours, parameters: line.pace.timers.configuration())
    return try #require(try own.perform { $0.add(settings, at: MonotonicClock.now()) })
  }

  /// Our process dies without a word.
  func killOurs() {
    speaker?.stop()
    speaker = nil
  }

  /// A new process of ours, with the secret of the old one.
  func restartOurs() throws {
    speaker = try OwnSide(in: us)
    try addSessions()
  }

  func session(_ line: Line) throws -> Int { try #require(sessions[line]) }
  func view(_ line: Line) throws -> SessionView { try own.view(session(line)) }

  /// What happened to a line since `mark` (a count of `own.observed`).
  func transitions(_ line: Line, since mark: Int = 0) throws -> [Observed] {
    let session = try session(line)
    return try own.observed.dropFirst(mark).filter { $0.session == session }
  }

  /// Where `transitions(since:)` begins from now on.
  var mark: Int { speaker?.observed.count ?? 0 }

  // MARK: Waiting

  /// Waits until both ends of all lines are Up and say the same numbers.
  func settle(
    ours: (Line) -> BFDTimers = { $0.pace.timers }, peer: (Line) -> BFDTimers = { $0.pace.timers },
    only lines: [Line]? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var open: [Line: String] = [:]
    waitUntil(timeout: .seconds(40), every: .milliseconds(100)) {
      open = [:]
      let views = (try? peerViews()) ?? [:]
      for line in lines ?? self.lines {
        let wanted = Agreement(ours: ours(line), peer: peer(line))
        guard let own = try? view(line), let other = views[line] else {
          open[line] = "one end does not answer"
          continue
        }
        guard let seen = Agreement(ours: own, peer: other) else {
          open[line] = "\(own.session.state), \(other.state): \(own.session), \(other)"
          continue
        }
        if seen != wanted || own.session.isPolling { open[line] = "\(seen), expected \(wanted)" }
      }
      return open.isEmpty
    }
    for (line, text) in open { Issue.record("\(line) does not settle: \(text)", sourceLocation: sourceLocation) }
    try #require(open.isEmpty, sourceLocation: sourceLocation)
  }

  /// Waits until `condition` holds for both ends of all lines.
  func wait(
    for what: String, _ lines: [Line]? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: (Line, SessionView, PeerSessionView?) throws -> Bool
  ) throws {
    var open: [Line: String] = [:]
    waitUntil(timeout: .seconds(30), every: .milliseconds(50)) {
      open = [:]
      let views = (try? peerViews()) ?? [:]
      for line in lines ?? self.lines {
        guard let own = try? view(line) else {
          open[line] = "we do not answer"
          continue
        }
        if (try? condition(line, own, views[line])) != true {
          open[line] = "we \(own.session.state), they \(views[line].map { "\($0)" } ?? "unknown")"
        }
      }
      return open.isEmpty
    }
    for (line, text) in open {
      Issue.record("\(line), waiting for \(what): \(text)", sourceLocation: sourceLocation)
    }
    try #require(open.isEmpty, sourceLocation: sourceLocation)
  }
}

import Control
import Observation

/// What a person has chosen to see. Pure: keys go in.
struct TopState: Hashable, Sendable {
  enum Pane: Hashable, Sendable { case sessions, paths }

  enum Sort: String, Hashable, Sendable, CaseIterable {
    /// What needs a person first: down, then the least margin.
    case trouble
    case name, state, margin
    /// The latest change first.
    case changed
    case rate
  }

  enum Overlay: Hashable, Sendable { case none, detail, help }

  var pane = Pane.sessions
  var sort = Sort.trouble
  var isReversed = false
  var filter = ""
  var isTyping = false
  var overlay = Overlay.none
  var isPaused = false
  /// Local discriminator; nil: the first.
  var session: UInt32?
  var path: String?
  var wantsEnd = false
  /// Rows of a page, as the last frame had them.
  var page = 10

  /// Takes a key.
  /// - Parameter gateway: what is shown.
  mutating func take(_ key: Key, _ gateway: ObservedGateway) {
    if isTyping { return type(key) }
    switch key {
    case .character("q"), .control("c"), .control("d"): wantsEnd = true
    case .character("?"), .character("h"): overlay = overlay == .help ? .none : .help
    case .escape:
      if overlay != .none { overlay = .none } else { filter = "" }
    case .enter: overlay = overlay == .none ? .detail : .none
    case .tab, .backTab: pane = pane == .sessions ? .paths : .sessions
    case .character("/"):
      isTyping = true
      overlay = .none
    case .character("s"):
      sort = Sort.allCases[((Sort.allCases.firstIndex(of: sort) ?? 0) + 1) % Sort.allCases.count]
    case .character("r"): isReversed.toggle()
    case .character("p"), .character(" "): isPaused.toggle()
    case .up, .character("k"): move(-1, gateway)
    case .down, .character("j"): move(1, gateway)
    case .pageUp: move(-page, gateway)
    case .pageDown: move(page, gateway)
    case .home, .character("g"): move(.min / 2, gateway)
    case .end, .character("G"): move(.max / 2, gateway)
    default: break
    }
  }

  private mutating func type(_ key: Key) {
    switch key {
    case .enter: isTyping = false
    case .escape:
      isTyping = false
      filter = ""
    case .backspace: _ = filter.popLast()
    case .control("u"): filter = ""
    case .control("c"): wantsEnd = true
    case .character(let character): if filter.count < 64 { filter.append(character) }
    default: break
    }
  }

  private mutating func move(_ rows: Int, _ gateway: ObservedGateway) {
    switch pane {
    case .sessions:
      let ids = sessions(of: gateway).map(\.localDiscriminator)
      let now = session.flatMap { ids.firstIndex(of: $0) } ?? 0
      session = ids.isEmpty ? nil : ids[min(max(0, now + rows), ids.count - 1)]
    case .paths:
      let names = paths(of: gateway).map(\.name)
      let now = path.flatMap { names.firstIndex(of: $0) } ?? 0
      path = names.isEmpty ? nil : names[min(max(0, now + rows), names.count - 1)]
    }
  }

  // MARK: What is shown, in order

  func sessions(of gateway: ObservedGateway) -> [StatusReport.Session] {
    let all = gateway.report?.sessions ?? []
    let found =
      filter.isEmpty ? all : all.filter { matches([$0.name, $0.peerAddress, $0.interface, $0.sessionState.words]) }
    let keyed = found.map { (session: $0, key: sortKey($0, gateway.rhythms[$0.localDiscriminator])) }
    // The reports' order, by name, stands where keys are equal: rows do not jump.
    let sorted = keyed.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
    let sessions = sorted.map(\.element.session)
    return isReversed ? sessions.reversed() : sessions
  }

  func paths(of gateway: ObservedGateway) -> [StatusReport.Path] {
    let all = gateway.report?.paths ?? []
    return filter.isEmpty ? all : all.filter { matches([$0.name, $0.via, $0.interface, $0.state.rawValue]) }
  }

  private func matches(_ texts: [String?]) -> Bool {
    let wanted = filter.lowercased()
    return texts.contains { $0?.lowercased().contains(wanted) ?? false }
  }

  /// The least comes first.
  private func sortKey(_ session: StatusReport.Session, _ rhythm: SessionRhythm?) -> Double {
    switch sort {
    case .name: 0
    case .state: Double(session.trouble)
    case .trouble: Double(session.trouble) * 10 + (margin(session, rhythm) * 10).rounded(.down) / 10
    case .margin: margin(session, rhythm)
    case .changed: -(Double(session.lastStateChangeTime?.microseconds ?? 0))
    case .rate: -Double(rhythm?.receivedLately ?? 0)
    }
  }

  private func margin(_ session: StatusReport.Session, _ rhythm: SessionRhythm?) -> Double {
    session.margin(rhythm) ?? 2
  }
}

extension StatusReport.Session {
  /// What gaps are drawn against: the detection time, or what it would be with the peer's wishes like ours. Microseconds.
  var gapLimit: UInt64 { detectionTime ?? requiredMinRxInterval * UInt64(max(1, localMultiplier)) }

  /// 0: needs a person most.
  fileprivate var trouble: Int {
    switch sessionState {
    case .down: drained ? 2 : 0
    case .`init`: 1
    case .adminDown: 2
    case .up: silentBecause == nil ? 3 : 2
    }
  }
}

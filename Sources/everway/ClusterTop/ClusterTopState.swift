import Control

/// What a person has chosen to see of a cluster. Pure: keys go in.
struct ClusterTopState: Hashable, Sendable {
  enum Sort: String, Hashable, Sendable, CaseIterable { case trouble, name }

  var sort = Sort.trouble
  var isReversed = false
  var showsHelp = false
  private var standsStill = false
  /// Its name; nil: the first.
  var node: String?
  /// The node that is looked into, and what was chosen there.
  private(set) var opened: String?
  private(set) var inside = TopState()
  private(set) var wantsEnd = false
  /// Rows of a page, as the last frame had them.
  var page = 10 { didSet { inside.page = page } }

  var isPaused: Bool { standsStill || opened != nil && inside.isPaused }

  /// Takes a key.
  /// - Parameters:
  ///   - nodes: what is shown.
  ///   - now: milliseconds, of the clock that `nodes` knows.
  mutating func take(_ key: Key, _ nodes: ClusterNodes, now: Int64) {
    if let opened { return take(key, inside: nodes.node(opened)) }
    switch key {
    case .character("q"), .control("c"), .control("d"): wantsEnd = true
    case .character("?"), .character("h"): showsHelp.toggle()
    case .escape: showsHelp = false
    case .enter where showsHelp: showsHelp = false
    case .enter:
      opened = selected(nodes, now: now)
      inside = TopState()
      inside.page = page
      inside.isPaused = standsStill
    case .character("s"): sort = sort == .trouble ? .name : .trouble
    case .character("r"): isReversed.toggle()
    case .character("p"), .character(" "): standsStill.toggle()
    case .up, .character("k"): move(-1, nodes, now)
    case .down, .character("j"): move(1, nodes, now)
    case .pageUp: move(-page, nodes, now)
    case .pageDown: move(page, nodes, now)
    case .home, .character("g"): move(.min / 2, nodes, now)
    case .end, .character("G"): move(.max / 2, nodes, now)
    default: break
    }
  }

  private mutating func take(_ key: Key, inside node: ClusterNode?) {
    let leads = !inside.isTyping && inside.overlay == .none && inside.filter.isEmpty
    guard let node, key != .escape || !leads else {
      standsStill = inside.isPaused
      opened = nil
      return
    }
    inside.take(key, node.gateway)
    wantsEnd = inside.wantsEnd
  }

  private mutating func move(_ rows: Int, _ nodes: ClusterNodes, _ now: Int64) {
    let names = ordered(nodes, now: now).map(\.name)
    let place = node.flatMap { names.firstIndex(of: $0) } ?? 0
    node = names.isEmpty ? nil : names[min(max(0, place + rows), names.count - 1)]
  }

  // MARK: What is shown, in order

  func selected(_ nodes: ClusterNodes, now: Int64) -> String? {
    node.flatMap { nodes.node($0)?.name } ?? ordered(nodes, now: now).first?.name
  }

  func ordered(_ nodes: ClusterNodes, now: Int64) -> [ClusterNode] {
    let keyed = nodes.nodes.enumerated().map { (node: $1, key: (sort == .name ? 0 : $1.state(now: now).rank, $0)) }
    let sorted = keyed.sorted { $0.key < $1.key }.map(\.node)
    return isReversed ? sorted.reversed() : sorted
  }
}

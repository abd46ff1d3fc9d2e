import Control
import Glibc
import Processes
import Runtime

/// Reads the nodes' streams and the keys, and draws.
struct ClusterTopLoop: ~Copyable {
  private let options: KubectlOptions
  /// All when it is empty.
  private let wanted: [String]
  private let terminal: RawTerminal
  private let color: Bool
  private var streams: [NodeStream] = []
  private var listing: PodListing
  /// What is known, and what is shown of it: they differ while it stands still.
  private var nodes = ClusterNodes()
  private var shown = ClusterNodes()
  private var shownAt: Int64 = 0
  private var state = ClusterTopState()
  private var keys = KeyParser()
  private var trouble: String?
  private var drawAt: Int64 = 0
  private var redrawsAll = true

  /// Between two frames: five a second are enough for eyes, and little for a slow line.
  private static let frameInterval: Int64 = 200

  init(
    _ options: KubectlOptions, _ wanted: [String], _ pods: [GatewayPods.Pod], _ terminal: RawTerminal, color: Bool
  ) {
    self.options = options
    self.wanted = wanted
    self.terminal = terminal
    self.color = color
    listing = PodListing(options, now: RawTerminal.milliseconds())
    take(pods)
  }

  /// - Returns: the signal that ended it; nil when it was a key.
  mutating func run() -> Int32? {
    while !state.wantsEnd {
      let now = RawTerminal.milliseconds()
      listen(now)
      if now >= drawAt { draw(now) }
      wait(now)
      for signal in terminal.signals.receive() {
        switch signal {
        case SIGWINCH, SIGCONT: redraw()
        case SIGTSTP:
          terminal.suspend()
          redraw()
        default: return signal
        }
      }
      guard let typed = terminal.keys(&keys) else { return nil }
      take(typed)
    }
    return nil
  }

  private mutating func listen(_ now: Int64) {
    if let news = listing.run(now: now) {
      switch news {
      case .success(let pods):
        trouble = nil
        take(pods.filter { wanted.isEmpty || wanted.contains($0.node) })
      case .failure(let error): trouble = error.message
      }
    }
    for stream in streams {
      let news = stream.run(now: now)
      nodes.take(news.messages, from: stream.pod.node, at: now)
      if let complaint = news.complaint { nodes.lose(stream.pod.node, complaint) }
    }
  }

  /// Another pod of a node gets another stream.
  private mutating func take(_ pods: [GatewayPods.Pod]) {
    streams.removeAll { !pods.contains($0.pod) }
    for pod in pods where !streams.contains(where: { $0.pod == pod }) {
      streams.append(NodeStream(pod, options))
    }
    nodes.set(pods.map(\.node))
  }

  private mutating func take(_ keys: [Key]) {
    guard !keys.isEmpty else { return }
    for key in keys {
      if key == .control("l") { redrawsAll = true }
      if key == .control("z") {
        terminal.suspend()
        redrawsAll = true
        continue
      }
      state.take(key, shown, now: shownAt)
    }
    drawAt = 0
  }

  private mutating func redraw() {
    redrawsAll = true
    drawAt = 0
  }

  private func wait(_ now: Int64) {
    let all = [STDIN_FILENO, terminal.signals.descriptor] + listing.descriptors + streams.flatMap(\.descriptors)
    var descriptors = all.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    if let waiting = terminal.waiting { descriptors.append(waiting) }
    let until = keys.isWaiting ? min(drawAt, now + RawTerminal.escapeDelay) : drawAt
    poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: max(0, until - now)))
    terminal.flush()
  }

  private mutating func draw(_ now: Int64) {
    drawAt = now + Self.frameInterval
    guard terminal.isWritable else { return }
    if !state.isPaused { (shown, shownAt) = (nodes, now) }
    let size = Terminal.size ?? (80, 24)
    state.page = max(1, size.rows / 2)
    let view = ClusterTopView(
      nodes: shown, state: state, now: shownAt,
      layout: TopLayout(
        columns: size.columns, rows: size.rows, color: color, isUnicode: RawTerminal.isUnicode),
      trouble: trouble)
    terminal.draw(view.frame(), everything: redrawsAll)
    redrawsAll = false
  }
}

/// Asks again and again which pods there are, without waiting for the answer.
private struct PodListing {
  private let options: KubectlOptions
  private var child: ChildProcess?
  private var output: [UInt8] = []
  private var errors = StreamErrors()
  /// When to ask, or how long to wait for an answer.
  private var due: Int64

  private static let pause: Int64 = 3_000
  private static let patience: Int64 = 15_000

  init(_ options: KubectlOptions, now: Int64) {
    self.options = options
    due = now + Self.pause
  }

  var descriptors: [Int32] { child?.open ?? [] }

  /// - Returns: an answer that has just come.
  mutating func run(now: Int64) -> Result<[GatewayPods.Pod], CommandError>? {
    guard let child else {
      guard now >= due else { return nil }
      (output, errors, due) = ([], StreamErrors(), now + Self.patience)
      do throws(CommandError) { self.child = try ChildProcess(GatewayPods.listing(options)) } catch {
        due = now + Self.pause
        return .failure(error)
      }
      return nil
    }
    if let said = child.read(child.errorOutput) { _ = errors.take(said) }
    if let octets = child.read(child.output) {
      output += octets
      guard now >= due else { return nil }
      return finish(now, .failure(CommandError(message: "kubectl does not say which pods there are")))
    }
    let isGood = child.end(isOver: true).isSuccess
    if let said = child.read(child.errorOutput) { _ = errors.take(said) }
    if isGood, let pods = GatewayPods.pods(output) { return finish(now, .success(pods)) }
    return finish(now, .failure(CommandError(message: errors.last ?? "kubectl cannot say which pods there are")))
  }

  private mutating func finish(
    _ now: Int64, _ answer: Result<[GatewayPods.Pod], CommandError>
  ) -> Result<[GatewayPods.Pod], CommandError> {
    child = nil
    due = now + Self.pause
    return answer
  }
}

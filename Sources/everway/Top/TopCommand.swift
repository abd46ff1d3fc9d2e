import ArgumentParser
import Control
import Glibc
import Observation
import Runtime

/// `everway top`.
struct TopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Watch sessions, paths and events on the terminal.",
    discussion: """
      Shows every BFD session with its state, its margin (what the longest gap between two packets left of the detection \
      time in the last minute) and a bar for each second, every path with its share of the traffic, and events as they \
      happen. What needs a person comes first.

      Keys: arrows choose a row, Enter shows everything about it, / filters, s sorts, Tab changes between sessions and \
      paths, p pauses, ? explains, q quits.
      """)

  @Flag(
    help: ArgumentHelp(
      "Watch all gateway nodes of the cluster.", discussion: "By kubectl, as `kubectl everway top` does."))
  var cluster = false

  @OptionGroup var control: ControlOptions

  @OptionGroup(title: "With --cluster") var kubectl: KubectlOptions

  @Option(help: "Colour: auto, always or never.")
  var color = ColorChoice.auto

  func run() throws {
    if cluster { return try KubectlTop.run(kubectl, [], color) }
    let terminal = try RawTerminal()
    var loop = TopLoop(socket: control.socket, terminal: terminal, color: Terminal.usesColor(color))
    let signal = loop.run()
    terminal.leave()
    guard let signal else { return }
    var wait = SignalWait([signal])
    wait.die(of: signal)
  }
}

/// Reads the gateway's stream and the keys, and draws.
struct TopLoop: ~Copyable {
  private let socket: String
  private let terminal: RawTerminal
  private let color: Bool
  private var reader: ObservationReader?
  /// What is known, and what is shown of it: they differ while it stands still.
  private var gateway = ObservedGateway()
  private var shown = ObservedGateway()
  private var state = TopState()
  private var keys = KeyParser()
  private var trouble: String?
  /// Milliseconds of the monotonic clock.
  private var connectAt: Int64 = 0
  private var drawAt: Int64 = 0
  private var isDue = true
  private var redrawsAll = true

  /// Between two frames: five a second are enough for eyes, and little for a slow line.
  private static let frameInterval: Int64 = 200
  private static let connectInterval: Int64 = 1_000

  init(socket: String, terminal: RawTerminal, color: Bool) {
    self.socket = socket
    self.terminal = terminal
    self.color = color
  }

  /// - Returns: the signal that ended it; nil when it was a key.
  mutating func run() -> Int32? {
    while !state.wantsEnd {
      let now = RawTerminal.milliseconds()
      if reader == nil, now >= connectAt { connect(now) }
      if isDue, now >= drawAt { draw(now) }
      wait(now)
      for signal in terminal.signals.receive() {
        switch signal {
        case SIGWINCH: redraw()
        case SIGTSTP:
          terminal.suspend()
          redraw()
        case SIGCONT:
          terminal.resume()
          redraw()
        default: return signal
        }
      }
      guard let typed = terminal.keys(&keys) else { return nil }
      take(typed)
      takeMessages()
    }
    return nil
  }

  private mutating func redraw() {
    redrawsAll = true
    isDue = true
    drawAt = 0
  }

  private mutating func wait(_ now: Int64) {
    var descriptors = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: terminal.signals.descriptor, events: Int16(POLLIN), revents: 0)
    ]
    if let waiting = terminal.waiting { descriptors.append(waiting) }
    if reader != nil { descriptors.append(pollfd(fd: reader?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)) }
    var until = isDue ? drawAt : now + 1_000
    if reader == nil { until = min(until, connectAt) }
    if keys.isWaiting { until = min(until, now + RawTerminal.escapeDelay) }
    poll(&descriptors, UInt(descriptors.count), Int32(clamping: max(0, until - now)))
    terminal.flush()
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
      state.take(key, shown)
    }
    isDue = true
    drawAt = 0
  }

  private mutating func connect(_ now: Int64) {
    connectAt = now + Self.connectInterval
    do throws(ControlSocketError) {
      reader = try ObservationReader(path: socket, after: gateway.cursor, timeout: .seconds(2))
      trouble = nil
    } catch {
      trouble = "\(error.message); trying again"
    }
    isDue = true
  }

  private mutating func takeMessages() {
    guard reader != nil else { return }
    do throws(ControlSocketError) {
      guard let messages = try reader?.next(timeout: .zero) else {
        lose("the gateway has ended the connection")
        return
      }
      guard !messages.isEmpty else { return }
      for message in messages { gateway.apply(message) }
      isDue = true
    } catch {
      lose(error.message)
    }
  }

  private mutating func lose(_ why: String) {
    reader = nil
    trouble = "\(why); what stands here is old"
    connectAt = RawTerminal.milliseconds() + Self.connectInterval
    isDue = true
  }

  private mutating func draw(_ now: Int64) {
    guard terminal.isWritable else {
      drawAt = now + Self.frameInterval
      return
    }
    if !state.isPaused { shown = gateway }
    let size = Terminal.size ?? (80, 24)
    state.page = max(1, size.rows / 2)
    let view = TopView(
      gateway: shown, state: state, columns: size.columns, rows: size.rows, color: color,
      isUnicode: RawTerminal.isUnicode, trouble: trouble)
    terminal.draw(view.frame(), everything: redrawsAll)
    redrawsAll = false
    isDue = false
    drawAt = now + Self.frameInterval
  }
}

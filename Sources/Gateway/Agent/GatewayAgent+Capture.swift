import BFD
import Capture
import ConfigurationFile
import Control
import Glibc
import Runtime
import Speaker

extension GatewayAgent {
  private static let mostStreams = 8
  /// Between two attempts to send to a client that does not read.
  private static let streamInterval: Int64 = 20_000_000

  private var application: String { "everway \(options.version)" }

  // MARK: - When a session goes Down

  /// Nanoseconds between two times that files are written, and how many are each time: sessions may go Down by thousands.
  private static let captureInterval: Int64 = 100_000_000
  private static let capturesAtOnce = 16

  /// A session's last packets go to a file soon. Of more sessions than files are kept the newest count.
  mutating func keep(_ kept: KeptPackets, at now: Instant) {
    unwrittenCaptures.append(kept)
    let extra = unwrittenCaptures.count - max(1, configuration.capture.maximumFiles)
    if extra > 0 { unwrittenCaptures.removeFirst(extra) }
    writeCapturesAt = min(writeCapturesAt, now)
  }

  mutating func writeCaptures(at now: Instant) {
    let batch = Array(unwrittenCaptures.prefix(Self.capturesAtOnce))
    unwrittenCaptures.removeFirst(batch.count)
    var files = captureFiles
    for kept in batch {
      write(kept, to: &files)
      pace.rest()
    }
    writeCapturesAt = unwrittenCaptures.isEmpty ? .distantFuture : now + Self.captureInterval
  }

  private var captureFiles: CaptureFiles {
    let settings = configuration.capture
    return CaptureFiles(
      directory: settings.directory ?? "\(options.stateDirectory)/captures", maximumFiles: settings.maximumFiles,
      maximumSize: settings.maximumSize, application: application)
  }

  /// A disk that is full is said once, and again when it works.
  private mutating func write(_ kept: KeptPackets, to files: inout CaptureFiles) {
    let age = max(0, MonotonicClock.now() - (kept.transition?.at ?? MonotonicClock.now()))
    do throws(CaptureFiles.Failure) {
      let path = try files.write(kept, at: Timestamp(microseconds: Timestamp.now().microseconds - age / 1_000))
      clearProblem("captures")
      log.write(
        .info, .session, of: kept.name, "the last \(kept.packets.count) packets of \(kept.name) are in \(path)")
    } catch {
      setProblem(
        "captures", "a session's last packets could not be written: \(error)",
        help: "make room in \(files.directory), or set capture.directory or capture.when-down",
        isWorthRetrying: false)
    }
  }

  // MARK: - Live

  /// Answers `everway capture`: the connection leaves the control socket's care, and carries pcapng from then on.
  mutating func beginCapture(_ request: ControlRequest, _ wanted: CaptureRequest, now: Duration) {
    if let failure = objection(to: wanted) {
      control.respond(request.token, .failure(failure), now: now)
      return
    }
    var kept: [KeptPackets] = []
    if wanted.last {
      for name in wanted.peers {
        guard let reply = try? Reply<[KeptPackets]>() else { continue }
        commands.send(.lastPackets(name, reply))
        kept += reply.wait(milliseconds: 2_000) ?? []
      }
    }
    guard let descriptor = control.detach(request.token, .streaming) else { return }
    let stream = CaptureStream(descriptor, wanted, application: application)
    for session in kept { for packet in session.packets { stream.take(session.name, packet) } }
    if wanted.last {
      stream.end(now: now, wall: .now())
    } else {
      log.write(.info, .program, "packets are captured, asked by pid \(request.from.pid) (uid \(request.from.uid))")
    }
    streams.append(stream)
    try? poller.watch(descriptor)
    syncFeed()
  }

  private func objection(to wanted: CaptureRequest) -> ControlFailure? {
    guard engine != nil else {
      return ControlFailure(.failed, "BFD is not running yet", help: "everway status problems says why")
    }
    let names = configuration.bfd.peers.map(\.name) + configuration.bfd.allow.map(\.name)
    if let unknown = wanted.peers.first(where: { !names.contains($0) }) {
      return ControlFailure(
        .unknownTarget, "there is no BFD peer and no allow entry named \(unknown)", details: Set(names).sorted())
    }
    if wanted.last, wanted.peers.isEmpty {
      return ControlFailure(.badRequest, "whose last packets are wanted is not said", help: "name a peer")
    }
    if wanted.last, configuration.capture.ring == 0 {
      return ControlFailure(.failed, "no packets are kept: capture.ring is 0", help: "set capture.ring, and reload")
    }
    guard streams.count < Self.mostStreams else {
      return ControlFailure(.busy, "\(Self.mostStreams) captures run already", help: "end one of them")
    }
    return nil
  }

  /// Hands on what the engine has copied, and lets go of clients that have left.
  mutating func runStreams(now: Duration) {
    guard !streams.isEmpty else { return }
    if let feed {
      let (entries, dropped) = feed.take()
      for stream in streams where !stream.request.last {
        if dropped > 0 { stream.lost(dropped) }
        for entry in entries { stream.take(entry.name, entry.packet) }
      }
    }
    let wall = Timestamp.now()
    for stream in streams { stream.run(now: now, wall: wall) }
    let before = streams.count
    streams.removeAll(where: \.isFinished)
    if streams.count != before { syncFeed() }
  }

  /// When `runStreams` has to be called although nothing has come.
  var nextStreamDeadline: Instant {
    streams.contains(where: \.isSending) ? MonotonicClock.now() + Self.streamInterval : .distantFuture
  }

  /// The engine copies packets as long as somebody wants them.
  private mutating func syncFeed() {
    let live = streams.filter { !$0.request.last }
    let includesDiscarded = live.contains(where: \.request.discarded)
    guard !live.isEmpty else {
      if feed != nil { commands.send(.watch(nil, includingDiscarded: false)) }
      feed = nil
      return
    }
    if feed == nil, let new = try? CaptureFeed() {
      feed = new
      try? poller.watch(new.descriptor)
    } else if feed == nil || feedIncludesDiscarded == includesDiscarded {
      return
    }
    feedIncludesDiscarded = includesDiscarded
    commands.send(.watch(feed, includingDiscarded: includesDiscarded))
  }
}

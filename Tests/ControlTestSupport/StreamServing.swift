public import Control
import Glibc
import Synchronization

/// A gateway that is observed: answers `status`, and `observe` with a list of messages, on a thread of its own, until the
/// value is gone.
public final class StreamServing {
  private final class Work: Sendable {
    let options: ControlServer.Options
    let messages: [ObservationMessage]
    let stop: Int32
    let streams = Mutex<[Int32]>([])

    init(_ options: ControlServer.Options, _ messages: [ObservationMessage], _ stop: Int32) {
      self.options = options
      self.messages = messages
      self.stop = stop
    }

    func run() {
      guard var server = try? ControlServer(options) else { return }
      while true {
        var watched = [
          pollfd(fd: server.descriptor, events: Int16(POLLIN), revents: 0),
          pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
        ]
        poll(&watched, 2, 100)
        if watched[1].revents != 0 { break }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Duration.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        for request in server.run(now: now) {
          switch request.command {
          case .observe(let cursor):
            guard let stream = server.detach(request.token, .streaming) else { continue }
            streams.withLock {
              $0.append(stream)
              for message in messages where isNew(message, cursor) { Self.send(message, to: stream) }
            }
          default: server.respond(request.token, status, now: now)
          }
        }
      }
      streams.withLock { for stream in $0 { close(stream) } }
    }

    private var status: ControlResponse {
      for case .status(let report) in messages { return .status(report) }
      return .pong
    }

    private func isNew(_ message: ObservationMessage, _ cursor: EventCursor?) -> Bool {
      guard let cursor, case .event(let event) = message, case .status(let report) = status,
        report.startedAt == cursor.run
      else { return true }
      return event.sequence > cursor.sequence
    }

    static func send(_ message: ObservationMessage, to stream: Int32) {
      let line = message.line
      _ = Glibc.send(stream, line, line.count, Int32(MSG_NOSIGNAL))
    }
  }

  private let work: Work
  private var thread = pthread_t()
  private var pipe: [Int32] = [-1, -1]

  /// - Parameter messages: what everyone gets who begins to observe; a status first.
  public init(path: String, _ messages: [ObservationMessage]) {
    // Closed in children: one that another test starts meanwhile would keep them open.
    Glibc.pipe(&pipe)
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    work = Work(.init(path: path), messages, pipe[0])
    pthread_create(
      &thread, nil,
      {
        guard let context = $0 else { return nil }
        Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    for _ in 0..<500 {
      if RawClient(path).connected { break }
      usleep(10_000)
    }
  }

  deinit {
    _ = write(pipe[1], [0], 1)
    pthread_join(thread, nil)
    for end in pipe { close(end) }
  }

  /// Who observes now.
  public var streamCount: Int {
    work.streams.withLock { streams in
      streams.removeAll { stream in
        var end = pollfd(fd: stream, events: 0, revents: 0)
        guard poll(&end, 1, 0) > 0 else { return false }
        close(stream)
        return true
      }
      return streams.count
    }
  }

  /// Tells everyone who observes.
  public func tell(_ message: ObservationMessage) {
    work.streams.withLock { for stream in $0 { Work.send(message, to: stream) } }
  }
}

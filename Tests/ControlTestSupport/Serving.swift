public import Control
import Glibc

/// A server on a thread of its own, answering with a function, until the value is gone.
public final class Serving {
  private final class Work {
    let options: ControlServer.Options
    let answer: @Sendable (ControlRequest) -> ControlResponse?
    let stop: Int32

    init(
      _ options: ControlServer.Options, _ stop: Int32,
      _ answer: @escaping @Sendable (ControlRequest) -> ControlResponse?
    ) {
      self.options = options
      self.stop = stop
      self.answer = answer
    }

    func run() {
      guard var server = try? ControlServer(options) else { return }
      while true {
        var watched = [
          pollfd(fd: server.descriptor, events: Int16(POLLIN), revents: 0),
          pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
        ]
        poll(&watched, 2, 100)
        if watched[1].revents != 0 { return }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Duration.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        for request in server.run(now: now) {
          if let response = answer(request) { server.respond(request.token, response, now: now) }
        }
      }
    }
  }

  private var thread = pthread_t()
  private var pipe: [Int32] = [-1, -1]

  public init(_ options: ControlServer.Options, answer: @escaping @Sendable (ControlRequest) -> ControlResponse?) {
    // Closed in children: one that another test starts meanwhile would keep them open.
    Glibc.pipe(&pipe)
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let work = Unmanaged.passRetained(Work(options, pipe[0], answer))
    pthread_create(
      &thread, nil,
      {
        guard let context = $0 else { return nil }
        Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, work.toOpaque())
    // Until it listens; a test that expects it not to fails at its first connection.
    for _ in 0..<500 {
      if RawClient(options.path).connected { break }
      usleep(10_000)
    }
  }

  deinit {
    _ = write(pipe[1], [0], 1)
    pthread_join(thread, nil)
    for end in pipe { close(end) }
  }
}

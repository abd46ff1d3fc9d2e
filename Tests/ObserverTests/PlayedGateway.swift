import Control
import Glibc
import Synchronization

/// A gateway that says what a test tells it to, on a Unix socket.
final class PlayedGateway: Sendable {
  let path: String
  private let listener: Int32
  private let clients = Mutex<[Int32]>([])
  private let said = Mutex<[String]>([])

  /// - Parameter first: what each client is told when it comes.
  init(_ path: String, first: [ObservationMessage]) {
    self.path = path
    unlink(path)
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let listener = listener
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    listen(listener, 8)
    let lines = first.flatMap(\.line)
    Self.thread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        Self.thread { [self] in serve(client, lines) }
      }
    }
  }

  /// The requests that came, a line each.
  var requests: [String] { said.withLock { $0 } }
  var clientCount: Int { clients.withLock { $0.count } }

  private func serve(_ client: Int32, _ first: [UInt8]) {
    var input: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while case let count = read(client, &chunk, chunk.count), count > 0 {
      input += chunk[..<count]
      while let end = input.firstIndex(of: 10) {
        let line = String(decoding: input[..<end], as: UTF8.self)
        input.removeSubrange(...end)
        said.withLock { $0.append(line) }
        if line.contains("\"observe\"") {
          Self.write(client, Array("{\"version\":1,\"ok\":true,\"stream\":\"open\"}\n".utf8) + first)
          clients.withLock { $0.append(client) }
        } else if line.contains("nowhere") {
          Self.write(
            client,
            Array(
              "{\"version\":1,\"ok\":false,\"error\":{\"code\":\"unknown-target\",\"message\":\"No.\",\"details\":[\"r1\"]}}\n"
                .utf8))
        } else {
          Self.write(
            client,
            Array(
              "{\"version\":1,\"ok\":true,\"drain\":{\"changed\":true,\"state\":\"draining\",\"message\":\"Done.\",\"notes\":[]}}\n"
                .utf8))
        }
      }
    }
  }

  func send(_ message: ObservationMessage) {
    for client in clients.withLock({ $0 }) { Self.write(client, message.line) }
  }

  /// Ends every stream.
  func hangUp() {
    let all = clients.withLock { clients in
      defer { clients = [] }
      return clients
    }
    for client in all { shutdown(client, Int32(SHUT_RDWR)) }
  }

  func stop() {
    hangUp()
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    unlink(path)
  }

  private static func write(_ descriptor: Int32, _ octets: [UInt8]) {
    var sent = 0
    while sent < octets.count {
      let count = octets.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private static func thread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(Body(body)).toOpaque())
    pthread_detach(thread)
  }
}

/// True within twenty seconds, or not.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
  for _ in 0..<400 {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(50))
  }
  return false
}

enum Made {
  static let epoch = Timestamp(microseconds: 1_780_000_000_000_000)

  static func report(startedAt: Timestamp = epoch, sessions: Int = 2) -> StatusReport {
    var report = StatusReport(
      version: "1", pid: 7, hostName: "node-a", startedAt: startedAt, uptimeSeconds: 1, generatedAt: startedAt,
      configuration: .init(file: "gateway.yaml", loadedAt: startedAt),
      namespace: .init(name: "ovnext", state: .healthy),
      speaker: .init(
        schedulingPolicy: "SCHED_OTHER", schedulingPriority: 0, receivePacketCount: 1, sendPacketCount: 1))
    report.sessions = (1...max(1, sessions)).map { session(UInt32($0)) }
    return report
  }

  static func session(_ number: UInt32, state: StatusReport.SessionState = .up) -> StatusReport.Session {
    StatusReport.Session(
      name: "r\(number)", peerAddress: "192.0.2.\(number % 250)", role: .active, localDiscriminator: number,
      remoteDiscriminator: 9, sessionState: state, remoteSessionState: state, localDiagnostic: .none,
      remoteDiagnostic: .none, localMultiplier: 3, desiredMinTxInterval: 100_000, requiredMinRxInterval: 100_000,
      negotiatedTransmissionInterval: 100_000, detectionTime: 300_000, secondsInState: 1)
  }

  static func event(_ sequence: UInt64, _ kind: Event.Kind = .session, name: String = "r1", to: String = "down")
    -> ObservationMessage
  {
    var event = Event(sequence: sequence, at: epoch, kind: kind, name: name, from: "up", to: to, "\(name) is \(to)")
    event.session = kind == .session ? 1 : nil
    return .event(event)
  }

  static func samples(_ gaps: [UInt32: UInt64]) -> ObservationMessage {
    .samples(
      Samples(
        at: epoch, speaker: SpeakerSample(),
        sessions: gaps.map {
          SessionSample(session: $0.key, received: 1_000, sent: 900, worstGap: $0.value, age: 5)
        }))
  }
}

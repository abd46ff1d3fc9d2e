import CLinux
import Glibc

/// One client of the server: its buffers, and what it is waited for.
struct ControlConnection {
  /// What a client has sent up to a newline, or what is wrong with it.
  enum Line {
    case complete([UInt8])
    /// No newline within the limit: the rest cannot be told from a new request, so the client is let go.
    case tooLong
    /// It stopped sending in the middle of a line, which is not carried out.
    case cutOff

    func command() throws(ControlFailure) -> ControlCommand {
      switch self {
      case .complete(let bytes): return try ControlCoding.command(bytes)
      case .tooLong:
        throw ControlFailure(.tooLarge, "The request is longer than \(ControlCoding.maximumRequest) bytes.")
      case .cutOff:
        throw ControlFailure(.badRequest, "The request ends without a newline.", help: "End it with one.")
      }
    }
  }

  let descriptor: Int32
  let credentials: PeerCredentials
  /// Until when the client must have sent its request or read its answer; nil while it waits for the answer.
  private(set) var deadline: Duration?
  /// A request of this client has not been answered yet.
  private(set) var isAwaiting = false
  private var input: [UInt8] = []
  /// Where the first newline of `input` is.
  private var lineEnd: Int?
  private var output: [UInt8] = []
  private var sent = 0
  /// It sends no more.
  private var ended = false
  private var broken = false

  init(descriptor: Int32, credentials: PeerCredentials, deadline: Duration) {
    self.descriptor = descriptor
    self.credentials = credentials
    self.deadline = deadline
  }

  private var isSending: Bool { sent < output.count }
  private var hasLine: Bool { lineEnd != nil || input.count > ControlCoding.maximumRequest }

  /// Nothing more can come of it.
  var isFinished: Bool { broken || (ended && !isAwaiting && !isSending && input.isEmpty) }

  /// What epoll is to wait for. A request that is already here waits for being writable, which it is: so `run` is called
  /// again without anything new having come.
  var interest: UInt32 {
    if isAwaiting { return 0 }
    if isSending || hasLine || (ended && !input.isEmpty) { return EPOLLOUT.rawValue }
    return EPOLLIN.rawValue
  }

  /// Reads and writes what epoll says is possible.
  mutating func handle(_ events: UInt32, now: Duration, timeout: Duration) {
    if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0,
      isAwaiting || isSending || events & EPOLLIN.rawValue == 0
    {
      broken = true  // both directions are closed: nobody will read an answer
      return
    }
    if events & EPOLLOUT.rawValue != 0, isSending { flush(now: now, timeout: timeout) }
    if events & EPOLLIN.rawValue != 0, !isSending, !isAwaiting { read() }
  }

  /// The next request, if there is a whole one and no other is being dealt with.
  mutating func takeLine(now: Duration, timeout: Duration) -> Line? {
    guard !broken, !isAwaiting, !isSending else { return nil }
    while let end = lineEnd {
      var line = Array(input[..<end])
      input.removeSubrange(...end)
      lineEnd = input.firstIndex(of: UInt8(ascii: "\n"))
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      if line.isEmpty { continue }
      begin()
      return .complete(line)
    }
    if input.count > ControlCoding.maximumRequest {
      begin()
      input = []
      ended = true
      return .tooLong
    }
    if ended, !input.isEmpty {
      begin()
      input = []
      return .cutOff
    }
    return nil
  }

  /// Sends the answer, as much as goes now.
  mutating func answer(_ bytes: [UInt8], now: Duration, timeout: Duration) {
    isAwaiting = false
    output = bytes
    sent = 0
    deadline = now + timeout
    flush(now: now, timeout: timeout)
  }

  private mutating func begin() {
    isAwaiting = true
    deadline = nil
  }

  private mutating func read() {
    // One buffer's worth a call: a client that floods gets no more of the owner's time than another.
    let room = ControlCoding.maximumRequest + 1 - input.count
    guard room > 0 else { return }
    var failure: Int32 = 0
    var count = 0
    let chunk = [UInt8](unsafeUninitializedCapacity: min(room, 16 * 1024)) { buffer, initialized in
      // `recv` writes at most `buffer.count` bytes, and says how many.
      count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      if count < 0 { failure = errno }
      initialized = max(0, count)
    }
    if count > 0 {
      if lineEnd == nil { lineEnd = chunk.firstIndex(of: UInt8(ascii: "\n")).map { input.count + $0 } }
      input += chunk
    } else if count == 0 {
      ended = true
    } else if failure != EAGAIN, failure != EINTR {
      broken = true
    }
  }

  private mutating func flush(now: Duration, timeout: Duration) {
    while isSending {
      let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
      let count = output.withUnsafeBytes {
        send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, flags)
      }
      guard count > 0 else {
        if errno == EINTR { continue }
        if errno != EAGAIN { broken = true }
        return
      }
      sent += count
    }
    output = []
    sent = 0
    deadline = now + timeout
  }
}

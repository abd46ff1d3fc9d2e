import BFD
import CLinux
import Glibc
public import OpenBFDD

/// An answer, whole or still to be written.
public enum Reply: Hashable, Sendable {
  case text(String)
  /// A list of sessions as they were when it was asked for; it is put into words piece by piece.
  case list([SessionStatus], StatusFormat)
}

/// One client: its request in pieces, its answer in pieces.
struct ControlConnection: ~Copyable {
  let descriptor: Int32
  /// When it is closed, whatever it is doing then.
  private(set) var deadline: Instant
  private var parser = RequestParser()
  private var isAnswered = false
  /// Octets that the kernel has not taken yet.
  private var output: ArraySlice<UInt8> = []
  /// What of a list is not in words yet.
  private var pending: ArraySlice<SessionStatus> = []
  private var format = StatusFormat()
  private var isFirst = true

  /// Nanoseconds that a client has for its request, and for taking the answer.
  static let patience: Int64 = 5_000_000_000
  /// How many sessions are put into words before BFD has its turn again.
  static let sessionsAtATime = 64

  init(_ descriptor: Int32, at now: Instant) {
    self.descriptor = descriptor
    deadline = now + Self.patience
  }

  deinit { close(descriptor) }

  enum Input {
    case unfinished
    case request([String])
    /// Nothing more is to be expected. A client that sent no request gets no answer, as from OpenBFDD.
    case over(String?)
  }

  mutating func read() -> Input {
    guard !isAnswered else { return .unfinished }
    var buffer = [UInt8](repeating: 0, count: WireProtocol.maximumRequest + 1)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    if count < 0 { return errno == EAGAIN || errno == EINTR ? .unfinished : .over(nil) }
    guard count > 0 else { return .over(RequestParser.Fault.cutShort.description) }
    do throws(RequestParser.Fault) {
      guard case .complete(let words) = try parser.take(buffer[..<count]) else { return .unfinished }
      return .request(words)
    } catch {
      return .over(error.description)
    }
  }

  mutating func answer(_ reply: Reply, at now: Instant) {
    isAnswered = true
    deadline = now + Self.patience
    switch reply {
    case .text(let text): output = Array(text.utf8)[...]
    case .list(let sessions, let format):
      output = Array(StatusText.header(count: sessions.count).utf8)[...]
      pending = sessions[...]
      self.format = format
    }
  }

  enum Progress {
    /// The kernel takes no more at the moment.
    case waiting
    /// There is more to write, after BFD has had its turn.
    case more
    case finished
  }

  mutating func write() -> Progress {
    guard isAnswered else { return .waiting }
    if output.isEmpty { putIntoWords() }
    while !output.isEmpty {
      let sent = output.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      }
      if sent > 0 {
        output = output.dropFirst(sent)
      } else {
        guard errno == EINTR else { return errno == EAGAIN ? .waiting : .finished }
      }
    }
    guard pending.isEmpty else { return .more }
    shutdown(descriptor, Int32(SHUT_WR))
    return .finished
  }

  private mutating func putIntoWords() {
    var text = ""
    for session in pending.prefix(Self.sessionsAtATime) {
      text += StatusText.listed(session, isFirst: isFirst, format)
      isFirst = false
    }
    pending = pending.dropFirst(Self.sessionsAtATime)
    output = Array(text.utf8)[...]
  }
}

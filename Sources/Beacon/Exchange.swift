import Addresses
import BFD
import CLinux
import Glibc
import OpenBFDD
import OpenBFDDServer
import Runtime
import Speaker

/// Why a beacon was not reached, in bfdd-control's words.
struct ExchangeError: Error {
  var message: String
}

/// One request and its answer, in a time that is limited as a whole.
struct Exchange: ~Copyable {
  private let descriptor: Int32
  private let deadline: Instant
  /// All of the answer so far. More than a beacon with a million sessions would say is nothing a beacon says.
  private(set) var reply: [UInt8] = []
  private static let limit = 1 << 29

  deinit { close(descriptor) }

  init(_ beacon: ControlAddress, until deadline: Instant) throws(ExchangeError) {
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    descriptor = socket(beacon.address.family == .ipv4 ? AF_INET : AF_INET6, Int32(kind), 0)
    self.deadline = deadline
    guard descriptor >= 0 else {
      throw ExchangeError(message: "Error creating \(beacon.address.family) socket: \(errorText(errno))")
    }
    let failure: (Int32) -> ExchangeError = {
      ExchangeError(message: "Error connecting to beacon on \(beacon): \(errorText($0))")
    }
    let fd = descriptor
    guard withSocketAddress(beacon.address, port: beacon.port, { connect(fd, $0, $1) }) != 0 else { return }
    guard errno == EINPROGRESS else { throw failure(errno) }
    try wait(for: POLLOUT, "connecting to beacon")
    var code: Int32 = 0
    var size = socklen_t(4)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    guard code == 0 else { throw failure(code) }
  }

  private func wait(for events: Int32, _ doing: String) throws(ExchangeError) {
    while true {
      let left = deadline - MonotonicClock.now()
      guard left > 0 else { throw ExchangeError(message: "Timed out while \(doing).") }
      var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      if poll(&watched, 1, Int32(clamping: left / 1_000_000 + 1)) > 0 { return }
    }
  }

  mutating func send(_ request: [UInt8]) throws(ExchangeError) {
    var rest = request[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, "sending command to beacon")
      } else if errno != EINTR {
        throw ExchangeError(message: "Error sending command to beacon: \(errorText(errno))")
      }
    }
  }

  /// The next part of the answer; nil at its end.
  mutating func receive() throws(ExchangeError) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 { return nil }
      if count > 0 {
        guard reply.count < Self.limit else { throw ExchangeError(message: "The beacon's answer has no end.") }
        reply += buffer[..<count]
        return Array(buffer[..<count])
      }
      switch errno {
      case EAGAIN: try wait(for: POLLIN, "waiting for beacon reply")
      case EINTR: continue
      case let code:
        throw ExchangeError(
          message: "Connection failed. Partial completion may have occurred: \(errorText(code))")
      }
    }
  }
}

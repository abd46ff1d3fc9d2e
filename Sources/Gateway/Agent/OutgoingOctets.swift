import CLinux
import Glibc

/// What is on its way to a client that may be slow; nobody waits for it.
struct OutgoingOctets {
  private var octets: [UInt8] = []
  private var sent = 0

  /// How many have not left.
  var count: Int { octets.count - sent }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ new: [UInt8]) {
    if sent == octets.count {
      octets = new
    } else {
      octets.removeFirst(sent)
      octets += new
    }
    sent = 0
  }

  /// Sends what goes.
  /// - Returns: false when the connection is of no more use.
  mutating func flush(to descriptor: Int32) -> Bool {
    while sent < octets.count {
      let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
      let count = octets.withUnsafeBytes {
        send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, flags)
      }
      if count > 0 {
        sent += count
      } else if errno != EINTR {
        return errno == EAGAIN
      }
    }
    octets = []
    sent = 0
    return true
  }
}

/// What a client that is only sent to does.
enum ClientSign {
  case quiet
  /// It sends no more: it wants the end.
  case finished
  case gone

  static func of(_ descriptor: Int32) -> ClientSign {
    var octet: UInt8 = 0
    let count = recv(descriptor, &octet, 1, Int32(MSG_DONTWAIT))
    if count == 0 { return .finished }
    // Nothing is expected any more: who goes on sending would keep this process busy.
    return count > 0 || (errno != EAGAIN && errno != EINTR) ? .gone : .quiet
  }
}

import CLinux
import Glibc
import NetworkNamespaces
import SendingPorts
import XDPSockets

/// What sending a packet costs, by every way that Linux has for it.
///
/// One thread, pinned to one CPU, sends frames of 66 octets (24 of BFD) over a veth pair. The far end is served on the CPU
/// that sends; it drops everything as its first deed, because no interface has the frames' destination address. So the
/// time that passes is what everything costs together, and differs by the sending only. Ways take turns, round by round.
///
///     SendingBenchmark [QDISC]     with a queueing discipline on the link, such as pfifo; none otherwise
@main struct SendingBenchmark {
  static let batches = [1, 8, 64]
  static let packets = [20_000, 32_000, 64_000]
  static let rounds = 9

  static func main() throws {
    cl_thread_pin(pthread_self(), max(0, Int32(sysconf(Int32(_SC_NPROCESSORS_ONLN))) - 1))
    let wire = try SendingWire(qdisc: CommandLine.arguments.dropFirst().first)
    var times = Way.all.map { _ in batches.map { _ in [Double]() } }
    var lost = 0
    for round in 0...rounds {
      for (column, batch) in batches.enumerated() {
        for (row, way) in Way.all.enumerated() {
          let count = packets[column] / batch * batch
          let before = try wire.arrived()
          let taken = try measure(way, wire, batch: batch, count: count)
          lost += max(0, count - (try wire.arrived() - before))
          // The first round warms up.
          if round > 0 { times[row][column].append(taken / Double(count)) }
        }
      }
    }
    print("microseconds a packet, median of \(rounds) rounds [least...most], in batches of 1, 8, 64; lost: \(lost)")
    for (row, way) in Way.all.enumerated() {
      let cells = times[row].map { column in
        let sorted = column.sorted()
        return "\(text(sorted[sorted.count / 2])) [\(text(sorted[0]))...\(text(sorted[sorted.count - 1]))]"
      }
      print(way.name + String(repeating: " ", count: max(1, 44 - way.name.count)) + cells.joined(separator: "   "))
    }
    try tellSockets(wire)
  }

  static func text(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
  }

  /// Microseconds for `count` packets.
  static func measure(_ way: Way, _ wire: borrowing SendingWire, batch: Int, count: Int) throws -> Double {
    guard let kind = way.kind else {
      var transmitter = try wire.transmitter()
      return try wire.frame.withUnsafeBytes { frame in
        let start = microseconds()
        for _ in 0..<count / batch {
          for _ in 0..<batch {
            // The peer is done with a frame when `flush` returns.
            guard let room = transmitter.nextFrame(), let octets = frame.baseAddress else {
              throw Failure("no frame")
            }
            room.copyMemory(from: octets, byteCount: frame.count)
            transmitter.commit(length: frame.count)
          }
          while transmitter.flush().waiting > 0 {}
        }
        return microseconds() - start
      }
    }
    let port = try wire.open(kind, bypass: way.bypass)
    defer { sending_close(port) }
    let start = microseconds()
    for _ in 0..<count / batch where !sending_send(port, Int32(batch)) { throw Failure("send: errno \(errno)") }
    return microseconds() - start
  }

  /// What opening and closing costs the thread that does it.
  static func tellSockets(_ wire: borrowing SendingWire) throws {
    var opened: [Double] = []
    var closed: [Double] = []
    for _ in 0..<20 {
      // Until the one before is gone altogether.
      usleep(100_000)
      let start = microseconds()
      let middle: Double
      do {
        let transmitter = try wire.transmitter()
        middle = microseconds()
        _ = transmitter.free
      }
      closed.append(microseconds() - middle)
      opened.append(middle - start)
    }
    print(
      "AF_XDP socket, median of 20: opened in \(text(opened.sorted()[10])) us, closed in \(text(closed.sorted()[10])) us"
    )
  }

  static func microseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
  }
}

/// A row of the table.
struct Way {
  var name: String
  /// Nil: AF_XDP.
  var kind: sending_kind?
  var bypass = false

  static let all = [
    Way(name: "UDP, IP_PKTINFO, sendmmsg", kind: SENDING_UDP),
    Way(name: "UDP connected, sendmmsg", kind: SENDING_UDP_CONNECTED),
    Way(name: "AF_PACKET SOCK_DGRAM, sendmmsg", kind: SENDING_DATAGRAM),
    Way(name: "  with PACKET_QDISC_BYPASS", kind: SENDING_DATAGRAM, bypass: true),
    Way(name: "AF_PACKET SOCK_RAW, sendmmsg", kind: SENDING_RAW),
    Way(name: "  with PACKET_QDISC_BYPASS", kind: SENDING_RAW, bypass: true),
    Way(name: "PACKET_TX_RING, TPACKET_V2", kind: SENDING_RING_2),
    Way(name: "  with PACKET_QDISC_BYPASS", kind: SENDING_RING_2, bypass: true),
    Way(name: "PACKET_TX_RING, TPACKET_V3", kind: SENDING_RING_3),
    Way(name: "  with PACKET_QDISC_BYPASS", kind: SENDING_RING_3, bypass: true),
    Way(name: "AF_XDP, copy mode (XDPSockets)", kind: nil)
  ]
}

struct Failure: Error {
  var text: String
  init(_ text: String) { self.text = text }
}

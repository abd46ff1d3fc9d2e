import Addresses
import CLinux
import EBPF
import Glibc

/// What a packet costs that the kernel swallows, beside one that is delivered and read.
///
/// One thread, pinned to one CPU, sends over a wire and reads what is delivered: the far end of a veth is served on the
/// CPU that sends, so that the time that passes is what everything costs together. Sending is the same in all cases; what
/// it costs is seen where a filter of one instruction drops everything.
@main struct FilterBenchmark {
  static let batches = 4_000
  static let sessions = 4_096

  static func main() throws {
    cl_thread_pin(pthread_self(), 0)
    let wire = try FilterWire()
    let receiver = try wire.receiver()
    let sender = try wire.sender()
    let measurement = Measurement(sender: sender, receiver: receiver)
    print("nanoseconds a packet, median of 9 rounds of \(batches / 9 * 64) packets in batches of 64")
    try print("dropped by a filter of one instruction", measurement.dropped())
    print("delivered, read by recvmmsg 64 at a time", measurement.median(reading: .batch))
    print("delivered, read one by one after epoll_wait", measurement.median(reading: .each))

    var filter = try RepetitionFilter(capacity: sessions)
    let attachment = try filter.attach(to: receiver)
    for index in 0..<sessions { try filter.add(index, discriminator: discriminator(index)) }
    print("passed by the filter, read by recvmmsg 64 at a time", measurement.median(reading: .batch))
    expectAll(&filter, attachment, wire.interface)
    print("swallowed by the filter, \(sessions) sessions in turn", measurement.median(reading: .nothing))
    print("  swallowed: \(filter.swallowed), not delivered: \(measurement.isEmpty)")
    tellCalls(&filter, attachment, wire.interface)
    try tellMemory()
  }

  static func print(_ label: String, _ value: Double) {
    Swift.print(label + String(repeating: " ", count: max(1, 60 - label.count)) + "\(Int(value))")
  }
  static func print(_ text: String) { Swift.print(text) }

  /// Spread as real ones are.
  static func discriminator(_ index: Int) -> UInt32 { (UInt32(index) &+ 1) &* 2_654_435_761 }

  static func payload(_ index: Int) -> [UInt8] {
    [0x20, 0xc0, 3, 24, 1, 2, 3, 4] + withUnsafeBytes(of: discriminator(index).bigEndian, Array.init)
      + [0, 4, 0x93, 0xe0, 0, 4, 0x93, 0xe0, 0, 0, 0, 0]
  }

  static func expectAll(
    _ filter: inout RepetitionFilter, _ attachment: RepetitionFilter.Attachment, _ interface: UInt32
  ) {
    for index in 0..<sessions {
      filter.expect(
        index, payload: payload(index).span.bytes, from: FilterWire.peer, to: FilterWire.gateway,
        interface: interface, minimumTimeToLive: 255, on: attachment, lastArrival: nanoseconds())
    }
  }

  /// What the calls cost this process.
  static func tellCalls(
    _ filter: inout RepetitionFilter, _ attachment: RepetitionFilter.Attachment, _ interface: UInt32
  ) {
    let octets = payload(0)
    var start = nanoseconds()
    for round in 0..<100 {
      for index in 0..<sessions {
        filter.expect(
          index, payload: octets.span.bytes, from: FilterWire.peer, to: FilterWire.gateway, interface: interface,
          minimumTimeToLive: 255, on: attachment, lastArrival: Int64(round))
      }
    }
    print("expect, nanoseconds a call", Double(nanoseconds() - start) / Double(100 * sessions))
    var sum: Int64 = 0
    start = nanoseconds()
    for _ in 0..<100 { for index in 0..<sessions { sum &+= filter.reading(index).arrival } }
    print("reading, nanoseconds a call", Double(nanoseconds() - start) / Double(100 * sessions))
    start = nanoseconds()
    for index in 0..<sessions { filter.remove(index) }
    print("remove, nanoseconds a call", Double(nanoseconds() - start) / Double(sessions))
    start = nanoseconds()
    for index in 0..<sessions { try? filter.add(index, discriminator: discriminator(index)) }
    print("add, nanoseconds a call", Double(nanoseconds() - start) / Double(sessions))
    start = nanoseconds()
    try? filter.add(sessions, discriminator: 7)
    print("making room for twice as many, microseconds", Double(nanoseconds() - start) / 1_000)
    if sum == 1 { print("") }
  }

  /// What the kernel says maps take.
  static func tellMemory() throws {
    for capacity in [1_024, 4_096, 65_536] {
      let start = nanoseconds()
      let filter = try RepetitionFilter(capacity: capacity)
      let took = nanoseconds() - start
      var octets = 0
      for descriptor in 3..<64 {
        guard let text = contents("/proc/self/fdinfo/\(descriptor)"), text.contains("max_entries:\t\(capacity)\n")
        else { continue }
        for line in text.split(separator: "\n") where line.hasPrefix("memlock:") {
          octets += line.split(separator: "\t").last.flatMap { Int($0) } ?? 0
        }
      }
      print("made for \(capacity) sessions, microseconds", Double(took) / 1_000)
      print("  octets of the kernel's memory for each session", Double(octets) / Double(filter.capacity))
    }
  }

  private static func contents(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = read(descriptor, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}

func nanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Sends, and reads in one of the ways.
final class Measurement {
  enum Reading { case nothing, batch, each }

  private let sender: Int32
  private let receiver: Int32
  // All made once, and kept until the program ends.
  private let transmit = cl_tx_batch_create()
  private let receive = cl_rx_batch_create()
  private let route = UnsafeMutablePointer<cl_tx_route>.allocate(capacity: 1)
  private let poller = epoll_create1(0)
  private let payloads = (0..<FilterBenchmark.sessions).map { FilterBenchmark.payload($0) }
  private var next = 0

  init(sender: Int32, receiver: Int32) {
    self.sender = sender
    self.receiver = receiver
    route.initialize(to: cl_tx_route())
    cl_tx_route_set(route, false, FilterWire.gateway.octets, 3784, nil, 0)
    var event = epoll_event(events: UInt32(EPOLLIN.rawValue), data: epoll_data(fd: receiver))
    epoll_ctl(poller, EPOLL_CTL_ADD, receiver, &event)
  }

  /// Of nine rounds, after one that does not count.
  func median(reading: Reading) -> Double {
    var rounds: [Double] = []
    for round in 0..<10 {
      let start = nanoseconds()
      for _ in 0..<FilterBenchmark.batches / 9 { turn(reading) }
      let each = Double(nanoseconds() - start) / Double(FilterBenchmark.batches / 9 * 64)
      if round > 0 { rounds.append(each) }
    }
    return rounds.sorted()[rounds.count / 2]
  }

  /// With a filter that drops everything at once.
  func dropped() throws -> Double {
    let instructions: [UInt64] = [0xb7, 0x95].map { $0 }  // r0 = 0; exit
    let program = cl_bpf_load_socket_filter(instructions, 2, "Apache-2.0", "everway_none", nil, 0)
    guard program >= 0, cl_bpf_attach(receiver, program) == 0 else {
      throw EBPFError(.other, "load a filter", code: errno)
    }
    defer { cl_bpf_detach(receiver) }
    return median(reading: .nothing)
  }

  var isEmpty: Bool { cl_rx_batch_receive(receive, receiver) <= 0 }

  private func turn(_ reading: Reading) {
    cl_tx_batch_clear(transmit)
    for _ in 0..<64 {
      guard let buffer = cl_tx_batch_add(transmit, route, 24, 0) else { return }
      payloads[next].withUnsafeBufferPointer {
        buffer.update(from: $0.baseAddress ?? UnsafePointer(buffer), count: 24)
      }
      next = (next + 1) % payloads.count
    }
    if reading == .each {
      for position in 0..<64 {
        cl_tx_batch_send(transmit, sender, Int32(position), 1)
        var event = epoll_event()
        while epoll_wait(poller, &event, 1, 0) == 0 {}
        while cl_rx_batch_receive(receive, receiver) > 0 {}
      }
      return
    }
    cl_tx_batch_send(transmit, sender, 0, 64)
    if reading == .batch {
      var count: Int32 = 0
      while count < 64 { count += max(0, cl_rx_batch_receive(receive, receiver)) }
    }
  }
}

import Addresses
import CLinux
import Glibc
import Testing

@testable import EBPF

/// The program runs on one CPU while this process writes on another.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct RaceTests {
  private static let first = controlPacket(mine: 0xaaaa_aaaa)
  /// Differs in every word that can differ.
  private static let second: [UInt8] = first.enumerated().map {
    (8..<12).contains($0.offset) ? $0.element : ~$0.element
  }
  /// Words of both.
  private static let mixed = [
    Array(first[..<8] + second[8...]), Array(first[..<16] + second[16...]), Array(second[..<8] + first[8...]),
    Array(second[..<16] + first[16...])
  ]

  @Test("A packet that is half the old and half the new repetition is never swallowed", arguments: [false, true])
  func tornRecords(ordersLoads: Bool) throws {
    var bench = try Filtered("rr")
    // Slow enough that a record is often replaced between two comparisons.
    try bench.useProgram(ordersLoads: ordersLoads, delay: 50)
    let sender = try bench.wire.sender(from: Wire.peer4)
    let otherSender = try bench.wire.sender(from: Wire.otherPeer4)
    defer {
      close(sender)
      close(otherSender)
    }
    // One is expected from one peer, the other from the other; neither sends its own.
    let packets =
      [(sender, Self.second), (otherSender, Self.first)]
      + Self.mixed.flatMap { [(sender, $0), (otherSender, $0)] }
    let flood = Flood(packets, to: Wire.own4, packets: 60_000)
    var flips = 0
    while !flood.isOver {
      bench.filter.expect(
        Filtered.session, payload: (flips % 2 == 0 ? Self.first : Self.second).span.bytes,
        from: flips % 2 == 0 ? Wire.peer4 : Wire.otherPeer4, minimumTimeToLive: 255, on: bench.attachment,
        lastArrival: 0)
      flips += 1
    }
    flood.join()
    // Those on their way still come, before the last one.
    let socket = bench.socket
    let last = controlPacket(mine: 5)
    let isThrough = eventually {
      guard (try? send(last, by: sender, to: Wire.own4)) != nil else { return false }
      while let packet = receive(socket, milliseconds: 10) { if packet == last { return true } }
      return false
    }
    let count = bench.count
    #expect(count == 0 && flips > 1_000 && isThrough)
  }

  @Test("While a repetition is replaced by itself, nothing of it is lost")
  func everyPacketIsSomewhere() throws {
    var bench = try Filtered("re")
    var large: Int32 = 64 << 20
    setsockopt(bench.socket, SOL_SOCKET, SO_RCVBUFFORCE, &large, 4)
    let sender = try bench.wire.sender(from: Wire.peer4)
    defer { close(sender) }
    let packets = 20_000
    let flood = Flood([(sender, Self.first)], to: Wire.own4, packets: packets, pausing: true)
    while !flood.isOver { bench.expect(Self.first) }
    flood.join()
    let socket = bench.socket
    var delivered = 0
    let isComplete = eventually {
      while receive(socket, milliseconds: 0) != nil { delivered += 1 }
      return delivered + Int(bench.count) == packets
    }
    #expect(isComplete && bench.count > 0)
  }
}

extension Filtered {
  /// The program as it is for machines that order loads, or for those that do not.
  mutating func useProgram(ordersLoads: Bool, delay: Int) throws {
    var program = RepetitionProgram(
      discriminators: filter.discriminators.descriptor, records: filter.records.descriptor,
      sockets: filter.sockets.descriptor, number: attachment.number)
    program.ordersLoads = ordersLoads
    program.delay = delay
    let loaded = try KernelProgram(socketFilter: try program.assembled(), name: "everway_test")
    try #require(cl_bpf_attach(socket, loaded.descriptor) == 0)
  }
}

/// A thread that sends packets in turn, as fast as it can.
final class Flood: @unchecked Sendable {  // all is set before the thread starts, but `over`, which is atomic
  private let payloads: [(socket: Int32, octets: [UInt8])]
  private let address: IPAddress
  private let packets: Int
  private let isPausing: Bool
  private let over = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
  private var thread = pthread_t()

  /// - Parameter pausing: so often that the kernel's queue before the filter, of 1,000 packets, never overflows.
  init(_ payloads: [(socket: Int32, octets: [UInt8])], to address: IPAddress, packets: Int, pausing: Bool = false) {
    isPausing = pausing
    self.payloads = payloads
    self.address = address
    self.packets = packets
    over.initialize(to: 0)
    pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Flood>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  deinit { over.deallocate() }

  var isOver: Bool { cl_load_relaxed_u32(over) != 0 }
  func join() { pthread_join(thread, nil) }

  private func run() {
    withSocketAddress(address, 3784) { name, length in
      for number in 0..<packets {
        if isPausing, number % 100 == 0 { usleep(500) }
        let (socket, octets) = payloads[number % payloads.count]
        while sendto(socket, octets, octets.count, 0, name, length) < 0, errno == ENOBUFS || errno == EAGAIN {}
      }
    }
    cl_store_release_u32(over, 1)
  }
}

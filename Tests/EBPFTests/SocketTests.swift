import Addresses
import CLinux
import Glibc
import Testing

@testable import EBPF

/// Sockets that come and go, room that runs out, and what is lost.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct SocketTests {
  @Test func aDetachedSocketDeliversEverything() throws {
    var bench = try Filtered("sd")
    bench.expect()
    bench.filter.detach(bench.attachment)
    let isExpecting = bench.filter.isExpecting(Filtered.session)
    #expect(!isExpecting)
    try bench.send()
    let delivered = bench.delivers()
    #expect(delivered)
  }

  @Test func aNumberThatIsUsedAgainBeginsAnew() throws {
    var bench = try Filtered("sa")
    bench.expect()
    try bench.send()
    let swallowed = bench.swallowsNext()
    #expect(swallowed)
    bench.filter.detach(bench.attachment)
    let again = try bench.filter.attach(to: bench.socket)
    let count = bench.filter.swallowed(on: again)
    let sum = bench.filter.swallowed
    #expect(count == 0 && again == bench.attachment && sum == 1)
    try bench.send()
    let delivered = bench.delivers(after: 1)
    #expect(delivered)
  }

  @Test func withoutTheFilterItsSocketsDeliverEverything() throws {
    let wire = try Wire("sw")
    let socket = try wire.receiver(.ipv4)
    let sender = try wire.sender(from: Wire.peer4)
    defer {
      close(socket)
      close(sender)
    }
    func useFilter() throws {
      var filter = try RepetitionFilter()
      let attachment = try filter.attach(to: socket)
      try filter.add(0, discriminator: Filtered.discriminator)
      filter.expect(
        0, payload: controlPacket().span.bytes, from: Wire.peer4, minimumTimeToLive: 255, on: attachment,
        lastArrival: monotonic())
      try send(controlPacket(), by: sender, to: Wire.own4)
      let isSwallowed = eventually { filter.reading(0).count == 1 }
      #expect(isSwallowed)
    }
    try useFilter()
    try send(controlPacket(), by: sender, to: Wire.own4)
    #expect(receive(socket) == controlPacket())
  }

  @Test func theProgramGoesWithTheLastSocket() throws {
    let wire = try Wire("sp")
    let socket = try wire.receiver(.ipv4)
    let number = try {
      let program = try KernelProgram(
        socketFilter: [Instruction(0xb7, .r0), Instruction(0x95)], name: "everway_test")
      try #require(cl_bpf_attach(socket, program.descriptor) == 0)
      return program.number
    }()
    #expect(number != 0 && cl_bpf_program_exists(number))
    close(socket)
    let isGone = eventually { !cl_bpf_program_exists(number) }
    #expect(isGone)
  }

  @Test("Room is made without losing anything", arguments: AddressFamily.allCases)
  func growth(_ family: AddressFamily) throws {
    var bench = try Filtered("sg", family, capacity: 16)
    bench.expect()
    try bench.send()
    let first = bench.swallowsNext()
    #expect(first)
    let before = bench.filter.reading(Filtered.session)
    try bench.filter.add(1_000, discriminator: 0x5555_6666)
    let capacity = bench.filter.capacity
    #expect(capacity == 1_024)
    let after = bench.filter.reading(Filtered.session)
    #expect(after == before)
    try bench.send()
    let second = bench.swallowsNext(after: 1)
    #expect(second)
    let other = controlPacket(yours: 0x5555_6666)
    bench.filter.expect(
      1_000, payload: other.span.bytes, from: Wire.peer(family), minimumTimeToLive: 255, on: bench.attachment,
      lastArrival: monotonic())
    try bench.send(other)
    let third = eventually { bench.filter.reading(1_000).count == 1 }
    let total = bench.filter.swallowed(on: bench.attachment)
    #expect(third && total == 3)
  }

  @Test func sessionsThatAreNotKnownAreNoMistake() throws {
    var filter = try RepetitionFilter(capacity: 16)
    filter.expect(
      3, payload: controlPacket().span.bytes, from: Wire.peer4, minimumTimeToLive: 255,
      on: .init(number: 0), lastArrival: 1)
    filter.expect(
      100_000, payload: controlPacket().span.bytes, from: Wire.peer4, minimumTimeToLive: 255,
      on: .init(number: 0), lastArrival: 1)
    filter.pass(100_000)
    filter.remove(-1)
    let seen = (filter.isExpecting(3), filter.isExpecting(100_000), filter.reading(3), filter.resetWorstGap(77))
    #expect(!seen.0 && !seen.1 && seen.2 == RepetitionReading(arrival: 0, count: 0, worstGap: 0) && seen.3 == 0)
  }

  @Test func theKernelCountsWhatIsSwallowedAsLostAndTheFilterDoesNot() throws {
    var bench = try Filtered("sl")
    bench.expect()
    for _ in 0..<5 { try bench.send() }
    let swallowed = eventually { bench.count == 5 }
    let isCounted = eventually { cl_socket_drops(bench.socket) == 5 }
    let lost = bench.filter.lost(of: 5, on: bench.attachment)
    #expect(swallowed && isCounted && lost == 0)
    // SO_RXQ_OVFL says the same.
    var one: Int32 = 1
    setsockopt(bench.socket, SOL_SOCKET, SO_RXQ_OVFL, &one, 4)
    try bench.send(controlPacket(mine: 7))
    var batch = pollfd(fd: bench.socket, events: Int16(POLLIN), revents: 0)
    #expect(poll(&batch, 1, 10_000) == 1)
    let received = cl_rx_batch_create()
    defer { cl_rx_batch_destroy(received) }
    #expect(cl_rx_batch_receive(received, bench.socket) == 1)
    #expect(cl_rx_batch_datagram(received, 0).pointee.dropped == 5)
  }

  @Test func whatIsReallyLostIsTold() throws {
    var bench = try Filtered("sr")
    bench.expect()
    var small: Int32 = 0
    setsockopt(bench.socket, SOL_SOCKET, SO_RCVBUF, &small, 4)
    for _ in 0..<3 { try bench.send() }
    let all = 200
    for _ in 0..<all { try bench.send(controlPacket(mine: 7)) }
    let socket = bench.socket
    var delivered = 0
    let isComplete = eventually {
      while receive(socket, milliseconds: 0) != nil { delivered += 1 }
      return delivered + Int(cl_socket_drops(socket)) == all + 3
    }
    let lost = Int(bench.filter.lost(of: UInt32(truncatingIfNeeded: cl_socket_drops(socket)), on: bench.attachment))
    #expect(isComplete && lost > 0 && lost == all - delivered)
  }

  @Test("The difference holds when the kernel's counter has wrapped")
  func wrapping() throws {
    let bench = try Filtered("sq")
    let entry = bench.filter.sockets.base + SocketEntry.size * bench.attachment.number
    entry.storeBytes(of: 0x1_0000_0005, toByteOffset: SocketEntry.swallowed, as: UInt64.self)
    let seen = [UInt32(7), 5, 0, 0xffff_ffff].map { bench.filter.lost(of: $0, on: bench.attachment) }
    #expect(seen == [2, 0, 0, 0])
  }
}

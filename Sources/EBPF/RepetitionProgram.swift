import CLinux

/// The program that runs for each datagram of a socket, before it is put into the socket's queue.
///
/// The kernel hands it the datagram from the UDP header on (net/ipv4/udp.c: udp_queue_rcv_one_skb), cut to the length that
/// the header gives, its checksum right. Its answer is how many octets to keep: 0 drops the datagram.
struct RepetitionProgram {
  var discriminators: Int32
  var records: Int32
  var sockets: Int32
  /// Whose counters it counts in.
  var number: Int
  /// Whether reading in the order of the program has to be asked for: x86-64 does it anyway.
  var ordersLoads: Bool = {
    #if arch(x86_64)
      false
    #else
      true
    #endif
  }()

  /// How often the clock is read for nothing between two comparisons: tests make room for a race.
  var delay = 0

  // On the stack, below the frame pointer.
  /// 32: the UDP header and 24 octets of payload.
  private static let datagram = -32
  private static let payload = datagram + 8
  private static let yourDiscriminator = payload + 8
  /// 4: a key.
  private static let index = -40
  /// 40: the network header.
  private static let network = -80

  /// - Throws: never, in practice: the program is always the same.
  func assembled() throws(AssemblyError) -> [Instruction] {
    var program = Assembler()
    let pass = program.label()
    let unknown = program.label()
    program.move(.r6, .r1)
    readDatagram(&program, orElse: pass)
    findRecord(&program, unknown: unknown, orElse: pass)
    compareDatagram(&program, orElse: pass)
    for _ in 0..<delay { program.call(Int32(CL_BPF_FUNC_ktime_get_ns)) }
    compareNetwork(&program, orElse: pass)
    swallow(&program, orElse: pass)
    program.place(unknown)
    dropUnknown(&program, orElse: pass)
    program.place(pass)
    program.move(.r0, -1)
    program.exit()
    return try program.assembled()
  }

  /// The UDP header and a payload of exactly 24 octets, to the stack.
  private func readDatagram(_ program: inout Assembler, orElse pass: Assembler.Label) {
    program.load(.word, .r0, from: .r6, Int(CL_BPF_SKB_len))
    program.jump(to: pass, if: .r0, .notEqual, 32)
    program.move(.r1, .r6)
    program.move(.r2, 0)
    program.move(.r3, .fp)
    program.calculate(.add, .r3, Int32(Self.datagram))
    program.move(.r4, 32)
    program.call(Int32(CL_BPF_FUNC_skb_load_bytes))
    program.jump(to: pass, if: .r0, .notEqual, 0)
  }

  /// `r8` = the record of the session that Your Discriminator names, `r9` = its generation.
  private func findRecord(
    _ program: inout Assembler, unknown: Assembler.Label, orElse pass: Assembler.Label
  ) {
    program.loadMap(.r1, descriptor: discriminators)
    program.move(.r2, .fp)
    program.calculate(.add, .r2, Int32(Self.yourDiscriminator))
    program.call(Int32(CL_BPF_FUNC_map_lookup_elem))
    program.jump(to: unknown, if: .r0, .equal, 0)
    program.load(.word, .r1, from: .r0, 0)
    program.store(.word, .r1, to: .fp, Self.index)
    program.loadMap(.r1, descriptor: records)
    program.move(.r2, .fp)
    program.calculate(.add, .r2, Int32(Self.index))
    program.call(Int32(CL_BPF_FUNC_map_lookup_elem))
    program.jump(to: pass, if: .r0, .equal, 0)
    program.move(.r8, .r0)
    loadGeneration(&program, .r9)
    program.jump(to: pass, if: .r9, .equal, 0)
  }

  private func loadGeneration(_ program: inout Assembler, _ to: Register) {
    if ordersLoads {
      program.orderedLoad(to, from: .r8, Record.generation)
    } else {
      program.load(.word, to, from: .r8, Record.generation)
    }
  }

  /// Socket, payload and interface.
  private func compareDatagram(_ program: inout Assembler, orElse pass: Assembler.Label) {
    program.load(.word, .r1, from: .r8, Record.socket)
    program.jump(to: pass, if: .r1, .notEqual, Int32(number))
    for offset in stride(from: 0, to: 24, by: 8) {
      compare(&program, .doubleWord, Self.payload + offset, Record.payload + offset, orElse: pass)
    }
    let anyInterface = program.label()
    program.load(.word, .r1, from: .r8, Record.interface)
    program.jump(to: anyInterface, if: .r1, .equal, 0)
    program.load(.word, .r2, from: .r6, Int(CL_BPF_SKB_ifindex))
    program.jump(to: pass, if: .r1, .notEqual, .r2)
    program.place(anyInterface)
  }

  /// Addresses and TTL.
  private func compareNetwork(_ program: inout Assembler, orElse pass: Assembler.Label) {
    let ipv6 = program.label()
    let matches = program.label()
    program.load(.word, .r1, from: .r6, Int(CL_BPF_SKB_protocol))
    program.load(.half, .r2, from: .r8, Record.ethertype)
    program.jump(to: pass, if: .r1, .notEqual, .r2)
    program.jump(to: ipv6, if: .r1, .equal, EtherType.ipv6)
    program.jump(to: pass, if: .r1, .notEqual, EtherType.ipv4)
    readNetwork(&program, 20, orElse: pass)
    compareTimeToLive(&program, at: 8, orElse: pass)
    compare(&program, .word, Self.network + 12, Record.source, orElse: pass)
    unlessDestinationCounts(&program, jumpTo: matches)
    compare(&program, .word, Self.network + 16, Record.destination, orElse: pass)
    program.jump(to: matches)
    program.place(ipv6)
    readNetwork(&program, 40, orElse: pass)
    compareTimeToLive(&program, at: 7, orElse: pass)
    compare(&program, .doubleWord, Self.network + 8, Record.source, orElse: pass)
    compare(&program, .doubleWord, Self.network + 16, Record.source + 8, orElse: pass)
    unlessDestinationCounts(&program, jumpTo: matches)
    compare(&program, .doubleWord, Self.network + 24, Record.destination, orElse: pass)
    compare(&program, .doubleWord, Self.network + 32, Record.destination + 8, orElse: pass)
    program.place(matches)
  }

  private func readNetwork(_ program: inout Assembler, _ length: Int32, orElse pass: Assembler.Label) {
    program.move(.r1, .r6)
    program.move(.r2, 0)
    program.move(.r3, .fp)
    program.calculate(.add, .r3, Int32(Self.network))
    program.move(.r4, length)
    program.move(.r5, Int32(CL_BPF_HDR_START_NET))
    program.call(Int32(CL_BPF_FUNC_skb_load_bytes_relative))
    program.jump(to: pass, if: .r0, .notEqual, 0)
  }

  private func compareTimeToLive(_ program: inout Assembler, at offset: Int, orElse pass: Assembler.Label) {
    program.load(.octet, .r1, from: .fp, Self.network + offset)
    program.load(.octet, .r2, from: .r8, Record.timeToLive)
    program.jump(to: pass, if: .r1, .less, .r2)
  }

  private func unlessDestinationCounts(_ program: inout Assembler, jumpTo matches: Assembler.Label) {
    program.load(.octet, .r1, from: .r8, Record.comparesDestination)
    program.jump(to: matches, if: .r1, .equal, 0)
  }

  /// Something on the stack with something in the record.
  private func compare(
    _ program: inout Assembler, _ width: Width, _ stack: Int, _ record: Int, orElse pass: Assembler.Label
  ) {
    program.load(width, .r1, from: .fp, stack)
    program.load(width, .r2, from: .r8, record)
    program.jump(to: pass, if: .r1, .notEqual, .r2)
  }

  /// Everything is as expected: notes the arrival, and drops the packet.
  private func swallow(_ program: inout Assembler, orElse pass: Assembler.Label) {
    let noWorse = program.label()
    program.call(Int32(CL_BPF_FUNC_ktime_get_ns))
    program.move(.r7, .r0)
    program.load(.doubleWord, .r1, from: .r8, Record.arrival)
    program.calculate(.subtract, .r0, .r1)
    program.load(.doubleWord, .r1, from: .r8, Record.longestGap)
    program.jump(to: pass, if: .r0, .signedGreater, .r1)
    // Had the record been changed meanwhile, it would not be one that has been compared, but pieces of two.
    loadGeneration(&program, .r1)
    program.jump(to: pass, if: .r1, .notEqual, .r9)
    program.store(.doubleWord, .r7, to: .r8, Record.arrival)
    program.load(.doubleWord, .r1, from: .r8, Record.worstGap)
    program.jump(to: noWorse, if: .r0, .signedLessOrEqual, .r1)
    program.store(.doubleWord, .r0, to: .r8, Record.worstGap)
    program.place(noWorse)
    program.move(.r1, 1)
    program.atomicAdd(.r1, to: .r8, Record.count)
    drop(&program, counting: SocketEntry.swallowed)
  }

  /// Your Discriminator names no session. What a reader would discard for that very reason is dropped here, if this is
  /// wanted; what he would discard for another is his (RFC 5880 section 6.8.6).
  private func dropUnknown(_ program: inout Assembler, orElse pass: Assembler.Label) {
    program.load(.word, .r1, from: .fp, Self.yourDiscriminator)
    program.jump(to: pass, if: .r1, .equal, 0)
    program.loadMapValue(.r2, descriptor: sockets, entry(SocketEntry.dropsUnknown))
    program.load(.word, .r1, from: .r2, 0)
    program.jump(to: pass, if: .r1, .equal, 0)
    // Version 1, no authentication, not multipoint, Detect Mult, Length 24, My Discriminator.
    program.load(.octet, .r1, from: .fp, Self.payload)
    program.calculate(.shiftRight, .r1, 5)
    program.jump(to: pass, if: .r1, .notEqual, 1)
    program.load(.octet, .r1, from: .fp, Self.payload + 1)
    program.calculate(.and, .r1, 0x05)
    program.jump(to: pass, if: .r1, .notEqual, 0)
    program.load(.octet, .r1, from: .fp, Self.payload + 2)
    program.jump(to: pass, if: .r1, .equal, 0)
    program.load(.octet, .r1, from: .fp, Self.payload + 3)
    program.jump(to: pass, if: .r1, .notEqual, 24)
    program.load(.word, .r1, from: .fp, Self.payload + 4)
    program.jump(to: pass, if: .r1, .equal, 0)
    program.move(.r1, 1)
    drop(&program, counting: SocketEntry.unknown)
  }

  /// Adds `r1` to one of the socket's counters and drops the packet.
  private func drop(_ program: inout Assembler, counting counter: Int) {
    program.loadMapValue(.r2, descriptor: sockets, entry(counter))
    program.atomicAdd(.r1, to: .r2, 0)
    program.move(.r0, 0)
    program.exit()
  }

  private func entry(_ offset: Int) -> Int32 { Int32(number * SocketEntry.size + offset) }
}

/// As `__sk_buff` has them: network order, read as a number of the machine.
enum EtherType {
  static let ipv4 = Int32(UInt16(0x0800).bigEndian)
  static let ipv6 = Int32(UInt16(0x86dd).bigEndian)
}

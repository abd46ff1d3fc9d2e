import Testing

@testable import EBPF

/// Encodings as RFC 9669 and the macros of the kernel's include/linux/filter.h give them, on a little-endian machine.
@Suite struct AssemblerTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var octets: [[UInt8]]
    var write: @Sendable (inout Assembler) -> Void

    init(_ name: String, _ octets: [UInt8]..., write: @escaping @Sendable (inout Assembler) -> Void) {
      testDescription = name
      self.octets = octets
      self.write = write
    }
  }

  static let cases = [
    Case("r6 = r1", [0xbf, 0x16, 0, 0, 0, 0, 0, 0]) { $0.move(.r6, .r1) },
    Case("r0 = -1", [0xb7, 0x00, 0, 0, 0xff, 0xff, 0xff, 0xff]) { $0.move(.r0, -1) },
    Case("r3 += -32", [0x07, 0x03, 0, 0, 0xe0, 0xff, 0xff, 0xff]) { $0.calculate(.add, .r3, -32) },
    Case("r0 -= r1", [0x1f, 0x10, 0, 0, 0, 0, 0, 0]) { $0.calculate(.subtract, .r0, .r1) },
    Case("r1 &= 5", [0x57, 0x01, 0, 0, 5, 0, 0, 0]) { $0.calculate(.and, .r1, 5) },
    Case("r1 >>= 5", [0x77, 0x01, 0, 0, 5, 0, 0, 0]) { $0.calculate(.shiftRight, .r1, 5) },
    Case("r0 = *(u32 *)(r6 + 40)", [0x61, 0x60, 40, 0, 0, 0, 0, 0]) { $0.load(.word, .r0, from: .r6, 40) },
    Case("r1 = *(u64 *)(fp - 24)", [0x79, 0xa1, 0xe8, 0xff, 0, 0, 0, 0]) {
      $0.load(.doubleWord, .r1, from: .fp, -24)
    },
    Case("r2 = *(u16 *)(r8 + 8)", [0x69, 0x82, 8, 0, 0, 0, 0, 0]) { $0.load(.half, .r2, from: .r8, 8) },
    Case("r2 = *(u8 *)(r8 + 10)", [0x71, 0x82, 10, 0, 0, 0, 0, 0]) { $0.load(.octet, .r2, from: .r8, 10) },
    Case("*(u32 *)(fp - 40) = r1", [0x63, 0x1a, 0xd8, 0xff, 0, 0, 0, 0]) { $0.store(.word, .r1, to: .fp, -40) },
    Case("*(u64 *)(r8 + 80) = r7", [0x7b, 0x78, 80, 0, 0, 0, 0, 0]) { $0.store(.doubleWord, .r7, to: .r8, 80) },
    Case("lock *(u64 *)(r8 + 88) += r1", [0xdb, 0x18, 88, 0, 0, 0, 0, 0]) {
      $0.atomicAdd(.r1, to: .r8, 88)
    },
    Case(
      "r9 = atomic_fetch_add((u32 *)(r8 + 0), 0)", [0xb7, 0x09, 0, 0, 0, 0, 0, 0],
      [0xc3, 0x98, 0, 0, 1, 0, 0, 0]
    ) { $0.orderedLoad(.r9, from: .r8, 0) },
    Case("r1 = map 5", [0x18, 0x11, 0, 0, 5, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]) {
      $0.loadMap(.r1, descriptor: 5)
    },
    Case("r2 = map 5[0] + 64", [0x18, 0x22, 0, 0, 5, 0, 0, 0], [0, 0, 0, 0, 64, 0, 0, 0]) {
      $0.loadMapValue(.r2, descriptor: 5, 64)
    },
    Case("call 26", [0x85, 0, 0, 0, 26, 0, 0, 0]) { $0.call(26) },
    Case("exit", [0x95, 0, 0, 0, 0, 0, 0, 0]) { $0.exit() }
  ]

  @Test("An instruction is encoded as the kernel reads it", arguments: cases)
  func encoding(_ sample: Case) throws {
    var assembler = Assembler()
    sample.write(&assembler)
    assembler.exit()
    #if _endian(little)
      #expect(try assembler.assembled().dropLast().map(\.octets) == sample.octets)
    #endif
  }

  @Test(
    "A conditional jump is encoded with its condition and distance",
    arguments: zip(
      [Condition.equal, .notEqual, .less, .greaterOrEqual, .signedGreater, .signedLessOrEqual],
      [UInt8(0x15), 0x55, 0xa5, 0x35, 0x65, 0xd5]))
  func jumps(_ condition: Condition, opcode: UInt8) throws {
    var assembler = Assembler()
    let end = assembler.label()
    assembler.jump(to: end, if: .r1, condition, 7)
    assembler.jump(to: end, if: .r1, condition, .r2)
    assembler.move(.r0, 0)
    assembler.place(end)
    assembler.exit()
    let program = try assembler.assembled()
    #expect(program[0].octets == [opcode, 0x01, 2, 0, 7, 0, 0, 0])
    #expect(program[1].octets == [opcode | 0x08, 0x21, 1, 0, 0, 0, 0, 0])
  }

  private static func mistake(_ write: (inout Assembler) -> Void) -> AssemblyError? {
    var assembler = Assembler()
    write(&assembler)
    do {
      _ = try assembler.assembled()
      return nil
    } catch { return error }
  }

  @Test func aLabelBehindAJumpIsRefused() {
    let mistake = Self.mistake {
      let back = $0.label()
      $0.place(back)
      $0.move(.r0, 0)
      $0.jump(to: back)
    }
    #expect(mistake == .labelNotAhead(0))
  }

  @Test func aLabelThatWasNeverPlacedIsRefused() {
    #expect(Self.mistake { $0.jump(to: $0.label()) } == .labelNotAhead(0))
  }

  @Test func aLabelPlacedTwiceIsRefused() {
    let mistake = Self.mistake {
      let label = $0.label()
      $0.place(label)
      $0.move(.r0, 0)
      $0.place(label)
      $0.exit()
    }
    #expect(mistake == .labelTwice(0))
  }

  @Test func anOffsetBeyond16BitsIsRefused() {
    let mistake = Self.mistake {
      $0.load(.word, .r0, from: .r1, 40_000)
      $0.exit()
    }
    #expect(mistake == .offsetOutOfRange(40_000))
  }

  @Test func aJumpBeyond16BitsIsRefused() {
    let mistake = Self.mistake {
      let end = $0.label()
      $0.jump(to: end)
      for _ in 0..<32_768 { $0.move(.r0, 0) }
      $0.place(end)
      $0.exit()
    }
    #expect(mistake == .jumpTooFar(32_768))
  }

  @Test func aProgramThatRunsOutIsRefused() {
    #expect(Self.mistake { $0.move(.r0, 0) } == .endsOpen)
    #expect(Self.mistake { _ in } == .endsOpen)
  }

  @Test func theFilterAssemblesForEverySocket() throws {
    for number in [0, 1, SocketEntry.limit - 1] {
      for ordersLoads in [false, true] {
        var program = RepetitionProgram(discriminators: 3, records: 4, sockets: 5, number: number)
        program.ordersLoads = ordersLoads
        #expect(try program.assembled().count < 200)
      }
    }
  }
}

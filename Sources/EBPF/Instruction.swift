/// The eleven registers of eBPF (RFC 9669 section 2).
enum Register: UInt8, CaseIterable {
  /// What a call and the program return.
  case r0
  /// Arguments of calls, which they destroy; `r1` is the packet when the program starts.
  case r1, r2, r3, r4, r5
  /// Kept over calls.
  case r6, r7, r8, r9
  /// The end of the stack of 512 octets, read only.
  case fp
}

/// How much a load or a store moves (RFC 9669 section 5).
enum Width: UInt8, CaseIterable {
  case octet = 0x10
  case half = 0x08
  case word = 0x00
  case doubleWord = 0x18
}

/// When to jump; comparisons are of 64 bits (RFC 9669 section 4.3).
enum Condition: UInt8, CaseIterable {
  case equal = 0x10
  case notEqual = 0x50
  /// Unsigned.
  case less = 0xa0
  /// Unsigned.
  case greaterOrEqual = 0x30
  case signedGreater = 0x60
  case signedLessOrEqual = 0xd0
}

/// Arithmetic of 64 bits (RFC 9669 section 4.1).
enum Arithmetic: UInt8, CaseIterable {
  case add = 0x00
  case subtract = 0x10
  case and = 0x50
  case shiftRight = 0x70
  case move = 0xb0
}

/// One instruction of eBPF, `struct bpf_insn` of <linux/bpf.h>.
struct Instruction: Hashable {
  var opcode: UInt8
  var destination: Register
  var source: UInt8
  var offset: Int16
  var immediate: Int32

  init(
    _ opcode: UInt8, _ destination: Register = .r0, source: UInt8 = 0, offset: Int16 = 0, immediate: Int32 = 0
  ) {
    self.opcode = opcode
    self.destination = destination
    self.source = source
    self.offset = offset
    self.immediate = immediate
  }

  /// The eight octets as they stand in memory: fields have the machine's byte order, and the two registers stand in one
  /// octet, the destination in its low half on a little-endian machine and in its high half on a big-endian one.
  var octets: [UInt8] {
    #if _endian(little)
      let registers = source << 4 | destination.rawValue
    #else
      let registers = destination.rawValue << 4 | source
    #endif
    return [opcode, registers] + withUnsafeBytes(of: offset, Array.init)
      + withUnsafeBytes(of: immediate, Array.init)
  }

  /// The same as one word of the machine, for handing to the kernel.
  var word: UInt64 {
    octets.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
  }
}

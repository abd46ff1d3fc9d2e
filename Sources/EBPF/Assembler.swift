import CLinux

/// Why something is no program.
enum AssemblyError: Error, Hashable {
  /// An offset from a register that 16 bits do not hold.
  case offsetOutOfRange(Int)
  /// A jump over more instructions than 16 bits count.
  case jumpTooFar(Int)
  /// A jump to a label that stands nowhere behind it; there are no loops.
  case labelNotAhead(Int)
  /// A label that stands twice.
  case labelTwice(Int)
  /// The last instruction neither exits nor jumps.
  case endsOpen
}

/// Writes a program one instruction after another. Mistakes are told by `assembled`, so that a program reads as a list.
struct Assembler {
  /// A place to jump to, placed once, after all jumps to it.
  struct Label: Hashable {
    fileprivate let number: Int
  }

  private var instructions: [Instruction] = []
  private var labels: [Int?] = []
  private var jumps: [(at: Int, to: Label)] = []
  private var mistake: AssemblyError?

  init() {}

  /// How many instructions of eight octets there are.
  var count: Int { instructions.count }

  // MARK: Arithmetic

  mutating func calculate(_ operation: Arithmetic, _ to: Register, _ value: Int32) {
    emit(Instruction(0x07 | operation.rawValue, to, immediate: value))
  }

  mutating func calculate(_ operation: Arithmetic, _ to: Register, _ from: Register) {
    emit(Instruction(0x0f | operation.rawValue, to, source: from.rawValue))
  }

  mutating func move(_ to: Register, _ value: Int32) { calculate(.move, to, value) }
  mutating func move(_ to: Register, _ from: Register) { calculate(.move, to, from) }

  // MARK: Memory

  /// Fills a register from memory; what is narrower than it is filled up with 0.
  mutating func load(_ width: Width, _ to: Register, from base: Register, _ offset: Int) {
    emit(Instruction(0x61 | width.rawValue, to, source: base.rawValue, offset: checked(offset)))
  }

  mutating func store(_ width: Width, _ from: Register, to base: Register, _ offset: Int) {
    emit(Instruction(0x63 | width.rawValue, base, source: from.rawValue, offset: checked(offset)))
  }

  /// Adds a register to eight octets of memory, whole even when another CPU does the same.
  mutating func atomicAdd(_ from: Register, to base: Register, _ offset: Int) {
    emit(Instruction(0xdb, base, source: from.rawValue, offset: checked(offset)))
  }

  /// Reads four octets by adding 0 to them, which on every machine orders what is read before and after it (Linux 5.12).
  mutating func orderedLoad(_ to: Register, from base: Register, _ offset: Int) {
    move(to, 0)
    emit(Instruction(0xc3, base, source: to.rawValue, offset: checked(offset), immediate: 0x01))
  }

  /// The address of a map, as functions want it.
  mutating func loadMap(_ to: Register, descriptor: Int32) {
    emit(Instruction(0x18, to, source: UInt8(CL_BPF_PSEUDO_MAP_FD), immediate: descriptor))
    emit(Instruction(0x00))
  }

  /// The address of an octet in the only element of an array (Linux 5.2).
  mutating func loadMapValue(_ to: Register, descriptor: Int32, _ offset: Int32) {
    emit(Instruction(0x18, to, source: UInt8(CL_BPF_PSEUDO_MAP_VALUE), immediate: descriptor))
    emit(Instruction(0x00, immediate: offset))
  }

  // MARK: Flow

  mutating func label() -> Label {
    labels.append(nil)
    return Label(number: labels.count - 1)
  }

  /// The next instruction is where jumps to this label go.
  mutating func place(_ label: Label) {
    if labels[label.number] != nil { note(.labelTwice(label.number)) }
    labels[label.number] = count
  }

  mutating func jump(to label: Label) {
    jumps.append((count, label))
    emit(Instruction(0x05))
  }

  mutating func jump(to label: Label, if register: Register, _ condition: Condition, _ value: Int32) {
    jumps.append((count, label))
    emit(Instruction(0x05 | condition.rawValue, register, immediate: value))
  }

  mutating func jump(to label: Label, if register: Register, _ condition: Condition, _ other: Register) {
    jumps.append((count, label))
    emit(Instruction(0x0d | condition.rawValue, register, source: other.rawValue))
  }

  /// Calls a function of the kernel; arguments from `r1` on, its answer in `r0`.
  mutating func call(_ function: Int32) { emit(Instruction(0x85, immediate: function)) }

  /// Ends with `r0`.
  mutating func exit() { emit(Instruction(0x95)) }

  // MARK: -

  /// The program, with every jump's distance filled in.
  func assembled() throws(AssemblyError) -> [Instruction] {
    if let mistake { throw mistake }
    guard let last = instructions.last, last.opcode == 0x95 || last.opcode == 0x05 else { throw .endsOpen }
    var program = instructions
    for jump in jumps {
      guard let target = labels[jump.to.number], target > jump.at, target < count else {
        throw .labelNotAhead(jump.to.number)
      }
      let distance = target - jump.at - 1
      guard let offset = Int16(exactly: distance) else { throw .jumpTooFar(distance) }
      program[jump.at].offset = offset
    }
    return program
  }

  private mutating func emit(_ instruction: Instruction) { instructions.append(instruction) }

  private mutating func checked(_ offset: Int) -> Int16 {
    if let fitting = Int16(exactly: offset) { return fitting }
    note(.offsetOutOfRange(offset))
    return 0
  }

  private mutating func note(_ error: AssemblyError) { if mistake == nil { mistake = error } }
}

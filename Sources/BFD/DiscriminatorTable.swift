/// Local discriminator to session index: open addressing with linear probing. Discriminators are random bits
/// already, so their low bits are the hash, and a look-up is one array access in the usual case.
struct DiscriminatorTable: Sendable {
  private struct Slot {
    /// Zero when free: no discriminator is zero.
    var discriminator: UInt32 = 0
    var value: Int32 = 0
  }

  private var slots = [Slot](repeating: Slot(), count: 16)
  private(set) var count = 0

  private var mask: Int { slots.count - 1 }

  subscript(discriminator: UInt32) -> Int32? {
    guard discriminator != 0 else { return nil }
    var position = Int(discriminator) & mask
    while slots[position].discriminator != 0 {
      if slots[position].discriminator == discriminator { return slots[position].value }
      position = (position + 1) & mask
    }
    return nil
  }

  /// Adds a discriminator that is not in the table; at most half the slots are used, so a probe ends soon.
  mutating func insert(_ discriminator: UInt32, value: Int32) {
    precondition(discriminator != 0, "no discriminator is zero")
    if (count + 1) * 2 > slots.count { grow() }
    place(discriminator, value)
    count += 1
  }

  /// Removes a discriminator, and moves what was pushed aside by it back, so that no gap ends a probe early.
  mutating func remove(_ discriminator: UInt32) {
    guard discriminator != 0 else { return }
    var hole = Int(discriminator) & mask
    while slots[hole].discriminator != discriminator {
      if slots[hole].discriminator == 0 { return }
      hole = (hole + 1) & mask
    }
    count -= 1
    var next = (hole + 1) & mask
    while slots[next].discriminator != 0 {
      let home = Int(slots[next].discriminator) & mask
      if (next - home) & mask >= (next - hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    slots[hole] = Slot()
  }

  private mutating func place(_ discriminator: UInt32, _ value: Int32) {
    var position = Int(discriminator) & mask
    while slots[position].discriminator != 0 { position = (position + 1) & mask }
    slots[position] = Slot(discriminator: discriminator, value: value)
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    for slot in old where slot.discriminator != 0 { place(slot.discriminator, slot.value) }
  }
}

/// Timers by number in slots of 100 us: setting, moving and taking one is a few stores, however many there are.
struct Wheel: ~Copyable {
  /// Nanoseconds.
  static let slot: Int64 = 100_000
  private static let slots = 32_768
  private static let none: Int32 = -1

  private let count: Int
  // Doubly linked lists in arrays that are allocated once: a timer's neighbours, then a ring's head for each slot.
  private let next: UnsafeMutablePointer<Int32>
  private let previous: UnsafeMutablePointer<Int32>
  private let expiry: UnsafeMutablePointer<Int64>
  private let occupied: UnsafeMutablePointer<UInt64>
  /// The slot that was emptied last, counted from the clock's zero.
  private var position: Int64

  init(timers count: Int, at now: Int64) {
    self.count = count
    next = .allocate(capacity: count + Self.slots)
    previous = .allocate(capacity: count + Self.slots)
    expiry = .allocate(capacity: count)
    occupied = .allocate(capacity: Self.slots / 64)
    next.initialize(repeating: Self.none, count: count)
    previous.initialize(repeating: Self.none, count: count)
    for head in count..<count + Self.slots {
      next[head] = Int32(head)
      previous[head] = Int32(head)
    }
    expiry.initialize(repeating: 0, count: count)
    occupied.initialize(repeating: 0, count: Self.slots / 64)
    position = now / Self.slot
  }

  deinit {
    next.deallocate()
    previous.deallocate()
    expiry.deallocate()
    occupied.deallocate()
  }

  /// When a timer ends; nil when it is not set.
  func deadline(_ timer: Int) -> Int64? { next[timer] == Self.none ? nil : expiry[timer] }

  mutating func cancel(_ timer: Int) {
    guard next[timer] != Self.none else { return }
    next[Int(previous[timer])] = next[timer]
    previous[Int(next[timer])] = previous[timer]
    next[timer] = Self.none
  }

  mutating func set(_ timer: Int, at deadline: Int64) {
    cancel(timer)
    expiry[timer] = deadline
    insert(timer)
  }

  private mutating func insert(_ timer: Int) {
    // Never before its time; what lies beyond the wheel waits in the last slot and is put back then.
    let wanted = (expiry[timer] + Self.slot - 1) / Self.slot
    let place = min(max(wanted, position + 1), position + Int64(Self.slots) - 1)
    let index = Int(place) & (Self.slots - 1)
    let head = count + index
    next[timer] = Int32(head)
    previous[timer] = previous[head]
    next[Int(previous[head])] = Int32(timer)
    previous[head] = Int32(timer)
    occupied[index >> 6] |= 1 << UInt64(index & 63)
  }

  /// Takes a timer that has ended, in the order of slots; nil when there is none.
  mutating func take(at now: Int64) -> Int? {
    let last = now / Self.slot
    while true {
      let head = count + (Int(position) & (Self.slots - 1))
      while next[head] != Int32(head) {
        let timer = Int(next[head])
        cancel(timer)
        if expiry[timer] <= now { return timer }
        insert(timer)
      }
      guard let following = nextOccupied(after: position, through: last) else {
        position = max(position, last)
        return nil
      }
      position = following
    }
  }

  /// When to look again: when the next slot with a timer in it ends, or `limit` if that is sooner.
  mutating func nextDeadline(before limit: Int64) -> Int64 {
    nextOccupied(after: position, through: limit / Self.slot).map { min($0 * Self.slot, limit) } ?? limit
  }

  private mutating func nextOccupied(after start: Int64, through end: Int64) -> Int64? {
    var place = start + 1
    let end = min(end, start + Int64(Self.slots) - 1)
    while place <= end {
      let index = Int(place) & (Self.slots - 1)
      let word = occupied[index >> 6] >> UInt64(index & 63)
      guard word != 0 else {
        place += Int64(64 - index & 63)
        continue
      }
      place += Int64(word.trailingZeroBitCount)
      guard place <= end else { return nil }
      let found = Int(place) & (Self.slots - 1)
      if next[count + found] != Int32(count + found) { return place }
      occupied[found >> 6] &= ~(1 << UInt64(found & 63))
      place += 1
    }
    return nil
  }
}

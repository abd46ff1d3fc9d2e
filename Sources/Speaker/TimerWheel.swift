import BFD

/// Timers for a fixed set of small integers, one timer each: a hashed wheel with intrusive lists.
///
/// It is lazy: a deadline that moves later is left alone until it fires, and its owner then sets it anew. So a
/// received packet, which only pushes its session's detection further away, costs the wheel nothing.
struct TimerWheel: ~Copyable {
  /// Nanoseconds of one slot: how exact a deadline is.
  let tick: Int64
  private let slotCount: Int64
  private var heads: [Int32]
  private var occupied: [UInt64]
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// The tick each timer waits for; -1 when it does not.
  private var tickOf: [Int64] = []
  /// Every tick before this one has fired.
  private var current: Int64
  private var waiting = 0

  /// - Parameters:
  ///   - tick: nanoseconds of a slot.
  ///   - slots: a power of two, at least 64; deadlines beyond slots x tick are looked at once a turn.
  init(tick: Int64 = 50_000, slots: Int = 16_384, now: Instant) {
    precondition(slots >= 64 && slots & (slots - 1) == 0, "slots is a power of two, at least 64")
    self.tick = tick
    slotCount = Int64(slots)
    heads = Array(repeating: -1, count: slots)
    occupied = Array(repeating: 0, count: slots / 64)
    current = now.nanoseconds / tick
  }

  /// Makes room for timers 0 ..< count.
  mutating func reserve(_ count: Int) {
    guard count > next.count else { return }
    let more = count - next.count
    next.append(contentsOf: repeatElement(-1, count: more))
    previous.append(contentsOf: repeatElement(-1, count: more))
    tickOf.append(contentsOf: repeatElement(-1, count: more))
  }

  /// Sets a timer to the first tick at or after the deadline; `distantFuture` stops it.
  mutating func set(_ timer: Int, to deadline: Instant) {
    guard deadline != .distantFuture else { return cancel(timer) }
    let rounded = deadline.nanoseconds / tick + (deadline.nanoseconds % tick > 0 ? 1 : 0)
    // Beyond the horizon: the farthest slot; it is set again when that fires.
    let target = min(max(rounded, current), current + slotCount - 1)
    guard tickOf[timer] != target else { return }
    cancel(timer)
    tickOf[timer] = target
    let slot = Int(target & (slotCount - 1))
    let head = heads[slot]
    next[timer] = head
    previous[timer] = -1
    if head >= 0 { previous[Int(head)] = Int32(timer) }
    heads[slot] = Int32(timer)
    occupied[slot >> 6] |= 1 << UInt64(slot & 63)
    waiting += 1
  }

  mutating func cancel(_ timer: Int) {
    let target = tickOf[timer]
    guard target >= 0 else { return }
    tickOf[timer] = -1
    waiting -= 1
    let slot = Int(target & (slotCount - 1))
    let after = next[timer]
    let before = previous[timer]
    if after >= 0 { previous[Int(after)] = before }
    if before >= 0 {
      next[Int(before)] = after
    } else {
      heads[slot] = after
      if after < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    }
  }

  /// Start of the next tick that has a timer; `distantFuture` when there is none.
  var nextDeadline: Instant {
    guard waiting > 0 else { return .distantFuture }
    return Instant(nanoseconds: nextOccupiedTick() * tick)
  }

  private func nextOccupiedTick() -> Int64 {
    let start = Int(current & (slotCount - 1))
    let words = occupied.count
    var word = start >> 6
    var bits = occupied[word] & (~0 << UInt64(start & 63))
    for step in 0...words {
      if bits != 0 {
        let slot = word << 6 + bits.trailingZeroBitCount
        let distance = (Int64(slot) - Int64(start)) & (slotCount - 1)
        return current + distance
      }
      word = (word + 1) & (words - 1)
      bits = occupied[word]
      // The first word again: only its slots before the start are left.
      if step == words - 1 { bits &= ~(~0 << UInt64(start & 63)) }
    }
    return current + slotCount - 1
  }

  /// Takes the next timer whose tick has come by `now`; nil when there is none left.
  mutating func popDue(at now: Instant) -> Int? {
    let last = now.nanoseconds / tick
    guard waiting > 0 else {
      current = max(current, last)
      return nil
    }
    let target = nextOccupiedTick()
    guard target <= last else {
      current = max(current, last)
      return nil
    }
    current = max(current, target)
    let timer = Int(heads[Int(target & (slotCount - 1))])
    cancel(timer)
    return timer
  }
}

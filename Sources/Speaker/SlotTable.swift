/// Slots by number, each in a place of its own, where it is read and changed.
///
/// An array would ask at each change whether it is shared, and an optional value is copied to be read: a copy of a slot
/// costs more than a packet does.
struct SlotTable: ~Copyable {
  // Owned: those of `capacity` that are occupied are initialized; freed in deinit.
  private var base: UnsafeMutablePointer<Speaker.Slot>
  private var isOccupied: UnsafeMutablePointer<Bool>
  private var capacity: Int
  /// All slots have lower numbers.
  private(set) var count = 0

  init() {
    capacity = 16
    base = .allocate(capacity: capacity)
    isOccupied = .allocate(capacity: capacity)
  }

  deinit {
    for index in indices { self[index]?.deinitialize(count: 1) }
    base.deallocate()
    isOccupied.deallocate()
  }

  var indices: Range<Int> { 0..<count }

  /// Where a slot is; nil when there is none of that number. Valid until the next `put` or `remove`: nobody keeps it
  /// over a call that may make or end a session.
  @inline(__always) subscript(index: Int) -> UnsafeMutablePointer<Speaker.Slot>? {
    index >= 0 && index < count && isOccupied[index] ? base + index : nil
  }

  /// - Parameter index: of a free slot, or `count`.
  mutating func put(_ slot: Speaker.Slot, at index: Int) {
    precondition(index >= 0 && index <= count && self[index] == nil, "slots are filled one after the other")
    if index == capacity { grow(to: capacity * 2) }
    (base + index).initialize(to: slot)
    (isOccupied + index).initialize(to: true)
    count = max(count, index + 1)
  }

  mutating func remove(_ index: Int) {
    self[index]?.deinitialize(count: 1)
    if index < count { isOccupied[index] = false }
  }

  /// Makes room for slots 0 ..< count.
  mutating func reserve(_ count: Int) { if count > capacity { grow(to: count) } }

  private mutating func grow(to wanted: Int) {
    let larger = UnsafeMutablePointer<Speaker.Slot>.allocate(capacity: wanted)
    let alsoOccupied = UnsafeMutablePointer<Bool>.allocate(capacity: wanted)
    alsoOccupied.moveInitialize(from: isOccupied, count: count)
    for index in 0..<count where alsoOccupied[index] {
      (larger + index).moveInitialize(from: base + index, count: 1)
    }
    base.deallocate()
    isOccupied.deallocate()
    (base, isOccupied) = (larger, alsoOccupied)
    capacity = wanted
  }
}

/// What is going to happen, in order of time; at the same time in the order in which it was put in, so that a run
/// depends on nothing but its seed.
///
/// The heap moves small keys, the events stay where they are; and it is not generic, which a debug build repays.
struct EventQueue {
  private struct Key {
    var time: Int64
    var order: Int
    var slot: Int

    func isBefore(_ other: Key) -> Bool { time != other.time ? time < other.time : order < other.order }
  }

  private var heap: [Key] = []
  private var slots: [World.Event?] = []
  private var free: [Int] = []
  private var inserted = 0

  mutating func push(_ event: World.Event, at time: Int64) {
    let slot: Int
    if let last = free.popLast() {
      slot = last
      slots[slot] = event
    } else {
      slot = slots.count
      slots.append(event)
    }
    let key = Key(time: time, order: inserted, slot: slot)
    inserted += 1
    var child = heap.count
    heap.append(key)
    while child > 0 {
      let parent = (child - 1) / 2
      let above = heap[parent]
      guard key.isBefore(above) else { break }
      heap[child] = above
      child = parent
    }
    heap[child] = key
  }

  mutating func pop() -> (time: Int64, event: World.Event)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    let count = heap.count
    if count > 0 {
      var parent = 0
      while true {
        var child = 2 * parent + 1
        guard child < count else { break }
        if child + 1 < count, heap[child + 1].isBefore(heap[child]) { child += 1 }
        let below = heap[child]
        guard below.isBefore(last) else { break }
        heap[parent] = below
        parent = child
      }
      heap[parent] = last
    }
    guard let event = slots[first.slot] else { return nil }
    slots[first.slot] = nil
    free.append(first.slot)
    return (first.time, event)
  }
}

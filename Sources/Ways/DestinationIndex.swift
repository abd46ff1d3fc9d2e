import Addresses

/// Which sessions' destinations lie within a prefix: sorted, so that a route of strangers costs some comparisons.
struct DestinationIndex {
  private struct Entry {
    var key: UInt128
    var session: Int32
  }

  private var entries: [Entry] = []
  private var isSorted = true

  mutating func insert(_ destination: IPAddress, _ session: Int) {
    let entry = Entry(key: destination.key, session: Int32(session))
    if let last = entries.last, last.key > entry.key { isSorted = false }
    entries.append(entry)
  }

  mutating func remove(_ destination: IPAddress, _ session: Int) {
    let key = destination.key
    sort()
    var place = first(atLeast: key)
    while place < entries.count, entries[place].key == key {
      if entries[place].session == Int32(session) {
        entries.remove(at: place)
        return
      }
      place += 1
    }
  }

  /// The places of the sessions whose destinations lie within the prefix.
  mutating func places(in prefix: IPPrefix) -> Range<Int> {
    guard !entries.isEmpty else { return 0..<0 }
    sort()
    let width = prefix.family.bitWidth
    let host = prefix.length >= width ? 0 : UInt128.max >> UInt128(128 - width + prefix.length)
    let low = prefix.address.key & ~host
    let high = low | host
    let start = first(atLeast: low)
    var end = start
    while end < entries.count, entries[end].key <= high { end += 1 }
    return start..<end
  }

  /// The session at a place.
  subscript(place: Int) -> Int { Int(entries[place].session) }

  /// Many are inserted at once, at the start: sorted when first needed.
  private mutating func sort() {
    guard !isSorted else { return }
    entries.sort { $0.key < $1.key }
    isSorted = true
  }

  private func first(atLeast key: UInt128) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension IPAddress {
  /// The bits as a number, within its family.
  fileprivate var key: UInt128 {
    switch self {
    case .v4(let address): UInt128(address.bits)
    case .v6(let address): UInt128(address.high) << 64 | UInt128(address.low)
    }
  }
}

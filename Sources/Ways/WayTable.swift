import Addresses
import Netlink

/// Which sessions can be sent below the UDP stack, and how: decides from facts, and says what to ask the kernel.
///
/// Whatever may no longer hold is taken back at once, since a session without a way only costs a little more, and asked for
/// again within `Timing.settle`. Sessions are numbered by the owner, from 0 and densely.
package struct WayTable: Sendable {
  /// Nanoseconds.
  package struct Timing: Hashable, Sendable {
    /// The longest time that a session goes without its UDP socket.
    package var refresh: Int64 = 10_000_000_000
    /// At least as long between two rounds of questions.
    package var settle: Int64 = 100_000_000
    /// How often everything is asked for again, whatever was heard: for what the kernel changes without a word.
    package var audit: Int64 = 30_000_000_000

    package init() {}
  }

  struct Slot {
    var demand: WayDemand
    /// What the route said, as long as nothing has put it in doubt.
    var hop: WayHop?
    var source: IPAddress?
    /// Number of the neighbour, and the sessions before and after in its list; -1 for none.
    var neighbour: Int32 = -1
    var next: Int32 = -1
    var previous: Int32 = -1
    var isPresent = true
    var isDoubtful = false
    var isChanged = false
    var obstacle: WayObstacle? = .unresolved
    var way: Way?
  }

  struct NeighbourEntry {
    var hop: WayHop
    var fact: WayNeighbour?
    /// Asked for, or heard of; `fact` is nil when the kernel has none.
    var isKnown = false
    var isQueued = false
    /// The first session in its list; -1 for none, then it is free.
    var first: Int32 = -1
  }

  package let timing: Timing
  var slots: [Slot] = []
  /// When each session's next packet is to leave by its UDP socket; apart from the rest, for the hot path.
  var socketDue: [Int64] = []
  /// Sessions there are.
  package private(set) var count = 0

  var links: [UInt32: WayLink] = [:]
  var askedLinks: Set<UInt32> = []
  var neighbours: [NeighbourEntry] = []
  private var freeNeighbours: [Int32] = []
  var neighbourNumbers: [WayHop: Int32] = [:]
  var destinations4 = DestinationIndex()
  var destinations6 = DestinationIndex()

  private var doubtful: [Int32] = []
  private var queue: [WayQuery] = []
  private var queueHead = 0
  private var lastRound: Int64 = .min / 2
  private var auditAt: Int64 = .max
  private var changed: [Int32] = []
  var hasPolicies = false

  package init(timing: Timing = Timing()) { self.timing = timing }

  // MARK: - Sessions

  /// Adds a session, or gives it another demand: it has no way until `next` was answered, and if it had one, that is told.
  package mutating func add(_ session: Int, _ demand: WayDemand) {
    let hadWay = way(session) != nil
    remove(session)
    let absent = Slot(demand: demand, isPresent: false)
    while slots.count <= session {
      slots.append(absent)
      socketDue.append(.max)
    }
    let isListed = slots[session].isChanged  // `changed` may still name the one before
    slots[session] = Slot(demand: demand, isChanged: isListed || hadWay)
    if hadWay, !isListed { changed.append(Int32(session)) }
    count += 1
    switch demand.destination.family {
    case .ipv4: destinations4.insert(demand.destination, session)
    case .ipv6: destinations6.insert(demand.destination, session)
    }
    doubt(session)
  }

  package mutating func remove(_ session: Int) {
    guard isPresent(session) else { return }
    detach(session)
    let destination = slots[session].demand.destination
    switch destination.family {
    case .ipv4: destinations4.remove(destination, session)
    case .ipv6: destinations6.remove(destination, session)
    }
    slots[session].isPresent = false
    slots[session].way = nil
    socketDue[session] = .max
    count -= 1
    if count == 0 { auditAt = .max }
  }

  package func isPresent(_ session: Int) -> Bool { slots.indices.contains(session) && slots[session].isPresent }

  package func way(_ session: Int) -> Way? { isPresent(session) ? slots[session].way : nil }

  /// Why a session has no way; nil when it has one, or is not here.
  package func obstacle(_ session: Int) -> WayObstacle? { isPresent(session) ? slots[session].obstacle : nil }

  /// What a neighbour's number stands for.
  package func hop(_ number: Int) -> WayHop { neighbours[number].hop }

  package func demand(_ session: Int) -> WayDemand? { isPresent(session) ? slots[session].demand : nil }

  /// Whether this packet of a session is to leave by the UDP socket although it has a way: see `WayFinder.usesSocket`.
  @inline(__always)
  package mutating func usesSocket(_ session: Int, at now: Int64) -> Bool {
    guard now >= socketDue[session] else { return false }
    // Not all at the same time for ever: up to a quarter earlier.
    let share = Int64(truncatingIfNeeded: (UInt64(truncatingIfNeeded: session) &* 0x9e37_79b9_7f4a_7c15) >> 54)
    socketDue[session] = now + timing.refresh - timing.refresh / 4096 * share
    return true
  }

  // MARK: - Questions

  /// When `startRound` has something to do: `.min` for at once.
  package var nextDeadline: Int64 {
    if queueHead < queue.count { return .min }
    return doubtful.isEmpty ? auditAt : min(auditAt, lastRound + timing.settle)
  }

  /// Turns doubts into questions, at most once in each `Timing.settle`.
  package mutating func startRound(at now: Int64) {
    guard queueHead >= queue.count else { return }
    if now >= auditAt { audit() }
    guard !doubtful.isEmpty, now >= lastRound + timing.settle else { return }
    lastRound = now
    if auditAt == .max || now >= auditAt { auditAt = now + timing.audit }
    for session in doubtful {
      let index = Int(session)
      slots[index].isDoubtful = false
      guard slots[index].isPresent else { continue }
      let demand = slots[index].demand
      let asksForSource = demand.source != nil && demand.destination.family == .ipv6
      queue.append(asksForSource ? .source(session: index) : .route(session: index))
    }
    doubtful.removeAll(keepingCapacity: true)
  }

  /// The next thing to ask; every one must be answered, or `lose` be called.
  package mutating func next() -> WayQuery? {
    while queueHead < queue.count {
      let query = queue[queueHead]
      queueHead += 1
      switch query {
      case .route(let session), .source(let session): if isPresent(session) { return query }
      case .neighbour(let number): if neighbours[number].first >= 0 { return query }
      case .link: return query
      }
    }
    queue.removeAll(keepingCapacity: true)
    queueHead = 0
    return nil
  }

  mutating func ask(_ query: WayQuery) { queue.append(query) }

  /// Notifications or answers were lost: nothing that is known holds.
  package mutating func lose(at now: Int64) {
    links.removeAll(keepingCapacity: true)
    askedLinks.removeAll(keepingCapacity: true)
    queue.removeAll(keepingCapacity: true)
    queueHead = 0
    for number in neighbours.indices {
      neighbours[number].isKnown = false
      neighbours[number].isQueued = false
      neighbours[number].fact = nil
    }
    for session in slots.indices where slots[session].isPresent { withdraw(session) }
    lastRound = now
  }

  private mutating func audit() {
    auditAt = .max
    for number in neighbours.indices where neighbours[number].fact?.usable == nil {
      neighbours[number].isKnown = false
    }
    for session in slots.indices where slots[session].isPresent { doubt(session) }
  }

  // MARK: - Changes for the owner

  /// Hands over the sessions whose way is not what it was.
  package mutating func takeChanges(_ body: (Int, Way?) -> Void) {
    guard !changed.isEmpty else { return }
    for session in changed {
      let index = Int(session)
      slots[index].isChanged = false
      if slots[index].isPresent { body(index, slots[index].way) }
    }
    changed.removeAll(keepingCapacity: true)
  }

  /// Asks again, and lets the way be what it is until then.
  mutating func doubt(_ session: Int) {
    guard !slots[session].isDoubtful else { return }
    slots[session].isDoubtful = true
    doubtful.append(Int32(session))
  }

  /// Takes the way back at once, and asks again.
  mutating func withdraw(_ session: Int) {
    slots[session].hop = nil
    set(session, nil, .unresolved)
    doubt(session)
  }

  mutating func set(_ session: Int, _ way: Way?, _ obstacle: WayObstacle?) {
    slots[session].obstacle = obstacle
    guard slots[session].way != way else { return }
    slots[session].way = way
    guard !slots[session].isChanged else { return }
    slots[session].isChanged = true
    changed.append(Int32(session))
  }

  // MARK: - Neighbours

  /// Notes whose link-layer address a session needs.
  mutating func attach(_ session: Int, to hop: WayHop) {
    let old = Int(slots[session].neighbour)
    if old >= 0 {
      if neighbours[old].hop == hop { return }
      detach(session)
    }
    let number: Int
    if let known = neighbourNumbers[hop] {
      number = Int(known)
    } else {
      number = freeNeighbours.popLast().map(Int.init) ?? neighbours.count
      if number == neighbours.count {
        neighbours.append(NeighbourEntry(hop: hop))
      } else {
        neighbours[number] = NeighbourEntry(hop: hop)
      }
      neighbourNumbers[hop] = Int32(number)
    }
    let first = neighbours[number].first
    slots[session].neighbour = Int32(number)
    slots[session].next = first
    slots[session].previous = -1
    if first >= 0 { slots[Int(first)].previous = Int32(session) }
    neighbours[number].first = Int32(session)
  }

  mutating func detach(_ session: Int) {
    let number = Int(slots[session].neighbour)
    guard number >= 0 else { return }
    let next = slots[session].next
    let previous = slots[session].previous
    if previous >= 0 { slots[Int(previous)].next = next } else { neighbours[number].first = next }
    if next >= 0 { slots[Int(next)].previous = previous }
    slots[session].neighbour = -1
    if neighbours[number].first < 0 {
      neighbourNumbers[neighbours[number].hop] = nil
      freeNeighbours.append(Int32(number))
    }
  }
}

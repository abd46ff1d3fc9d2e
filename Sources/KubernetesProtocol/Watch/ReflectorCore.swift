/// How an observation stands.
public enum ObservationState: Hashable, Sendable {
  /// Nothing is known yet, and nothing has failed yet.
  case notListed
  /// Everything is known, and changes come as they happen.
  case listed
  /// Nothing new is heard since then (the monotonic clock); what is known stays. It goes on trying.
  case failing(KubernetesError, since: Duration)
}

/// How long to wait before trying again: twice as long each time, less some chance, so that the clients of a server that died do
/// not all come back in the same instant.
public struct RetryDelays: Hashable, Sendable {
  public var shortest: Duration
  public var longest: Duration

  public init(shortest: Duration = .milliseconds(200), longest: Duration = .seconds(15)) {
    self.shortest = shortest
    self.longest = longest
  }

  /// - Parameters:
  ///   - failure: counts from 1.
  ///   - chance: 0 up to 1: how much of the half that chance may take is taken.
  public func delay(failure: Int, chance: Double) -> Duration {
    let delay = min(shortest * (1 << min(max(failure - 1, 0), 20)), max(longest, shortest))
    return delay - delay / 2 * chance
  }
}

/// Decides when to list, when to watch and when to wait, to keep a replica of a resource: events and the time go in, effects
/// come out. The chance in it is given.
///
/// The way of client-go's reflector: a list of what the server has in its memory (`resourceVersion=0`), a watch from there,
/// again a watch from the last event when it ends, and a list anew when the server has forgotten that version (410).
package struct ReflectorCore: Sendable {
  package enum Effect: Hashable, Sendable {
    /// nil: the newest, from etcd.
    case list(resourceVersion: String?)
    /// - seconds: the server is asked to end it after so long.
    case watch(resourceVersion: String, seconds: Int)
    /// Give up the watch that runs, and hear nothing more of it.
    case stopWatch
    case state(ObservationState)
  }

  private enum Phase: Hashable {
    case idle
    case listing
    case opening(seconds: Int)
    case watching(since: Duration)
    case waiting(until: Duration)
    case stopped
  }

  /// Longer than the server was asked to keep a watch open: then it is dead.
  package static let grace: Duration = .seconds(30)
  /// A watch that lasted so long did well: the next one need not wait.
  package static let goodWatch: Duration = .seconds(5)
  private let delays: RetryDelays
  private let watchSeconds: ClosedRange<Int>
  private var phase = Phase.idle
  private var state = ObservationState.notListed
  private var failures = 0
  /// Where a watch goes on; nil: list first.
  private var resourceVersion: String?
  /// What the next list asks for.
  private var listFrom: String? = "0"
  private var watchEnd: Duration?

  package init(delays: RetryDelays = RetryDelays(), watchSeconds: ClosedRange<Int> = 290...590) {
    self.delays = delays
    self.watchSeconds = watchSeconds
  }

  /// When to call `tick`; nil: not before something else has happened.
  package var deadline: Duration? {
    switch phase {
    case .waiting(let until): until
    case .watching, .opening: watchEnd
    default: nil
    }
  }

  package mutating func start(chance: Double, now: Duration) -> [Effect] {
    guard phase == .idle else { return [] }
    return go(chance: chance, now: now)
  }

  package mutating func stop() -> [Effect] {
    defer { phase = .stopped }
    switch phase {
    case .watching, .opening: return [.stopWatch]
    default: return []
    }
  }

  /// A list came, and was taken over into the replica.
  package mutating func listed(_ version: String, chance: Double, now: Duration) -> [Effect] {
    guard phase == .listing else { return [] }
    (resourceVersion, listFrom) = (version, version)
    // No watch without a version: it would start at any moment. Only a broken server sends none.
    guard !version.isEmpty else {
      return failed(
        .decoding(what: "a list", reason: "metadata.resourceVersion is missing"), chance: chance, now: now)
    }
    return go(chance: chance, now: now)
  }

  package mutating func listFailed(_ error: KubernetesError, chance: Double, now: Duration) -> [Effect] {
    guard phase == .listing else { return [] }
    let wasFromMemory = listFrom != nil
    if case .expired = error { (resourceVersion, listFrom) = (nil, nil) }
    // A list of the newest cannot be too old: then it is a failure like another.
    if case .expired = error, wasFromMemory { return go(chance: chance, now: now) }
    return failed(error, chance: chance, now: now)
  }

  /// The server accepted the watch.
  package mutating func watchOpened(now: Duration) -> [Effect] {
    guard case .opening(let seconds) = phase else { return [] }
    phase = .watching(since: now)
    watchEnd = now + .seconds(seconds) + Self.grace
    return enter(.listed)
  }

  /// An event, or a bookmark, was taken over.
  package mutating func event(_ version: String?) {
    guard case .watching = phase else { return }
    if let version, !version.isEmpty { (resourceVersion, listFrom) = (version, version) }
  }

  /// - Parameter error: nil when the server ended it without one.
  package mutating func watchEnded(_ error: KubernetesError?, chance: Double, now: Duration) -> [Effect] {
    switch phase {
    case .opening, .watching: break
    default: return []
    }
    watchEnd = nil
    var wasGood = false
    if case .watching(let since) = phase { wasGood = now - since >= Self.goodWatch }
    if wasGood { failures = 0 }
    guard let error else {
      if wasGood { return go(chance: chance, now: now) }
      // Ended at once, again and again: no failure to tell, but no reason to hurry either.
      failures += 1
      phase = .waiting(until: now + delays.delay(failure: failures, chance: chance))
      return []
    }
    if case .expired = error {
      (resourceVersion, listFrom) = (nil, nil)
      // Again and again: then something is wrong with the server, and it must not be listed in a circle.
      if failures == 0 {
        failures = 1
        return go(chance: chance, now: now)
      }
    }
    return failed(error, chance: chance, now: now)
  }

  package mutating func tick(chance: Double, now: Duration) -> [Effect] {
    guard let deadline, deadline <= now else { return [] }
    switch phase {
    case .waiting: return go(chance: chance, now: now)
    case .opening, .watching:
      return [.stopWatch]
        + watchEnded(
          .transport(server: "", reason: "the server has fallen silent on a watch"), chance: chance, now: now)
    default: return []
    }
  }

  private mutating func go(chance: Double, now: Duration) -> [Effect] {
    guard let resourceVersion else {
      phase = .listing
      return [.list(resourceVersion: listFrom)]
    }
    let span = watchSeconds.upperBound - watchSeconds.lowerBound
    let seconds = watchSeconds.lowerBound + Int(Double(span) * chance)
    phase = .opening(seconds: seconds)
    // A server accepts a watch at once, whether there are events or not.
    watchEnd = now + Self.grace
    return [.watch(resourceVersion: resourceVersion, seconds: seconds)]
  }

  private mutating func failed(_ error: KubernetesError, chance: Double, now: Duration) -> [Effect] {
    failures += 1
    var delay = delays.delay(failure: failures, chance: chance)
    // All who were told the same second shall not come in it.
    if let asked = error.retryAfter { delay = max(delay, asked + delays.shortest * chance) }
    phase = .waiting(until: now + delay)
    if case .failing(let before, let since) = state {
      return before == error ? [] : enter(.failing(error, since: since))
    }
    return enter(.failing(error, since: now))
  }

  private mutating func enter(_ new: ObservationState) -> [Effect] {
    guard state != new else { return [] }
    state = new
    return [.state(new)]
  }
}

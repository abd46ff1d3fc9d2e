import KubernetesProtocol
import Synchronization

/// What an observation tells, for one task. A task that is slow gets changes merged; it ends when this is forgotten or the
/// task is cancelled.
public struct KubernetesNews<T: Decodable & Sendable>: AsyncSequence, Sendable {
  public typealias Element = ObservedNews<T>
  public typealias Failure = Never

  /// To take snapshots, to cancel.
  public let observation: KubernetesObservation<T>
  let queue: NewsQueue<T>

  public func makeAsyncIterator() -> Iterator { Iterator(observation: observation, queue: queue) }

  public struct Iterator: AsyncIteratorProtocol {
    /// Kept alive as long as somebody takes from it.
    let observation: KubernetesObservation<T>
    let queue: NewsQueue<T>

    /// nil when the task was cancelled.
    public mutating func next() async -> ObservedNews<T>? { await queue.next() }

    public mutating func next(isolation actor: isolated (any Actor)?) async -> ObservedNews<T>? {
      await queue.next()
    }
  }
}

/// News between the event loop and the task that takes them. When the task is slow, changes become one batch, in which each object
/// stands once: so the queue is never larger than the replica.
final class NewsQueue<T: Sendable>: Sendable {
  /// More news than this are merged.
  static var limit: Int { 64 }

  private struct State {
    var news: [ObservedNews<T>] = []
    var waiter: (id: UInt64, continuation: CheckedContinuation<ObservedNews<T>?, Never>)?
    var nextID: UInt64 = 0
    var cancelled: Set<UInt64> = []
  }

  private let state = Mutex(State())

  func put(_ item: ObservedNews<T>) {
    let waiter = state.withLock { state in
      if let waiter = state.waiter {
        state.waiter = nil
        return waiter.continuation as CheckedContinuation<ObservedNews<T>?, Never>?
      }
      state.news.append(item)
      if state.news.count > Self.limit { state.news = Self.merged(state.news) }
      return nil
    }
    waiter?.resume(returning: item)
  }

  /// All changes as one, of each object the last that could not be read, and the last state.
  static func merged(_ news: [ObservedNews<T>]) -> [ObservedNews<T>] {
    var changes: [ObjectKey: ObjectChange<T>] = [:]
    var undecodable: [ObjectKey: UndecodableObject] = [:]
    var last: ObservationState?
    var hasChanges = false
    for item in news {
      switch item {
      case .state(let state): last = state
      case .undecodable(let problem): undecodable[problem.key] = problem
      case .changes(let batch):
        hasChanges = true
        for change in batch {
          if let before = changes[change.key] {
            changes[change.key] = ObjectChange(key: change.key, old: before.old, new: change.new)
          } else {
            changes[change.key] = change
          }
        }
      }
    }
    // What came and went in between was never there.
    let told = changes.values.filter { $0.old != nil || $0.new != nil }.sorted { $0.key < $1.key }
    return undecodable.values.sorted { $0.key < $1.key }.prefix(limit / 2).map { .undecodable($0) }
      + (hasChanges ? [.changes(told)] : []) + (last.map { [.state($0)] } ?? [])
  }

  /// nil when the waiting task was cancelled.
  func next() async -> ObservedNews<T>? {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<ObservedNews<T>?, Never>) in
        let ready: ObservedNews<T>?? = state.withLock { state in
          if state.cancelled.remove(id) != nil { return .some(nil) }
          if !state.news.isEmpty { return .some(state.news.removeFirst()) }
          state.waiter = (id, continuation)
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<ObservedNews<T>?, Never>? in
        guard let waiter = state.waiter, waiter.id == id else {
          state.cancelled.insert(id)
          return nil
        }
        state.waiter = nil
        return waiter.continuation
      }
      waiter?.resume(returning: nil)
    }
    state.withLock { _ = $0.cancelled.remove(id) }
    return result
  }
}

import OVSDBProtocol
import Synchronization

/// Batches between the event loop and the task that takes them. When the task is slow, they become one: so the queue is
/// never larger than the database.
final class ChangeQueue: Sendable {
  /// More batches than this are merged.
  static let limit = 64

  private struct State {
    var batches: [ChangeBatch] = []
    var end: OVSDBError?
    var waiters: [(id: UInt64, continuation: CheckedContinuation<Result<ChangeBatch?, OVSDBError>, Never>)] = []
    var nextID: UInt64 = 0
    var cancelled: Set<UInt64> = []
  }

  private let state = Mutex(State())

  func put(_ news: Result<ChangeBatch, OVSDBError>) {
    let resumptions: [() -> Void] = state.withLock { state in
      switch news {
      case .success(let batch):
        if !state.waiters.isEmpty {
          let waiter = state.waiters.removeFirst().continuation
          return [{ waiter.resume(returning: .success(batch)) }]
        }
        if state.batches.count >= Self.limit {
          var merged = state.batches.removeFirst()
          for next in state.batches { merged.merge(next) }
          merged.merge(batch)
          state.batches = [merged]
        } else {
          state.batches.append(batch)
        }
        return []
      case .failure(let error):
        state.end = error
        defer { state.waiters = [] }
        return state.waiters.map { waiter in { waiter.continuation.resume(returning: .failure(error)) } }
      }
    }
    for resume in resumptions { resume() }
  }

  /// The next batch; nil when the waiting task was cancelled.
  func next() async throws(OVSDBError) -> ChangeBatch? {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready: Result<ChangeBatch?, OVSDBError>? = state.withLock { state in
          if state.cancelled.remove(id) != nil { return .success(nil) }
          if !state.batches.isEmpty { return .success(state.batches.removeFirst()) }
          if let end = state.end { return .failure(end) }
          state.waiters.append((id, continuation))
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
          state.cancelled.insert(id)
          return nil as CheckedContinuation<Result<ChangeBatch?, OVSDBError>, Never>?
        }
        return state.waiters.remove(at: index).continuation
      }
      waiter?.resume(returning: .success(nil))
    }
    _ = state.withLock { $0.cancelled.remove(id) }
    return try result.get()
  }
}

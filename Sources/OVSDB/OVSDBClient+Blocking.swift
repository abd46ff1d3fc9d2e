import Dispatch
public import OVSDBProtocol
import Synchronization

// For plain threads that have the time to wait. Never call these on an event loop, in a task or under a lock that an
// observer takes.
extension OVSDBClient {
  /// `transact`, waiting for its end: `timeout` at most, and a moment more.
  ///
  /// What it throws when no server could be reached says why not.
  public func transactAndWait(
    _ operations: [OVSDBProtocol.Operation], timeout: Duration = .seconds(10)
  ) throws(OVSDBError) -> [OperationResult] {
    let answer = Box<Result<[OperationResult], OVSDBError>>()
    transact(operations, timeout: timeout) { answer.put($0) }
    // The client keeps the time itself; the second is for its thread.
    guard let result = answer.wait(timeout + .seconds(1)) else {
      throw .timedOut(waitingFor: "answer", after: timeout, reason: "")
    }
    return try result.get()
  }

  /// `close`, waiting for its end.
  public func closeAndWait(_ timeout: Duration = .seconds(5)) {
    let done = Box<Bool>()
    close { done.put(true) }
    _ = done.wait(timeout)
  }
}

extension OVSDBObservation {
  /// `snapshot`, waiting for it; nil before the first contents came, or when the event loop does not answer in time.
  public func snapshotAndWait(_ timeout: Duration = .seconds(2)) -> DatabaseSnapshot? {
    let answer = Box<DatabaseSnapshot?>()
    snapshot { answer.put($0) }
    return answer.wait(timeout) ?? nil
  }
}

/// One value on its way from the event loop to a thread.
private final class Box<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  func put(_ new: Value) {
    value.withLock { $0 = new }
    isThere.signal()
  }

  func wait(_ timeout: Duration) -> Value? {
    guard isThere.wait(timeout: .now() + timeout / .seconds(1)) == .success else { return nil }
    return value.withLock { $0 }
  }
}

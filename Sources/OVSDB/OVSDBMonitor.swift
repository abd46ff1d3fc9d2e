public import OVSDBProtocol

/// Changes of some tables, in order, none twice and none left out, over any number of connections. For one task.
///
/// A task that is slow gets several batches as one, merged; the monitor ends when this is forgotten or cancelled, or
/// with the error that ended it.
public struct OVSDBMonitor: AsyncSequence, Sendable {
  public typealias Element = ChangeBatch
  public typealias Failure = OVSDBError

  /// To change conditions, to take snapshots, to cancel.
  public let observation: OVSDBObservation
  private let queue: ChangeQueue

  init(observation: OVSDBObservation, queue: ChangeQueue) {
    self.observation = observation
    self.queue = queue
  }

  public func makeAsyncIterator() -> Iterator { Iterator(observation: observation, queue: queue) }

  public struct Iterator: AsyncIteratorProtocol {
    /// Kept alive as long as somebody takes from it.
    let observation: OVSDBObservation
    let queue: ChangeQueue

    /// nil when the task was cancelled.
    public mutating func next() async throws(OVSDBError) -> ChangeBatch? { try await queue.next() }

    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(OVSDBError) -> ChangeBatch? { try await queue.next() }
  }
}

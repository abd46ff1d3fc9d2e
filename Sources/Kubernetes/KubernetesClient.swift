// The API in short; every request is a value, and there are three ways to have it carried out.
//
//   let configuration = try KubernetesConfiguration.load()            // KUBECONFIG, the pod's service account, ~/.kube/config
//   let client = KubernetesClient(configuration)
//   try await client.perform(.get(Node.self, .nodes, ObjectKey("gw1")))       // for tasks
//   client.perform(.list(OvnEip.self, .ovnEips)) { result in ... }            // for threads, called back on the event loop
//   try client.performAndWait(.version)                                       // for commands, blocks
//   try KubernetesClient.read(.list(OvnEip.self, .ovnEips), configuration)    // the same with a client of its own
//
//   requests: .get .list .create .update .patch(subresource: .status) .label .annotate .delete .log .version
//
//   let observation = client.observe(OvnEip.self, .ovnEips) { news in         // .state, .changes, .undecodable
//   }                                                                         // until it is cancelled or forgotten
//   for try await news in client.news(of: OvnEip.self, .ovnEips) { }          // the same for a task

import AsyncHTTPClient
import Dispatch
public import KubernetesProtocol
public import NIOCore
import NIOPosix
import Synchronization

/// A client of one API server.
///
/// It connects from the network namespace of the thread that makes it: never make one on a thread that has called setns(2),
/// because NIO's threads would be born in that namespace.
public final class KubernetesClient: Sendable {
  public let configuration: KubernetesConfiguration
  private let driver: KubernetesDriver
  /// Made here, and so ended here.
  private let ownGroup: MultiThreadedEventLoopGroup?

  /// - Parameter group: whose threads do the work; nil for one thread of its own.
  public init(_ configuration: KubernetesConfiguration, group: (any EventLoopGroup)? = nil) {
    self.configuration = configuration
    ownGroup = group == nil ? MultiThreadedEventLoopGroup(numberOfThreads: 1) : nil
    let loop = group?.next() ?? ownGroup?.next() ?? MultiThreadedEventLoopGroup.singleton.next()
    driver = KubernetesDriver(configuration, loop: loop)
  }

  deinit { close {} }

  /// Ends all connections; what waits fails with `KubernetesError.closed`.
  public func close() async {
    await withCheckedContinuation { continuation in close { continuation.resume() } }
  }

  /// The same for callers that are no tasks.
  public func close(_ done: @escaping @Sendable () -> Void) {
    let group = ownGroup
    driver.close {
      guard let group else { return done() }
      group.shutdownGracefully(queue: .global()) { _ in done() }
    }
  }

  // MARK: Requests

  /// - Parameter timeout: for all of it, however many HTTP requests it takes.
  public func perform<Answer>(
    _ request: KubernetesRequest<Answer>, timeout: Duration = .seconds(30)
  ) async throws(KubernetesError) -> Answer {
    let cancellation = Cancellation()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        driver.perform(request, timeout: timeout, cancellation) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      cancellation.cancel()
    }
    return try result.get()
  }

  /// The same for callers that are no tasks.
  /// - Parameter done: called once, on the event loop: return soon.
  public func perform<Answer>(
    _ request: KubernetesRequest<Answer>, timeout: Duration = .seconds(30),
    _ done: @escaping @Sendable (Result<Answer, KubernetesError>) -> Void
  ) {
    driver.perform(request, timeout: timeout, Cancellation(), done)
  }

  /// The same for threads that may wait; never call it on an event loop or in a task.
  @available(*, noasync, message: "a task must not block: use perform")
  public func performAndWait<Answer>(
    _ request: KubernetesRequest<Answer>, timeout: Duration = .seconds(30)
  ) throws(KubernetesError) -> Answer {
    let answer = Mutex<Result<Answer, KubernetesError>?>(nil)
    let isDone = DispatchSemaphore(value: 0)
    let box = AnswerBox(answer)
    driver.perform(request, timeout: timeout, Cancellation()) { result in
      box.answer.withLock { $0 = result }
      isDone.signal()
    }
    isDone.wait()
    guard let result = box.answer.withLock({ $0 }) else { throw .closed }
    return try result.get()
  }

  /// One request for a command that then ends: with a client of its own.
  @available(*, noasync, message: "a task must not block: use a client and perform")
  public static func read<Answer>(
    _ request: KubernetesRequest<Answer>, _ configuration: KubernetesConfiguration, timeout: Duration = .seconds(10)
  ) throws(KubernetesError) -> Answer {
    let client = KubernetesClient(configuration)
    defer {
      let isClosed = DispatchSemaphore(value: 0)
      client.close { isClosed.signal() }
      _ = isClosed.wait(timeout: .now() + 5)
    }
    return try client.performAndWait(request, timeout: timeout)
  }

  // MARK: Observing

  /// Keeps a copy of a resource's objects, and tells of its changes, in order, none twice and none left out: also over servers that
  /// restart, forget and come back. Objects that cannot be read are told and left out.
  /// - Parameter sink: called on the event loop: return soon.
  public func observe<T: Decodable & Sendable>(
    _ type: T.Type = T.self, _ resource: KubernetesResource, _ selection: ObjectSelection = .all,
    _ sink: @escaping @Sendable (ObservedNews<T>) -> Void
  ) -> KubernetesObservation<T> {
    let reflector = Reflector(driver, resource, selection, sink)
    reflector.start()
    return KubernetesObservation(reflector: reflector)
  }

  /// The same for a task.
  public func news<T: Decodable & Sendable>(
    of type: T.Type = T.self, _ resource: KubernetesResource, _ selection: ObjectSelection = .all
  ) -> KubernetesNews<T> {
    let queue = NewsQueue<T>()
    return KubernetesNews(observation: observe(type, resource, selection) { queue.put($0) }, queue: queue)
  }
}

private final class AnswerBox<Answer: Sendable>: Sendable {
  let answer: Mutex<Result<Answer, KubernetesError>?>
  init(_ answer: consuming Mutex<Result<Answer, KubernetesError>?>) { self.answer = answer }
}

/// What an observation tells.
public enum ObservedNews<T: Sendable>: Sendable {
  case state(ObservationState)
  /// The first batch after `listed` has all objects; may be empty then.
  case changes([ObjectChange<T>])
  case undecodable(UndecodableObject)
}

/// An observation that runs until this is cancelled or forgotten.
public final class KubernetesObservation<T: Decodable & Sendable>: Sendable {
  private let reflector: Reflector<T>

  init(reflector: Reflector<T>) { self.reflector = reflector }

  deinit { cancel() }

  /// Nothing more is told, but for what is being told at this moment.
  public func cancel() { reflector.stop() }

  /// A copy of what is known now; nil before the first list came.
  public func snapshot() async -> [ObjectKey: T]? {
    await withCheckedContinuation { continuation in snapshot { continuation.resume(returning: $0) } }
  }

  /// The same for callers that are no tasks; `take` is called on the event loop.
  public func snapshot(_ take: @escaping @Sendable ([ObjectKey: T]?) -> Void) { reflector.snapshot(take) }
}

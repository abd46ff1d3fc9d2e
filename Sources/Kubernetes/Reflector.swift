import KubernetesProtocol
import NIOCore

/// Carries out what `ReflectorCore` decides.
///
/// `@unchecked Sendable` holds because everything but the constants is touched on the driver's loop alone; `run` brings
/// callers there.
final class Reflector<T: Decodable & Sendable>: @unchecked Sendable {
  private let driver: KubernetesDriver
  private let resource: KubernetesResource
  private let selection: ObjectSelection
  private let sink: @Sendable (ObservedNews<T>) -> Void
  private var core: ReflectorCore
  private var replica = ObjectReplica<T>()
  private var isKnown = false
  private var isStopped = false
  private var cancellation = Cancellation()
  /// Of the list or watch that runs: what an earlier one still says is not heard.
  private var run: UInt64 = 0
  private var timer: Scheduled<Void>?

  /// For a whole list.
  private static var listTimeout: Duration { .seconds(60) }

  init(
    _ driver: KubernetesDriver, _ resource: KubernetesResource, _ selection: ObjectSelection,
    _ sink: @escaping @Sendable (ObservedNews<T>) -> Void
  ) {
    self.driver = driver
    self.resource = resource
    self.selection = selection
    self.sink = sink
    core = ReflectorCore(
      delays: driver.configuration.retries, watchSeconds: driver.configuration.watchSeconds)
  }

  private var chance: Double { Double.random(in: 0..<1) }

  func start() {
    driver.run {
      self.perform(self.core.start(chance: self.chance, now: self.driver.now))
    } orElse: {
      sink(.state(.failing(.closed, since: driver.now)))
    }
  }

  func stop() {
    driver.run {
      guard !self.isStopped else { return }
      self.isStopped = true
      _ = self.core.stop()
      self.cancellation.cancel()
      self.timer?.cancel()
    } orElse: {
    }
  }

  func snapshot(_ take: @escaping @Sendable ([ObjectKey: T]?) -> Void) {
    driver.run {
      take(self.isKnown ? self.replica.values : nil)
    } orElse: {
      take(nil)
    }
  }

  private func perform(_ effects: [ReflectorCore.Effect]) {
    driver.loop.preconditionInEventLoop()
    guard !isStopped else { return }
    for effect in effects {
      switch effect {
      case .list(let version): list(version)
      case .watch(let version, let seconds): watch(version, seconds)
      case .stopWatch:
        run += 1
        cancellation.cancel()
      case .state(let state): sink(.state(state))
      }
    }
    timer?.cancel()
    timer = core.deadline.map { due in
      driver.loop.scheduleTask(in: max(.zero, TimeAmount(due - driver.now))) { [weak self] in
        guard let self else { return }
        perform(core.tick(chance: chance, now: driver.now))
      }
    }
  }

  /// - Returns: whether this is still the run that counts.
  private func isCurrent(_ run: UInt64) -> Bool { run == self.run && !isStopped }

  private func begin() -> (UInt64, Cancellation) {
    run += 1
    cancellation = Cancellation()
    return (run, cancellation)
  }

  private func list(_ version: String?) {
    let (run, cancellation) = begin()
    let request = KubernetesRequest.list(
      LossyObject<T>.self, resource, selection, resourceVersion: version)
    driver.perform(request, timeout: Self.listTimeout, cancellation) { [weak self] result in
      guard let self, isCurrent(run) else { return }
      do throws(KubernetesError) {
        let list = try result.get()
        let (changes, undecodable) = try replica.replace(with: list.items)
        for problem in undecodable + list.undecodable { sink(.undecodable(problem)) }
        if !changes.isEmpty || !isKnown { sink(.changes(changes)) }
        isKnown = true
        perform(core.listed(list.resourceVersion, chance: chance, now: driver.now))
      } catch {
        perform(core.listFailed(error, chance: chance, now: driver.now))
      }
    }
  }

  private func watch(_ version: String, _ seconds: Int) {
    let (run, cancellation) = begin()
    let request = APIRequest.watch(resource, selection, resourceVersion: version, seconds: seconds)
    let words = "watch \(resource)"
    driver.watch(request, cancellation) { [weak self] in
      guard let self, isCurrent(run) else { return }
      perform(core.watchOpened(now: driver.now))
    } line: { [weak self] octets throws(KubernetesError) in
      guard let self, isCurrent(run) else { return }
      try take(try WatchEvent<T>(octets, request: words))
    } ended: { [weak self] error in
      guard let self, isCurrent(run) else { return }
      perform(core.watchEnded(error, chance: chance, now: driver.now))
    }
  }

  private func take(_ event: WatchEvent<T>) throws(KubernetesError) {
    switch event {
    case .present(let object):
      switch try replica.take(object) {
      case .success(let change): if let change { sink(.changes([change])) }
      case .failure(let problem): sink(.undecodable(problem))
      }
    case .gone(let header): if let change = replica.remove(header.metadata.key) { sink(.changes([change])) }
    case .bookmark: break
    case .error(let error): throw error
    }
    core.event(event.resourceVersion)
  }
}

import BFD
import Cluster
public import ClusterSources
public import ConfigurationFile
public import Gateway
import Glibc
public import KubeOVN
public import NetworkNamespaces
import Speaker
import Synchronization

/// `everway run --kube-ovn`: follows the cluster's databases on a thread of its own, and has the gateway be what they
/// say. What it decides is `ClusterCore`'s; here are the connections, the clock and the writes.
///
/// It is slow where the databases are: nothing that keeps traffic alive waits for it.
public final class ClusterAgent: Sendable {
  public struct Options: Sendable {
    public var cluster: ClusterOptions
    public var kubeOVN: KubeOVNOptions
    /// `NAMESPACE/NAME` of the Lease by which repairs for dead nodes are shared out.
    public var lease: LeaseName

    public init(cluster: ClusterOptions, kubeOVN: KubeOVNOptions, lease: LeaseName = LeaseName()) {
      self.cluster = cluster
      self.kubeOVN = kubeOVN
      self.lease = lease
    }

    /// What the gateway has while nothing is known: the operator's part, in the cluster's namespace.
    public var liveBase: GatewayConfiguration {
      var base = kubeOVN.base
      base.namespace = .named(kubeOVN.namespace)
      return base
    }
  }

  let options: Options
  let configuration: LiveConfiguration
  let wake = WakeUp()
  private let isStopping = Atomic<Bool>(false)
  let log: EventLog

  /// - Parameter configuration: what is published goes there, and its gateway is asked.
  public init(_ options: Options, configuration: LiveConfiguration, log: EventLog) {
    self.options = options
    self.configuration = configuration
    self.log = log
  }

  /// Starts the thread. Call it after `GatewayAgent.init`, which has signals left to its own thread.
  /// - Throws: when the machine is out of threads.
  public func start() throws(SystemCallError) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<ClusterAgent>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw SystemCallError("create the cluster's thread", code: code)
    }
    pthread_detach(thread)
  }

  /// Ends the thread with its next turn.
  public func stop() {
    isStopping.store(true, ordering: .relaxed)
    wake.signal()
  }

  private func run() {
    let live = LiveCluster(options.cluster) { [wake] in wake.signal() }
    defer { live.close() }
    var core = ClusterCore(node: options.cluster.nodeName, options: options.kubeOVN)
    let hands = ClusterHands(self, live)
    while !isStopping.load(ordering: .relaxed) {
      let facts = live.facts()
      let input = ClusterCore.Input(
        ovs: facts.ovs, ovn: facts.ovn, cluster: facts.cluster, gateway: hands.gatewayView(),
        isLeader: hands.isLeader)
      for effect in core.look(input, now: MonotonicClock.now()) { hands.carryOut(effect, &core) }
      hands.campaign(with: core.role, input.gateway)
      let now = MonotonicClock.now()
      let deadline = min(core.nextLook(now: now), hands.nextDeadline)
      wake.wait(nanoseconds: max(0, deadline - now))
      // Changes come in bursts: a transaction on one side is several on the other.
      usleep(Self.settling)
    }
  }

  /// Microseconds.
  private static let settling: UInt32 = 20_000
}

/// A Lease (coordination.k8s.io/v1).
public struct LeaseName: Hashable, Sendable {
  public var namespace: String
  public var name: String

  public init(namespace: String = "kube-system", name: String = "everway") {
    self.namespace = namespace
    self.name = name
  }
}

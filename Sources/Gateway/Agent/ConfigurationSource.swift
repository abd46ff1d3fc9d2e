public import ConfigurationFile
public import Control
public import NetworkNamespaces

/// Where a gateway's configuration comes from.
public enum ConfigurationSource: Sendable {
  /// A file, read at the start and by `everway reload`.
  case file(String)
  /// Another thread works it out, and may change it at any time.
  case live(LiveConfiguration)

  /// For the log and for `status`.
  var name: String {
    switch self {
    case .file(let path): path
    case .live(let live): live.name
    }
  }
}

/// A configuration that another thread of this process publishes, and the gateway's state that it reads.
///
/// `namespace`, `bfd.listen`, `control` and `realtime` stay what `base` has: they cannot change while everway runs.
public final class LiveConfiguration: Sendable {
  enum News: Sendable {
    case gateway(GatewayConfiguration)
    case notAGateway(reason: String)
    case problems([ConfigurationProblem])
    case status(Reply<StatusReport>)
  }

  /// What is in force before anything is published, and when this machine is no gateway.
  public let base: GatewayConfiguration
  /// `Kube-OVN, node node1`.
  public let name: String
  let news: Mailbox<News>

  /// - Throws: when the process is out of file descriptors.
  public init(base: GatewayConfiguration, name: String) throws(SystemCallError) {
    self.base = base
    self.name = name
    news = try Mailbox()
  }

  /// Be this gateway from now on.
  public func publish(_ configuration: GatewayConfiguration) { news.send(.gateway(configuration)) }

  /// Be none: peers, groups and routes go, and the namespace is not made.
  /// - Parameter reason: for the log and for `status`.
  public func publishNothing(reason: String) { news.send(.notAGateway(reason: reason)) }

  /// What keeps the publisher from knowing the whole configuration; shown by `status` until other ones are told.
  public func tell(_ problems: [ConfigurationProblem]) { news.send(.problems(problems)) }

  /// What `everway status` would show now; nil when the gateway is too busy to answer within the time.
  public func status(milliseconds: Int32 = 3_000) -> StatusReport? {
    guard let reply = try? Reply<StatusReport>() else { return nil }
    news.send(.status(reply))
    return reply.wait(milliseconds: milliseconds)
  }
}

/// Something outside this machine that keeps its configuration from being whole.
public struct ConfigurationProblem: Hashable, Sendable {
  /// `OvnEip node1: it has no address yet`.
  public var what: String
  /// What to do.
  public var help: String?

  public init(what: String, help: String? = nil) {
    self.what = what
    self.help = help
  }
}

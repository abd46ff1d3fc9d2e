import Addresses
import ConfigurationFile
import FoundationEssentials
import Netlink

/// What `everway run` would change on this machine, as a value: to print, and as JSON.
public struct PlanReport: Hashable, Sendable, Codable {
  /// The namespace's name; `this` is the one everway was started in.
  public var namespace: String
  /// In the order in which they would be made.
  public var changes: [Entry]
  public var problems: [Problem]

  /// One change.
  public struct Entry: Hashable, Sendable, Codable {
    /// `add`, `change`, `remove`.
    public var action: Action
    /// What kind of thing.
    public var object: Object
    /// One line, worded as `ip` words it: `address 10.9.0.11/24 on net1`.
    public var text: String
    /// The interface it is about, if it is about one.
    public var interface: String?

    public init(action: Action, object: Object, text: String, interface: String? = nil) {
      self.action = action
      self.object = object
      self.text = text
      self.interface = interface
    }
  }

  public enum Action: String, Hashable, Sendable, Codable {
    case add, change, remove
  }

  public enum Object: String, Hashable, Sendable, Codable, CaseIterable {
    case namespace, link, address, sysctl
    case nextHop = "nexthop"
    case group, route, rule
  }

  public init(namespace: String, changes: [Entry], problems: [Problem]) {
    self.namespace = namespace
    self.changes = changes
    self.problems = problems
  }

  /// 0: nothing to change; 2: changes are pending; 1: a part cannot be carried out, whatever else is pending.
  public var exitCode: Int32 {
    if problems.contains(where: { $0.severity == .error }) { return 1 }
    return changes.isEmpty ? 0 : 2
  }

  /// Pretty-printed JSON, keys sorted, with `exitCode` beside the rest.
  public func json() throws -> String {
    struct Document: Encodable {
      var namespace: String
      var exitCode: Int32
      var changes: [Entry]
      var problems: [Problem]
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(
      Document(namespace: namespace, exitCode: exitCode, changes: changes, problems: problems))
    return String(decoding: data, as: UTF8.self)
  }
}

extension PlanReport {
  init(_ plan: Plan, namespace: GatewayConfiguration.Namespace) {
    let name = if case .named(let name) = namespace { name } else { "this" }
    self.init(namespace: name, changes: plan.changes().map(Entry.init), problems: plan.problems)
  }
}

extension PlanReport.Entry {
  init(_ change: Change) {
    let action: PlanReport.Action =
      switch change.sign {
      case "+": .add
      case "-": .remove
      default: .change
      }
    let object: PlanReport.Object =
      switch change.subject {
      case .namespace: .namespace
      case .link: .link
      case .address: .address
      case .sysctl: .sysctl
      case .nextHop: .nextHop
      case .group: .group
      case .route: .route
      case .rule: .rule
      }
    self.init(action: action, object: object, text: change.text, interface: change.interface)
  }
}

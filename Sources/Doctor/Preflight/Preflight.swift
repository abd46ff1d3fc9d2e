import Cluster
public import Languages

/// Whether a node can become a gateway: everything that must hold, item by item. Pure: the same facts, the same list.
public struct Preflight: Hashable, Sendable {
  /// In the order of ``Group``.
  public var items: [Item]

  /// - Parameter trials: of what only trying shows, as `everway netns selftest` does it; empty when nothing was tried, as
  ///   with a bundle.
  public init(_ facts: Facts, trials: [Item] = []) {
    let all =
      Self.kernel(facts) + Self.rights(facts) + trials + Self.limits(facts) + Self.resources(facts)
      + Self.areas(facts)
    items = Group.allCases.flatMap { group in all.filter { $0.group == group } }
  }

  /// One thing that must hold.
  public struct Item: Hashable, Sendable {
    public var group: Group
    public var name: Words
    public var outcome: Outcome
    /// What was seen, or why it could not be.
    public var detail: Words
    /// Why it matters; nil when it holds.
    public var why: Words?
    /// What a person would type.
    public var commands: [String]
    /// To read more with `everway doctor explain`.
    public var finding: FindingID?

    public init(
      _ group: Group, _ name: Words, _ outcome: Outcome, detail: Words, why: Words? = nil, commands: [String] = [],
      finding: FindingID? = nil
    ) {
      self.group = group
      self.name = name
      self.outcome = outcome
      self.detail = detail
      self.why = outcome == .pass ? nil : why
      self.commands = outcome == .pass ? [] : commands
      self.finding = outcome == .pass ? nil : finding
    }

    /// With a detail that needs no translation.
    init(
      _ group: Group, _ name: Words, _ outcome: Outcome, _ detail: String, why: Words? = nil,
      commands: [String] = [],
      finding: FindingID? = nil
    ) {
      self.init(
        group, name, outcome, detail: Self.plain[detail] ?? Words(detail, zh: detail), why: why, commands: commands,
        finding: finding)
    }

    private static let plain = [
      "yes": Words("yes", zh: "是"), "no": Words("no", zh: "否"), "none": Words("none", zh: "无"),
      "read-only": Words("read-only", zh: "只读"), "loaded": Words("loaded", zh: "已加载"),
      "builtIn": Words("built in", zh: "内建"), "available": Words("to be loaded when needed", zh: "需要时加载"),
      "absent": Words("absent", zh: "没有")
    ]
  }

  public enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
    case pass
    /// It works, but not as well as it could.
    case warn
    case fail
    /// It could not be looked at.
    case unknown

    public var words: Words {
      switch self {
      case .pass: Words("pass", zh: "通过")
      case .warn: Words("warn", zh: "警告")
      case .fail: Words("fail", zh: "不通过")
      case .unknown: Words("could not look", zh: "未能检查")
      }
    }
  }

  public enum Group: String, Codable, Hashable, Sendable, CaseIterable {
    case kernel, rights, namespace, limits, resources, firewall, kubernetes, versions

    public var title: Words {
      switch self {
      case .kernel: Words("kernel", zh: "内核")
      case .rights: Words("rights", zh: "权限")
      case .namespace: Words("namespaces", zh: "命名空间")
      case .limits: Words("limits", zh: "上限")
      case .resources: Words("CPU, memory, disk, clock", zh: "CPU、内存、磁盘、时钟")
      case .firewall: Words("firewall", zh: "防火墙")
      case .kubernetes: Words("Kube-OVN", zh: "Kube-OVN")
      case .versions: Words("versions", zh: "版本")
      }
    }
  }

  public func count(_ outcome: Outcome) -> Int { items.count { $0.outcome == outcome } }

  /// 0 ready; 1 warnings, or something could not be looked at; 2 not ready.
  public var exitCode: Int32 {
    if count(.fail) > 0 { return 2 }
    return count(.warn) + count(.unknown) > 0 ? 1 : 0
  }
}

extension Preflight {
  /// The machine's facts, or the one item that says why there are none.
  static func withMachine(_ facts: Facts, _ group: Group, _ body: (MachineFacts) -> [Item]) -> [Item] {
    switch facts.machine {
    case .value(let machine): body(machine)
    case .unavailable(let reason): [Item(group, Words("the machine", zh: "机器"), .unknown, reason)]
    }
  }
}

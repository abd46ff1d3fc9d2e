public import Languages

/// All there is to say about one kind of finding, whatever the node. `doctor explain` and docs/findings show it.
///
/// Texts may hold placeholders, `{namespace}`: a finding fills them from its parameters, a page from `examples`.
public struct CatalogueEntry: Hashable, Sendable {
  public var id: FindingID
  public var area: Area
  public var severity: Severity
  public var repair: RepairClass
  /// A few words: the heading.
  public var title: Words
  /// One sentence, in the words that the user has seen elsewhere: the message of the other program, quoted.
  public var symptom: Words
  /// Why it happens: a paragraph.
  public var cause: Words
  /// What doctor reads to know it.
  public var detection: Words
  /// What mends it, and what to beware of.
  public var fix: Words
  /// What this can bring about; shown below it, not beside it.
  public var explains: [FindingID]
  public var tested: Tested
  /// For the placeholders.
  public var examples: [String: String]

  public init(
    _ id: FindingID, _ area: Area, _ severity: Severity, _ repair: RepairClass, title: Words, symptom: Words,
    cause: Words, detection: Words, fix: Words, explains: [FindingID] = [], tested: Tested,
    examples: [String: String] = [:]
  ) {
    self.id = id
    self.area = area
    self.severity = severity
    self.repair = repair
    self.title = title
    self.symptom = symptom
    self.cause = cause
    self.detection = detection
    self.fix = fix
    self.explains = explains
    self.tested = tested
    self.examples = examples
  }

  /// How this finding is tested.
  public enum Tested: Hashable, Sendable {
    /// Produced for real, and found; the name of the test.
    case live(String)
    /// From facts alone; the test, and why not live.
    case fromFacts(String, why: String)
    /// Not at all, and why.
    case not(why: String)
  }
}

/// The parts of a node that a diagnosis goes through, from the ground up.
public enum Area: String, Codable, Hashable, Sendable, CaseIterable {
  case machine, namespace, network, firewall, speaker, ovn, configuration, versions

  public var title: Words {
    switch self {
    case .machine: Words("machine", zh: "机器")
    case .namespace: Words("namespace", zh: "命名空间")
    case .network: Words("links and routes", zh: "链路与路由")
    case .firewall: Words("firewall", zh: "防火墙")
    case .speaker: Words("BFD", zh: "BFD")
    case .ovn: Words("OVN", zh: "OVN")
    case .configuration: Words("Kube-OVN objects", zh: "Kube-OVN 对象")
    case .versions: Words("versions", zh: "版本")
    }
  }
}

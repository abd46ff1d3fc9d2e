/// What a lab has made, as its journal tells it: enough to remove everything from another process, or after a crash.
///
/// The journal is a text file that only grows, one fact a line, written *before* a namespace is made and right after
/// a process is started; so what exists is always in it.
public struct LabRecord: Hashable, Sendable {
  /// A process that the lab started.
  public struct Process: Hashable, Sendable {
    public var identity: ProcessIdentity
    /// What it is, in one word: `r1/bfdd`.
    public var name: String
  }

  /// Who made the lab and must be alive for it to stay; nil when it stays until it is taken down.
  public var owner: ProcessIdentity?
  /// Whether it stays when its maker ends.
  public var isKept = false
  /// Names below /run/netns, in the order they were made.
  public var namespaces: [String] = []
  public var processes: [Process] = []

  public init() {}

  /// One line of the journal.
  enum Entry: Hashable {
    case owner(ProcessIdentity)
    case kept
    case namespace(String)
    case process(Process)

    var line: String {
      switch self {
      case .owner(let owner): "owner \(owner.pid) \(owner.startTime)\n"
      case .kept: "kept\n"
      case .namespace(let name): "namespace \(name)\n"
      case .process(let process):
        "process \(process.identity.pid) \(process.identity.startTime) \(process.name)\n"
      }
    }

    /// Nil for a line that is none, such as one cut short by a crash.
    init?(_ line: String) {
      let words = line.split(separator: " ").map(String.init)
      func identity() -> ProcessIdentity? {
        guard words.count >= 3, let pid = Int32(words[1]), let start = UInt64(words[2]) else { return nil }
        return ProcessIdentity(pid: pid, startTime: start)
      }
      switch (words.first, words.count) {
      case ("owner", 3): if let id = identity() { self = .owner(id) } else { return nil }
      case ("kept", 1): self = .kept
      case ("namespace", 2): self = .namespace(words[1])
      case ("process", 4):
        if let id = identity() { self = .process(Process(identity: id, name: words[3])) } else { return nil }
      default: return nil
      }
    }
  }

  /// Reads a journal; lines that make no sense are left out.
  public init(journal text: String) {
    for line in Files.lines(text) {
      switch Entry(line) {
      case .owner(let identity): owner = identity
      case .kept: isKept = true
      case .namespace(let name): if !namespaces.contains(name) { namespaces.append(name) }
      case .process(let process): processes.append(process)
      case nil: continue
      }
    }
  }

  /// Whether nobody will ever take this lab down.
  /// - Parameter isRunning: whether that very process still runs.
  public func isLeftover(isRunning: (ProcessIdentity) -> Bool) -> Bool {
    if isKept { return false }
    guard let owner else { return true }
    return !isRunning(owner)
  }
}

public import Languages

/// What is to be done about the state of a name, in order. Pure: a function of state and evidence.
///
/// Whatever is cut off after any step, nothing is worse than before, and planning again from the new evidence gets to the
/// same end: a living namespace is held by descriptor from the first step on, each step that changes what the name leads
/// to is one system call, and a pin that was prepared beside the name is found again.
public struct NamespaceRepair: Hashable, Sendable, Codable {
  public var name: String
  public var steps: [NamespaceRepairStep] = []
  /// What is to be asked for by itself, and can be left out: done after the steps.
  public var extra: [NamespaceRepairStep] = []
  /// What to ask before the extra steps.
  public var extraQuestion: Words?
  /// The ways to the namespace, to be tried in this order.
  public var sources: [NamespaceSource] = []
  /// Why nothing is done; nil when there is nothing to do or something is.
  public var obstacle: Words?
  /// What a person has to set so that it does not come back, or because everway cannot.
  public var advice: [Words] = []
  /// What to ask before guarded steps; nil when none is guarded.
  public var question: Words?

  /// The interfaces by which the right namespace is known.
  public var marks: [String] = []

  public init(name: String) { self.name = name }

  public enum Safety: String, Hashable, Sendable, Codable, Comparable {
    /// Safe to do without asking.
    case automatic
    /// Right in most cases: ask first.
    case guarded
    /// For a person.
    case manual

    private var rank: Int {
      switch self {
      case .automatic: 0
      case .guarded: 1
      case .manual: 2
      }
    }
    public static func < (one: Safety, other: Safety) -> Bool { one.rank < other.rank }
  }

  public var safety: Safety {
    if obstacle != nil { return .manual }
    return question == nil ? .automatic : .guarded
  }

  public var isEmpty: Bool { steps.isEmpty }

  /// The inode of the namespace that is pinned; nil when a new one is made, or none.
  public var inode: UInt64? { sources.first?.inode }
}

/// One step of a repair.
public enum NamespaceRepairStep: Hashable, Sendable, Codable {
  /// Opens the living namespace, or makes a new one, and holds it. Nobody sees anything yet.
  case hold(NamespaceSource)
  /// Removes what an interrupted repair left beside the name.
  case clear(path: String)
  /// Mounts the held namespace over what stands at the path: one system call. What is below stays as it is.
  case cover(path: String)
  /// Makes a file beside the name and mounts the held namespace on it.
  case prepare(path: String)
  /// Gives the prepared file the name, mount and all: one system call. What stood there gets the other name.
  case exchange(prepared: String, path: String)
  /// The same where nothing stands.
  case install(prepared: String, path: String)
  /// Removes what was displaced, with everything that is mounted on it.
  case discard(path: String)
  /// Mounts it over the name in the mount namespace of a process.
  case coverElsewhere(ProcessReference, path: String)
  /// Makes a mount point pass on what is mounted in it (mount --make-rshared).
  case share(mountPoint: String)
}

/// Everything that was read about one name below /run/netns. Nothing in here is a conclusion:
/// ``NamespaceState/judge(_:)`` draws them.
public struct NamespaceEvidence: Hashable, Sendable, Codable {
  public var name: String
  /// `/run/netns/NAME`.
  public var path: String
  public var entry: Entry
  /// What is mounted at the path in our mount namespace, the lowest first.
  public var layers: [Mount] = []
  /// Where else the name is a living network namespace: one for each other mount namespace.
  public var elsewhere: [Sighting] = []
  /// Network namespaces that have to do with the name: those it leads to here and elsewhere, and those that are pinned
  /// nowhere and could be the one that it once meant.
  public var namespaces: [LivingNamespace] = []
  /// A pin that an interrupted repair left beside the name.
  public var prepared: Prepared?
  /// Interfaces by which the right namespace is known, as `ovnext0`.
  public var marks: [String] = []
  /// The namespace that somebody remembers by this name (the descriptor that `everway run` holds).
  public var remembered: UInt64?
  public var surroundings = Surroundings()

  public init(name: String, path: String, entry: Entry) {
    self.name = name
    self.path = path
    self.entry = entry
  }

  /// What the system calls say of the path. A code is errno, 0 for success.
  public struct Entry: Hashable, Sendable, Codable {
    /// lstat(2).
    public var link = Step()
    /// readlink(2).
    public var linkTarget: String?
    /// stat(2).
    public var target = Step()
    /// open(2) for reading.
    public var openCode: Int32 = 0
    /// The same with O_NOFOLLOW.
    public var openNoFollowCode: Int32 = 0
    /// statfs(2): 0x6e736673 is nsfs.
    public var fileSystemType: UInt64?
    /// NS_GET_NSTYPE (ioctl_ns(2)): `net`, `mnt`, `uts`...; nil when it is no namespace.
    public var namespaceKind: String?
    /// setns(2) on a thread that was thrown away; nil when not tried.
    public var enterCode: Int32?
    /// Whether a directory has nothing in it.
    public var isEmptyDirectory: Bool?

    public init() {}
  }

  /// One of stat's ways.
  public struct Step: Hashable, Sendable, Codable {
    public var code: Int32 = 0
    public var kind: FileKind?
    /// Permission bits, 0 to 0o7777.
    public var mode: UInt32 = 0
    public var size: Int64 = 0
    public var inode: UInt64 = 0
    public var device: UInt64 = 0
    /// Names it has; 0 when it is deleted.
    public var names: UInt64 = 1

    public init(code: Int32 = 0, kind: FileKind? = nil) {
      self.code = code
      self.kind = kind
    }
  }

  public enum FileKind: String, Hashable, Sendable, Codable {
    case file, directory, symlink, fifo, socket, device
  }

  /// The name as a mount in another mount namespace.
  public struct Sighting: Hashable, Sendable, Codable {
    public var mountNamespace: UInt64
    /// One process that lives there.
    public var process: ProcessReference
    public var mount: Mount
    /// The inode of the network namespace.
    public var inode: UInt64
    /// The mount that holds the directory there: its propagation decides who sees it.
    public var directory: Mount?
    /// Whether that is the mount namespace of the machine's PID 1.
    public var isHost = false
    /// Whether it is mounted on the same file of the same file system as the name here. If not, it only looks the same.
    public var isSamePlace: Bool

    public init(
      mountNamespace: UInt64, process: ProcessReference, mount: Mount, inode: UInt64, directory: Mount?,
      isSamePlace: Bool
    ) {
      self.mountNamespace = mountNamespace
      self.process = process
      self.mount = mount
      self.inode = inode
      self.directory = directory
      self.isSamePlace = isSamePlace
    }
  }

  /// A network namespace that lives.
  public struct LivingNamespace: Hashable, Sendable, Codable {
    public var inode: UInt64
    /// Processes that run inside, at most 16, by ascending pid; `holderCount` has them all.
    public var holders: [ProcessReference] = []
    public var holderCount = 0
    /// Descriptors that keep it open, in processes that run elsewhere, at most 16.
    public var descriptors: [Descriptor] = []
    /// How many mount namespaces have it mounted at how many places in all.
    public var pinCount = 0
    /// Up to 16 of those places.
    public var pins: [String] = []
    /// Its interfaces; nil when it could not be entered.
    public var links: [String]?
    /// Ours, or that of PID 1: never what a name has lost.
    public var isHome = false

    public init(inode: UInt64) { self.inode = inode }

    public var isPinned: Bool { pinCount > 0 }
  }

  public struct Descriptor: Hashable, Sendable, Codable {
    public var process: ProcessReference
    public var number: Int32

    public init(process: ProcessReference, number: Int32) {
      self.process = process
      self.number = number
    }
  }

  public struct Prepared: Hashable, Sendable, Codable {
    public var path: String
    /// Nil when no living network namespace is mounted there.
    public var inode: UInt64?

    public init(path: String, inode: UInt64?) {
      self.path = path
      self.inode = inode
    }
  }

  public func namespace(_ inode: UInt64) -> LivingNamespace? { namespaces.first { $0.inode == inode } }
}

/// What stands behind a name below /run/netns.
public enum NamespaceState: Hashable, Sendable, Codable {
  case absent
  case healthy(NamespaceIdentity)
  case broken(NamespaceFault)
}

/// Why a name below /run/netns leads to no network namespace, or not to the right one, or not for long.
/// `ip netns list` shows such a name all the same.
public enum NamespaceFault: Hashable, Sendable, Codable {
  /// An ordinary file with a mode of its own: nothing was ever mounted here, or what was is gone for good (kube-ovn-cni
  /// makes such files; so does a reboot with /run on disk).
  case plainFile
  /// A file of mode 0000, as `ip netns` makes them, without its mount, and nothing is known that it could have been.
  case mountMissing
  /// A file here, and the living namespace in another mount namespace: mounted, and not passed on to us.
  case hiddenMount(NamespaceEvidence.Sighting, Barrier)
  /// It works here, and what is mounted here does not reach the host: there it is an empty file.
  case hiddenFromHost(NamespaceIdentity, Barrier)
  case danglingSymlink(target: String)
  /// A link that leads back to itself (ELOOP).
  case loopingSymlink(target: String)
  /// It works for as long as that process lives.
  case symlinkToProcess(target: String, NamespaceIdentity)
  /// The namespace lives in processes or descriptors, and no name keeps it.
  case unpinned(NamespaceEvidence.LivingNamespace, isCertain: Bool)
  case directory(isEmpty: Bool)
  /// A FIFO, a socket, a device.
  case specialFile(NamespaceEvidence.FileKind)
  /// A namespace, but of another kind: `uts`, `mnt`.
  case wrongKind(String)
  /// The bind mount of a file that has since been deleted.
  case deletedFile
  /// More than one living namespace has the name, each in another mount namespace.
  case disputed([Claim])
  case notPermitted(Operation, code: Int32, [Obstacle])
  /// No network namespace can be made: the limit of this user namespace. Nil when it could not be read.
  case limitReached(limit: UInt64?)
  /// It could not be examined; errno.
  case inaccessible(Int32)

  /// What keeps a mount from being seen elsewhere: a mount point, and its propagation (mount_namespaces(7)).
  public struct Barrier: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable {
      /// It receives and does not send: mountPropagation HostToContainer, systemd, `ip netns exec`.
      case slave
      /// It does neither: mountPropagation None, or a private mount.
      case isolated
      /// The host's side is private, whatever the container asks for.
      case hostPrivate
      /// Nothing stands between them now: it was mounted earlier, or unmounted here.
      case none
    }
    public var kind: Kind
    public var mountPoint: String

    public init(_ kind: Kind, mountPoint: String) {
      self.kind = kind
      self.mountPoint = mountPoint
    }
  }

  /// One of several namespaces that have a name.
  public struct Claim: Hashable, Sendable, Codable {
    public var inode: UInt64
    /// Where: nil for here.
    public var sighting: NamespaceEvidence.Sighting?
    /// Whether it has the interfaces by which the right one is known.
    public var isMarked: Bool
    public var links: [String]?
    public var holderCount: Int

    public init(
      inode: UInt64, sighting: NamespaceEvidence.Sighting?, isMarked: Bool, links: [String]?, holderCount: Int
    ) {
      self.inode = inode
      self.sighting = sighting
      self.isMarked = isMarked
      self.links = links
      self.holderCount = holderCount
    }
  }

  public enum Operation: String, Hashable, Sendable, Codable { case examine, enter, create }
}

extension NamespaceState {
  /// One word, for programs: `healthy`, `hiddenMount`.
  public var word: String {
    switch self {
    case .absent: "absent"
    case .healthy: "healthy"
    case .broken(let fault): fault.word
    }
  }

  /// The namespace that the name leads into from here, for now.
  public var identity: NamespaceIdentity? {
    switch self {
    case .healthy(let identity), .broken(.hiddenFromHost(let identity, _)),
      .broken(.symlinkToProcess(_, let identity)):
      identity
    default: nil
    }
  }

  public var isHealthy: Bool { if case .healthy = self { true } else { false } }
}

extension NamespaceFault {
  public var word: String {
    switch self {
    case .plainFile: "plainFile"
    case .mountMissing: "mountMissing"
    case .hiddenMount: "hiddenMount"
    case .hiddenFromHost: "hiddenFromHost"
    case .danglingSymlink: "danglingSymlink"
    case .loopingSymlink: "loopingSymlink"
    case .symlinkToProcess: "symlinkToProcess"
    case .unpinned: "unpinned"
    case .directory: "directory"
    case .specialFile: "specialFile"
    case .wrongKind: "wrongKind"
    case .deletedFile: "deletedFile"
    case .disputed: "disputed"
    case .notPermitted: "notPermitted"
    case .limitReached: "limitReached"
    case .inaccessible: "inaccessible"
    }
  }

  /// Whether the name leads into a network namespace all the same, for now and from here.
  public var isUsable: Bool {
    switch self {
    case .hiddenFromHost, .symlinkToProcess: true
    case .disputed(let claims): claims.contains { $0.sighting == nil }
    default: false
    }
  }
}

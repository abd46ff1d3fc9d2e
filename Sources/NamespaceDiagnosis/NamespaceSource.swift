/// Where a namespace is taken from, to be pinned under its name.
public enum NamespaceSource: Hashable, Sendable, Codable {
  /// The descriptor that the caller holds.
  case held(inode: UInt64)
  /// /proc/PID/ns/net of a process that runs inside.
  case process(ProcessReference, inode: UInt64)
  /// /proc/PID/fd/NUMBER of a process that keeps it open.
  case descriptor(NamespaceEvidence.Descriptor, inode: UInt64)
  /// A mount in the mount namespace of a process: /proc/PID/root/PATH.
  case mount(ProcessReference, path: String, inode: UInt64)
  /// A path here: what an interrupted repair prepared, or where the name leads already.
  case path(String, inode: UInt64)
  /// A mount here under `depth` others: looked at in a mount namespace of our own, in which those are taken away.
  case layer(path: String, depth: Int, inode: UInt64)
  /// A namespace that is made now.
  case new

  /// Nil for a new one.
  public var inode: UInt64? {
    switch self {
    case .held(let inode), .process(_, let inode), .descriptor(_, let inode), .mount(_, _, let inode),
      .path(_, let inode), .layer(_, _, let inode):
      inode
    case .new: nil
    }
  }

  /// What to open; nil for what has no path.
  public var path: String? {
    switch self {
    case .held, .new, .layer: nil
    case .process(let process, _): "/proc/\(process.pid)/ns/net"
    case .descriptor(let descriptor, _): "/proc/\(descriptor.process.pid)/fd/\(descriptor.number)"
    case .mount(let process, let path, _): "/proc/\(process.pid)/root\(path)"
    case .path(let path, _): path
    }
  }
}

extension NamespaceEvidence {
  /// The ways to a living namespace, the safest first: what no process's end takes away comes before what it does.
  public func sources(of inode: UInt64) -> [NamespaceSource] {
    var sources: [NamespaceSource] = []
    if remembered == inode { sources.append(.held(inode: inode)) }
    if inodeHere == inode { sources.append(.path(path, inode: inode)) }
    if let prepared, prepared.inode == inode { sources.append(.path(prepared.path, inode: inode)) }
    if inodeHere != inode, let index = layers.lastIndex(where: { $0.networkNamespace == inode }) {
      sources.append(.layer(path: path, depth: layers.count - 1 - index, inode: inode))
    }
    sources += elsewhere.filter { $0.inode == inode }.sorted { $0.isSamePlace && !$1.isSamePlace }
      .map { .mount($0.process, path: $0.mount.point, inode: inode) }
    if let living = namespace(inode) {
      sources += living.holders.map { .process($0, inode: inode) }
      sources += living.descriptors.map { .descriptor($0, inode: inode) }
    }
    return sources
  }
}

/// One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
public struct Mount: Hashable, Sendable, Codable {
  public var id: Int
  public var parent: Int
  /// `major:minor` of the file system.
  public var device: String
  /// The path inside the file system: `/`, `net:[4026532338]` for nsfs, with `//deleted` behind it when that is gone.
  public var root: String
  public var point: String
  public var fileSystem: String
  public var source: String
  public var propagation: Propagation

  public init(
    id: Int, parent: Int, device: String, root: String, point: String, fileSystem: String, source: String = "none",
    propagation: Propagation = Propagation()
  ) {
    self.id = id
    self.parent = parent
    self.device = device
    self.root = root
    self.point = point
    self.fileSystem = fileSystem
    self.source = source
    self.propagation = propagation
  }

  /// The optional fields: with whom this mount exchanges what is mounted in it (mount_namespaces(7)).
  public struct Propagation: Hashable, Sendable, Codable {
    /// The peer group that it sends to and receives from.
    public var shared: Int?
    /// The peer group that it only receives from.
    public var master: Int?

    public init(shared: Int? = nil, master: Int? = nil) {
      self.shared = shared
      self.master = master
    }

    public var isPrivate: Bool { shared == nil && master == nil }
  }

  /// The inode of the network namespace that is mounted here; nil when it is something else.
  public var networkNamespace: UInt64? { nsfsInode(kind: "net") }

  /// nsfs writes `KIND:[INODE]` as the root.
  public func nsfsInode(kind: String) -> UInt64? {
    guard fileSystem == "nsfs", root.hasPrefix("\(kind):["), root.hasSuffix("]") else { return nil }
    return UInt64(root.dropFirst(kind.utf8.count + 2).dropLast())
  }

  public var isDeleted: Bool { root.hasSuffix("//deleted") }
}

extension Mount {
  /// Nil for a line that is none.
  public init?(line: some StringProtocol) {
    let fields = line.split(separator: " ")
    guard fields.count > 8, let id = Int(fields[0]), let parent = Int(fields[1]),
      let dash = fields.indices.dropFirst(6).first(where: { fields[$0] == "-" }), dash + 2 < fields.endIndex
    else { return nil }
    var propagation = Propagation()
    for field in fields[6..<dash] {
      if field.hasPrefix("shared:") { propagation.shared = Int(field.dropFirst(7)) }
      if field.hasPrefix("master:") { propagation.master = Int(field.dropFirst(7)) }
    }
    self.init(
      id: id, parent: parent, device: String(fields[2]), root: Self.unescaped(fields[3]),
      point: Self.unescaped(fields[4]), fileSystem: String(fields[dash + 1]),
      source: Self.unescaped(fields[dash + 2]), propagation: propagation)
  }

  /// Blanks, tabs, newlines and backslashes stand as `\040` and so on.
  static func unescaped(_ field: some StringProtocol) -> String {
    guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// All mounts of one mount namespace.
public struct MountTable: Hashable, Sendable, Codable {
  /// In the order in which the kernel lists them: of two on one point, the later is on top.
  public var mounts: [Mount]

  public init(_ mounts: [Mount]) { self.mounts = mounts }

  /// From /proc/PID/mountinfo. Lines that are not understood are left out.
  public init(text: String) { mounts = text.split(separator: "\n").compactMap { Mount(line: $0) } }

  /// Those on exactly this point, the lowest first.
  public func layers(at point: String) -> [Mount] { mounts.filter { $0.point == point } }

  /// The mount that holds a path that need not exist: what decides where something mounted there is seen. A mount on
  /// the path itself does not count.
  public func holder(of path: String) -> Mount? {
    var best: Mount?
    for mount in mounts {
      guard mount.point == "/" || path.hasPrefix("\(mount.point)/") else { continue }
      if mount.point.utf8.count >= best?.point.utf8.count ?? 0 { best = mount }
    }
    return best
  }

  /// What a path is on its file system, whatever the way that leads to it: device and path there. Two mount namespaces
  /// that agree in this mean the same file.
  public func place(of path: String, in holder: Mount? = nil) -> String? {
    guard let holder = holder ?? self.holder(of: path) else { return nil }
    let rest = holder.point == "/" ? path[...] : path.dropFirst(holder.point.utf8.count)
    return holder.device + ":" + (holder.root == "/" ? "" : holder.root) + rest
  }

  /// What stands for a path, lowest first: what the path's place has mounted on it.
  public func mount(id: Int) -> Mount? { mounts.first { $0.id == id } }
}

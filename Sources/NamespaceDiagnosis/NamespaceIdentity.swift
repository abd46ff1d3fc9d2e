/// What tells one living namespace from another: the device and inode of its nsfs file.
///
/// An inode may be used again once its namespace is gone; hold a descriptor while comparing.
public struct NamespaceIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
  public var device: UInt64
  public var inode: UInt64

  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }

  /// As the kernel writes it: `net:[4026531840]`.
  public var description: String { "net:[\(inode)]" }
}

import Glibc

/// The name of a sysctl below `net`, as path components, so that an interface's name may hold dots.
public struct Sysctl: Hashable, Sendable, CustomStringConvertible {
  /// `["net", "ipv4", "conf", "eth0.5", "rp_filter"]`.
  public let components: [String]

  /// Nil unless it lies below `net` and each component is a plain file name.
  public init?(components: [String]) {
    guard components.count >= 2, components[0] == "net",
      components.allSatisfy({ part in
        !part.isEmpty && part != "." && part != ".."
          && !part.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
      })
    else { return nil }
    self.components = components
  }

  /// From a dotted name, `net.ipv4.ip_forward`. Not for names with an interface in them: use `ipv4(_:interface:)`.
  /// As in sysctl(8), a slash stands for a dot inside a component.
  public init?(_ name: String) {
    self.init(
      components: name.split(separator: ".", omittingEmptySubsequences: false).map { part in
        String(part.map { $0 == "/" ? "." : $0 })
      })
  }

  /// `net.ipv4.conf.INTERFACE.KEY`; nil when either cannot be a file name.
  public static func ipv4(_ key: String, interface: String) -> Sysctl? {
    Sysctl(components: ["net", "ipv4", "conf", interface, key])
  }

  /// `net.ipv6.conf.INTERFACE.KEY`; nil when either cannot be a file name.
  public static func ipv6(_ key: String, interface: String) -> Sysctl? {
    Sysctl(components: ["net", "ipv6", "conf", interface, key])
  }

  var path: String { "/proc/sys/" + components.joined(separator: "/") }

  /// As sysctl(8) reads it, dots inside a component written as slashes: `net.ipv4.conf.eth0/5.rp_filter`.
  public var description: String {
    components.map { String($0.map { $0 == "." ? "/" : $0 }) }.joined(separator: ".")
  }
}

extension NetworkNamespace {
  /// Reads a sysctl of this namespace, without its trailing newline.
  /// - Throws: ENOENT when the kernel or the namespace has no such key.
  public func read(_ sysctl: Sysctl) throws(SystemCallError) -> String {
    try perform { () throws(SystemCallError) in try sysctl.readHere() }
  }

  /// Writes a sysctl of this namespace.
  /// - Throws: ENOENT when there is no such key, EINVAL when the kernel refuses the value, EROFS in a container.
  public func write(_ sysctl: Sysctl, _ value: String) throws(SystemCallError) {
    try perform { () throws(SystemCallError) in try sysctl.writeHere(value) }
  }
}

/// In the namespace of the calling thread, which /proc/sys/net shows: to visit many in one `perform`, or without entering
/// a namespace at all.
extension Sysctl {
  /// Without its trailing newline.
  /// - Throws: ENOENT when the kernel or the namespace has no such key.
  public func readHere() throws(SystemCallError) -> String {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw failure("read") }
    defer { close(fd) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(fd, &buffer, buffer.count)
    guard count >= 0 else { throw failure("read") }
    let text = buffer.prefix(count)
    return String(decoding: text.last == UInt8(ascii: "\n") ? text.dropLast() : text, as: UTF8.self)
  }

  /// - Throws: ENOENT when there is no such key, EINVAL when the kernel refuses the value, EROFS in a container.
  public func writeHere(_ value: String) throws(SystemCallError) {
    let fd = open(path, O_WRONLY | O_CLOEXEC)
    guard fd >= 0 else { throw failure("set", to: value) }
    defer { close(fd) }
    let bytes = Array(value.utf8)
    guard Glibc.write(fd, bytes, bytes.count) == bytes.count else { throw failure("set", to: value) }
  }

  /// Whether it could be written: false on a read-only /proc/sys, and without the rights.
  public var isWritableHere: Bool { access(path, W_OK) == 0 }
}

extension Sysctl {
  fileprivate func failure(_ verb: String, to value: String? = nil) -> SystemCallError {
    let code = errno
    let hint: String? =
      switch code {
      case ENOENT: "this kernel or namespace has no such key; an interface must exist first"
      case EROFS: "/proc/sys is read-only here: a container needs it writable (privileged)"
      case EACCES, EPERM: "this needs root and CAP_NET_ADMIN"
      case EINVAL: "the kernel does not accept that value"
      default: nil
      }
    return SystemCallError("\(verb) \(self)\(value.map { " to \($0)" } ?? "")", code: code, hint: hint)
  }
}

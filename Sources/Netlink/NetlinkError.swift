import Glibc
public import NetworkNamespaces

/// A request the kernel refused, or could not be asked.
public struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried, in words: `replace route 0.0.0.0/0 in table 254`.
  public var operation: String
  /// errno, positive.
  public var code: Int32
  /// The kernel's own words (extended acknowledgement, NLMSGERR_ATTR_MSG), where it gave any.
  public var kernelMessage: String?

  /// What to do about it; nil when nothing better than the kernel's words is known.
  public var hint: String?

  /// - Parameter hint: what to do; nil takes what is generally known about `code`.
  public init(_ operation: String, code: Int32, kernelMessage: String? = nil, hint: String? = nil) {
    self.operation = operation
    self.code = code
    self.kernelMessage = kernelMessage
    self.hint = hint ?? Self.hint(for: code)
  }

  public init(_ error: SystemCallError) {
    self.init(error.operation, code: error.code, hint: error.hint)
  }

  private static func hint(for code: Int32) -> String? {
    switch code {
    case EPERM, EACCES:
      "this needs CAP_NET_ADMIN in the namespace: run as root, or give the service that capability"
    case ENODEV: "the interface is gone, or was never in this namespace"
    case ENETUNREACH, EHOSTUNREACH:
      "the gateway is not on any connected subnet: add an address of its subnet first, or name the interface with onlink"
    case ENETDOWN: "set the link up first; a blackhole next hop needs the loopback up"
    case EEXIST: "the same object is there already: replace it, or remove it first"
    case ESRCH, ENOENT: "the object is not there (any more)"
    case EADDRNOTAVAIL: "no such address on that interface, or not a usable one"
    case EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT:
      "this kernel has no support for it: load the module (veth, bridge), or for resilient groups use Linux 5.13 or newer"
    case ENOSPC, EXFULL: "a kernel table is full: raise its limit (net.ipv6.route.max_size for IPv6 routes)"
    case ENOBUFS, ENOMEM: "the kernel is out of memory for this; it may work again shortly"
    case EBUSY: "it is in use, or changing while it is read; try again"
    case ETIMEDOUT: "the kernel did not answer in time; it may be holding its RTNL lock"
    case EMSGSIZE: "too much for one message: fewer group members"
    default: nil
    }
  }

  public var description: String {
    var text = "\(operation): \(String(cString: strerror(code)))"
    if let kernelMessage { text += " (kernel: \(kernelMessage))" }
    if let hint { text += "; \(hint)" }
    return text
  }
}

import Glibc

/// Why frames cannot be sent by AF_XDP here. Whoever meets it sends by another socket: everything works, at more cost.
public struct XDPError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Reason: Hashable, Sendable {
    /// The kernel was built without it (CONFIG_XDP_SOCKETS), or this service may not open sockets of its family.
    case noSuchFamily
    /// No CAP_NET_RAW.
    case notPermitted
    /// Before Linux 5.4.
    case kernelTooOld
    /// Memory that the kernel may not page out: RLIMIT_MEMLOCK without CAP_IPC_LOCK.
    case lockedMemory
    /// The link is gone, or was never in this namespace.
    case noLink
    /// Not Ethernet: loopback, a tunnel; ARPHRD_… of <linux/if_arp.h>.
    case linkKind(UInt16)
    /// A device on top of others that needs what the IP stack says of a packet: a bond, a team, ipvlan, a VLAN. Its driver.
    case driver(String)
    /// Another socket has the link's queue 0; also one that was closed some milliseconds ago.
    case inUse
    case noMemory
    case other
  }

  public var reason: Reason
  /// What was tried: `bind to queue 0 of eth0`.
  public var operation: String
  /// errno; 0 when no system call failed.
  public var code: Int32

  public init(_ reason: Reason, _ operation: String, code: Int32 = 0) {
    self.reason = reason
    self.operation = operation
    self.code = code
  }

  /// From errno.
  static func failed(_ operation: String, _ code: Int32) -> XDPError {
    let reason: Reason =
      switch code {
      case EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT: .noSuchFamily
      case EPERM, EACCES: .notPermitted
      case ENOTSUP, EINVAL, ENOPROTOOPT: .kernelTooOld
      case ENOBUFS: .lockedMemory
      case ENODEV, ENXIO: .noLink
      case EBUSY: .inUse
      case ENOMEM: .noMemory
      default: .other
      }
    return XDPError(reason, operation, code: code)
  }

  public var description: String {
    var text = operation
    if code != 0 { text += ": " + String(cString: strerror(code)) }
    return advice.map { text + "; " + $0 } ?? text
  }

  private var advice: String? {
    switch reason {
    case .noSuchFamily:
      "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS), or the service may not use it (systemd: add AF_XDP to "
        + "RestrictAddressFamilies=)"
    case .notPermitted: "this needs CAP_NET_RAW: run as root, or give the service CAP_NET_RAW"
    case .kernelTooOld: "this needs Linux 5.4"
    case .lockedMemory:
      "raise the limit of locked memory (systemd: LimitMEMLOCK=), or give the service CAP_IPC_LOCK"
    case .noLink: "there is no such interface in this namespace"
    case .linkKind(let kind): "only Ethernet links can be used, this is of kind \(kind) (ARPHRD_ in linux/if_arp.h)"
    case .driver(let driver): "devices of the driver \(driver) need what only the IP stack says of a packet"
    case .inUse: "another AF_XDP socket has this queue: stop the other program, or use another engine on this link"
    case .noMemory: "the kernel had no memory for it (a container's memory limit)"
    case .other: nil
    }
  }
}

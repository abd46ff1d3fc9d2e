import CLinux
import Glibc
import Runtime

/// 128 bits from which discriminators and the source port derive, so that a peer that still holds the old ones finds its
/// session again after a restart.
enum BeaconSecret {
  struct Found {
    var value: (UInt64, UInt64)
    /// Where it came from, for the log.
    var origin: String
  }

  /// The node's secret where it can be kept. In a container with a read-only file system, which has nowhere to keep
  /// anything, it is made of what outlives the container: the kernel's boot, and the network namespace, which belongs to
  /// the pod. Nobody off the machine knows either.
  static func find(directory: String) -> Found {
    let kept = NodeSecret.read(directory: directory)
    guard let problem = kept.problem else {
      return Found(value: kept.value, origin: "Discriminators derive from \(directory)/secret.")
    }
    guard let boot = bootIdentity(), let namespace = namespaceIdentity() else {
      return Found(value: kept.value, origin: problem)
    }
    // Spread over all bits by the keyed hash that uses it.
    let value = (boot.0 ^ namespace &* 0x9e37_79b9_7f4a_7c15, boot.1 &+ namespace)
    return Found(
      value: value,
      origin:
        "\(directory)/secret cannot be kept: discriminators derive from this boot and this network namespace, "
        + "and are the same after a restart of the container, not of the pod.")
  }

  /// The random number that the kernel gave this boot.
  private static func bootIdentity() -> (UInt64, UInt64)? {
    let fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(fd, &bytes, bytes.count)
    let digits = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).filter(\.isHexDigit)
    guard digits.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
      let low = UInt64(digits.suffix(16), radix: 16)
    else { return nil }
    return (high, low)
  }

  private static func namespaceIdentity() -> UInt64? {
    var entry = stat()
    guard stat("/proc/self/ns/net", &entry) == 0 else { return nil }
    return UInt64(entry.st_ino)
  }
}

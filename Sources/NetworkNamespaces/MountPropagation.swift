import Glibc

/// Whether a namespace that is bound to a name in this mount namespace can be seen from the host's.
///
/// `ip netns exec`, containers and systemd's PrivateMounts run in a mount namespace of their own. What is mounted there
/// reaches the host only through a mount that is shared with it; if not, the host sees an empty file and `ip netns exec`
/// there says "Invalid argument".
public enum MountPropagation: Hashable, Sendable {
  /// In the mount namespace of PID 1: nothing to reach.
  case home
  /// In another one, and what is mounted below the directory reaches the host.
  case reachesHost
  /// In another one, and the host sees nothing of it. The mount point that decides.
  case hidden(mountPoint: String)

  /// Of what would be mounted below `directory` now.
  /// - Returns: nil when /proc does not tell.
  public static func below(_ directory: String = NetworkNamespace.directory) -> MountPropagation? {
    guard let table = text("/proc/self/mountinfo") else { return nil }
    // A hardened machine does not let even root read the second one.
    guard let own = link("/proc/self/ns/mnt"), let first = link("/proc/1/ns/mnt") else {
      return judge(directory, mountinfo: table, isHomeUnknown: true)
    }
    return own == first ? .home : judge(directory, mountinfo: table)
  }

  /// Reads /proc/PID/mountinfo (proc(5)): the mount that holds the directory decides. Shared, and no slave of another,
  /// it passes mounts on to its peers.
  /// - Parameter isHomeUnknown: this may be the host's own mount namespace. Then only a slave tells that it is not.
  static func judge(_ directory: String, mountinfo: String, isHomeUnknown: Bool = false) -> MountPropagation? {
    var best: (point: Substring, isShared: Bool, isSlave: Bool)?
    for line in mountinfo.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 6 else { continue }
      let point = fields[4]
      guard directory == point || directory.hasPrefix(point == "/" ? "/" : "\(point)/"),
        point.utf8.count >= best?.point.utf8.count ?? 0
      else { continue }
      let options = fields[6...].prefix { $0 != "-" }
      best = (
        point, options.contains { $0.hasPrefix("shared:") }, options.contains { $0.hasPrefix("master:") }
      )
    }
    guard let best, !isHomeUnknown || best.isSlave else { return nil }
    return best.isShared && !best.isSlave ? .reachesHost : .hidden(mountPoint: String(best.point))
  }

  private static func link(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
  }

  private static func text(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

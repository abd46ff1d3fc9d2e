import CLinux
import Glibc

/// Tells when something happens to the names below /run/netns: files that come and go there (inotify(7)), and changes of
/// mounts in this mount namespace (poll(2) on /proc/self/mountinfo).
///
/// What is said is only that something happened: look then.
public final class NamespaceWatch: Sendable {
  /// Readable after a change of files; drain it with ``drain()``. -1 without inotify.
  public let files: Int32
  /// Has POLLPRI after a change of mounts; nothing is to be read. -1 without /proc.
  public let mounts: Int32

  /// Never fails: what cannot be watched is not, and whoever waits should look now and then anyway.
  public init(directory: String = NetworkNamespace.directory) {
    files = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    mounts = open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC)
    let events = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
    if files >= 0 {
      inotify_add_watch(files, directory, UInt32(events))
      // The directory itself may come and go.
      let parent = String(directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)])
      inotify_add_watch(files, parent, UInt32(IN_CREATE) | UInt32(IN_ONLYDIR))
    }
  }

  deinit {
    if files >= 0 { close(files) }
    if mounts >= 0 { close(mounts) }
  }

  /// Watches the directory anew, after it was made anew.
  public func drain(directory: String = NetworkNamespace.directory) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while read(files, &buffer, buffer.count) > 0 {}
    let events = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
    inotify_add_watch(files, directory, UInt32(events))
  }
}

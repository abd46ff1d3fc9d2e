import CLinux
import Glibc
import NamespaceDiagnosis
import NamespaceTestSupport
import Processes
import Testing

@testable import NetworkNamespaces

/// A name that is broken for real, and what must be saved of it. Removed when it goes.
final class BrokenName {
  /// The ways in which a name can be broken on this machine.
  enum Kind: String, CaseIterable, Sendable {
    case absent, plainFile, mountMissing, dangling, looping, directory, fifo, socket, wrongKind, deleted
    /// Alive behind it, with an interface.
    case linkToProcess, unpinned, unpinnedAndGone, hidden, covered, descriptor

    /// The word of the state.
    var word: String {
      switch self {
      case .absent: "absent"
      case .plainFile: "plainFile"
      case .mountMissing: "mountMissing"
      case .dangling: "danglingSymlink"
      case .looping: "loopingSymlink"
      case .directory: "directory"
      case .fifo, .socket: "specialFile"
      case .wrongKind, .covered: "wrongKind"
      case .deleted: "deletedFile"
      case .linkToProcess: "symlinkToProcess"
      case .unpinned, .unpinnedAndGone, .descriptor: "unpinned"
      case .hidden: "hiddenMount"
      }
    }

    var isAlive: Bool {
      switch self {
      case .linkToProcess, .unpinned, .unpinnedAndGone, .hidden, .covered, .descriptor: true
      default: false
      }
    }
  }

  let name: String
  let path: String
  /// An interface of the living namespace, by which it is known.
  let mark: String
  /// The inode of the living one.
  private(set) var inode: UInt64?
  private var pids: [Int32] = []

  init(_ kind: Kind) throws {
    name = NamespaceNames.make("b-\(kind.rawValue.prefix(15))")
    path = NetworkNamespace.path(named: name)
    mark = "ev\(getpid())m"
    NamespaceNames.erase(name)
    // The directory is there once any namespace was made.
    let helper = NamespaceNames.make("helper")
    _ = try NetworkNamespace.create(named: helper)
    NamespaceNames.erase(helper)
    try make(kind)
  }

  deinit {
    for pid in pids { kill(pid, SIGKILL) }
    unlink(NamespaceEvidence.preparedPath(for: path))
    try? NetworkNamespace.remove(named: String(NamespaceEvidence.preparedPath(for: path).dropFirst(11)))
    NamespaceNames.erase(name)
  }

  private func make(_ kind: Kind) throws {
    switch kind {
    case .absent: break
    case .plainFile: close(open(path, O_CREAT | O_WRONLY, 0o644))
    case .mountMissing: close(open(path, O_CREAT | O_WRONLY, 0))
    case .dangling: try #require(symlink("/run/netns/nowhere-\(getpid())", path) == 0)
    case .looping: try #require(symlink(path, path) == 0)
    case .directory: try #require(mkdir(path, 0o755) == 0)
    case .fifo: try #require(mkfifo(path, 0o600) == 0)
    case .socket: try #require(mknod(path, S_IFSOCK | 0o600, 0) == 0)
    case .wrongKind, .covered:
      if kind == .covered { try makeLiving() } else { close(open(path, O_CREAT | O_WRONLY, 0)) }
      try #require(mount("/proc/self/ns/uts", path, "none", UInt(MS_BIND), nil) == 0)
    case .deleted:
      close(open(path, O_CREAT | O_WRONLY, 0))
      let other = "/run/netns-deleted-\(getpid())"
      close(open(other, O_CREAT | O_WRONLY, 0o600))
      try #require(mount(other, path, "none", UInt(MS_BIND), nil) == 0)
      unlink(other)
    case .linkToProcess, .unpinned, .unpinnedAndGone, .descriptor:
      try makeLiving()
      let pid =
        kind == .descriptor
        ? try background("exec 5<\(path); exec sleep 300") : try background("exec nsenter --net=\(path) sleep 300")
      let isReady = waitFor {
        kind == .descriptor
          ? ProcessScan.networkNamespace("/proc/\(pid)/fd/5") == inode
          : ProcFiles.namespace("/proc/\(pid)/ns/net") == inode && ProcFiles.line("/proc/\(pid)/comm") == "sleep"
      }
      try #require(isReady)
      umount2(path, Int32(MNT_DETACH))
      if kind != .unpinned, kind != .descriptor { unlink(path) }
      if kind == .linkToProcess { try #require(symlink("/proc/\(pid)/ns/net", path) == 0) }
    case .hidden:
      let pid = try background(
        "exec unshare --mount --propagation slave sh -c 'ip netns add \(name) && "
          + "ip -n \(name) link add \(mark) type veth peer name \(mark)p && exec sleep 300'")
      let isReady = waitFor { ProcFiles.line("/proc/\(pid)/comm") == "sleep" }
      try #require(isReady)
      inode =
        MountTable(text: ProcFiles.text("/proc/\(pid)/mountinfo") ?? "").layers(at: path).last?.networkNamespace
      try #require(inode != nil)
    }
  }

  private func makeLiving() throws {
    let made = try NetworkNamespace.create(named: name)
    inode = try made.identity().inode
    try run("ip -n \(name) link add \(mark) type veth peer name \(mark)p")
  }

  /// Ends what keeps the namespace alive besides its pins.
  func endProcesses() {
    for pid in pids { kill(pid, SIGKILL) }
    let gone = waitFor { pids.allSatisfy { kill($0, 0) != 0 } }
    #expect(gone)
    pids = []
  }

  func background(_ script: String) throws -> Int32 {
    let said = try Command("sh", ["-c", "(\(script)) </dev/null >/dev/null 2>&1 & echo $!"]).capture()
    let pid = try #require(Int32(said.output.filter { $0 != "\n" }), "\(said)")
    pids.append(pid)
    return pid
  }

  func evidence() throws -> NamespaceEvidence { try NetworkNamespace.evidence(named: name, marks: [mark]) }

  func links() throws -> [String] { try NetworkNamespace(named: name).linkNames() }
}

func run(_ script: String) throws {
  let said = try Command("sh", ["-c", script]).capture()
  try #require(said.status.isSuccess, "\(script): \(said.errorOutput)")
}

/// Until it holds, for at most 20 s.
func waitFor(_ condition: () -> Bool) -> Bool {
  for _ in 0..<2000 {
    if condition() { return true }
    usleep(10_000)
  }
  return condition()
}

public import Languages

extension NamespaceSource {
  /// Where it is taken from, a phrase.
  public var words: Words {
    switch self {
    case .held(let inode): Words("net:[\(inode)], which this process holds", zh: "本进程持有的 net:[\(inode)]")
    case .process(let process, let inode):
      Words("net:[\(inode)] from \(process.words.en)", zh: "\(process.words.zh) 里的 net:[\(inode)]")
    case .descriptor(let descriptor, let inode):
      Words(
        "net:[\(inode)] from descriptor \(descriptor.number) of \(descriptor.process.words.en)",
        zh: "\(descriptor.process.words.zh) 的文件描述符 \(descriptor.number) 里的 net:[\(inode)]")
    case .mount(let process, let path, let inode):
      Words(
        "net:[\(inode)] from \(path) in the mount namespace of \(process.words.en)",
        zh: "\(process.words.zh) 挂载命名空间中 \(path) 的 net:[\(inode)]")
    case .path(let path, let inode): Words("net:[\(inode)] from \(path)", zh: "\(path) 的 net:[\(inode)]")
    case .layer(let path, _, let inode):
      Words("net:[\(inode)], which is covered at \(path)", zh: "\(path) 下面被盖住的 net:[\(inode)]")
    case .new: Words("a new, empty namespace", zh: "新建的空命名空间")
    }
  }

  /// As a word of a shell command, inside which descriptor 9 is the namespace.
  var shell: String {
    switch self {
    case .new: "unshare --net sleep infinity & sleep 1; exec 9</proc/$!/ns/net"
    case .layer(let path, let depth, _):
      "unshare --mount sh -c '\(Array(repeating: "umount \(path); ", count: depth).joined())exec 9<\(path)'"
    default: "exec 9<\(path ?? "/proc/self/fd/N")"
    }
  }
}

extension NamespaceRepairStep {
  /// What it does, a sentence without a full stop.
  public var sentence: Words {
    switch self {
    case .hold(.new): Words("make a new network namespace and hold it", zh: "新建一个网络命名空间并持有它")
    case .hold(let source): Words("hold \(source.words.en)", zh: "持有\(source.words.zh)")
    case .clear(let path):
      Words("remove \(path), left by a repair that was cut off", zh: "删除上次中断的修复留下的 \(path)")
    case .cover(let path): Words("mount it over \(path)", zh: "把它挂载到 \(path) 上")
    case .prepare(let path): Words("mount it at \(path), beside the name", zh: "先把它挂载到旁边的 \(path)")
    case .exchange(let prepared, let path):
      Words(
        "exchange \(prepared) and \(path) in one step, mounts and all", zh: "一步交换 \(prepared) 和 \(path)，连同挂载")
    case .install(let prepared, let path):
      Words("rename \(prepared) to \(path), mount and all", zh: "把 \(prepared) 连同挂载改名为 \(path)")
    case .discard(let path): Words("remove what stood there, now \(path)", zh: "删除原来占位的内容，现在叫 \(path)")
    case .coverElsewhere(let process, let path):
      Words(
        "mount it over \(path) in the mount namespace of \(process.words.en)",
        zh: "在 \(process.words.zh) 的挂载命名空间里把它挂载到 \(path) 上")
    case .share(let point):
      Words(
        "make \(point) a shared mount, so that containers and the host see what the other mounts",
        zh: "把 \(point) 设为 shared 挂载，使容器和宿主机能看到彼此的挂载")
    }
  }

  /// What comes to the same, for a shell. Not as safe: each of these is more than one system call.
  public var shell: String {
    switch self {
    case .hold(.new): "unshare --net sleep infinity & sleep 1; exec 9</proc/$!/ns/net"
    case .hold(let source): source.shell
    case .clear(let path), .discard(let path): "umount --lazy \(path); rm -df \(path)"
    case .cover(let path): "mount --no-canonicalize --bind /proc/$$/fd/9 \(path)"
    case .prepare(let path): "touch \(path); mount --no-canonicalize --bind /proc/$$/fd/9 \(path)"
    case .exchange(let prepared, let path):
      "unshare --mount sh -c 'umount -l \(prepared) \(path); mv --exchange \(prepared) \(path)'"
    case .install(let prepared, let path):
      "unshare --mount sh -c 'umount -l \(prepared); mv --no-clobber \(prepared) \(path)'"
    case .coverElsewhere(let process, let path):
      "nsenter --mount=/proc/\(process.pid)/ns/mnt mount --no-canonicalize --bind /proc/$$/fd/9 \(path)"
    case .share(let point): "mount --make-rshared \(point)"
    }
  }
}

import Glibc
import NetworkNamespaces

/// Two namespaces joined by a veth pair, `a` with 10.66.1.1 and up, `b` with 10.66.2.1 and up.
struct Wire: ~Copyable {
  let a: String
  let b: String

  init(addresses: Int) throws {
    a = "everway-flood\(getpid())-a"
    b = "everway-flood\(getpid())-b"
    for name in [a, b] {
      _ = try NetworkNamespace.create(named: name)
      try ip("-n", name, "link", "set", "lo", "up")
    }
    try ip("link", "add", "w", "netns", a, "type", "veth", "peer", "name", "w", "netns", b)
    for (name, side) in [(a, 1), (b, 2)] {
      for number in 1...addresses { try ip("-n", name, "addr", "add", "10.66.\(side).\(number)/16", "dev", "w") }
      try ip("-n", name, "link", "set", "w", "up")
      // Forged sources have no way back.
      for key in ["all", "w"] {
        guard let sysctl = Sysctl.ipv4("rp_filter", interface: key) else { continue }
        try NetworkNamespace(named: name).write(sysctl, "0")
      }
    }
  }

  deinit {
    try? NetworkNamespace.remove(named: a)
    try? NetworkNamespace.remove(named: b)
  }
}

struct CommandFailed: Error { var arguments: [String] }

func ip(_ arguments: String...) throws {
  var pid = pid_t()
  var words = (["ip"] + arguments).map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var status: Int32 = 0
  guard posix_spawnp(&pid, "ip", nil, nil, &words, environ) == 0, waitpid(pid, &status, 0) == pid, status == 0
  else { throw CommandFailed(arguments: arguments) }
}

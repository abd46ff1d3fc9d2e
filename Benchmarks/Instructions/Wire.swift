import Addresses
import Glibc
import NetworkNamespaces

/// Two namespaces and a veth pair; the far end owns 10.78.0.0/16, behind one neighbour.
struct Wire: ~Copyable {
  static let nearAddress = IPAddress.v4(IPv4Address(bits: 0x0a4d_0001))
  static func far(_ number: Int) -> IPAddress { .v4(IPv4Address(bits: 0x0a4e_0000 + UInt32(number))) }

  let near = "everway-count\(getpid())-a"
  let far = "everway-count\(getpid())-b"

  init() throws {
    for name in [near, far] {
      _ = try NetworkNamespace.create(named: name)
      try ip("-n", name, "link", "set", "lo", "up")
    }
    try ip("link", "add", "w", "netns", near, "type", "veth", "peer", "name", "w", "netns", far)
    try ip("-n", near, "addr", "add", "10.77.0.1/30", "dev", "w")
    try ip("-n", far, "addr", "add", "10.77.0.2/30", "dev", "w")
    for name in [near, far] { try ip("-n", name, "link", "set", "w", "up") }
    try ip("-n", near, "route", "add", "10.78.0.0/16", "via", "10.77.0.2")
    try ip("-n", far, "route", "add", "local", "10.78.0.0/16", "dev", "lo")
  }

  deinit { Self.remove([near, far]) }

  private static func remove(_ names: [String]) { for name in names { try? NetworkNamespace.remove(named: name) } }

  /// What runs that were killed have left.
  static func sweep() {
    guard let directory = opendir(NetworkNamespace.directory) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasPrefix("everway-count"), let pid = Int32(name.dropFirst(13).prefix { $0.isNumber }),
        kill(pid, 0) != 0, errno == ESRCH
      else { continue }
      remove([name])
    }
  }
}

func ip(_ arguments: String...) throws {
  let result = try execute(["ip"] + arguments)
  guard result == 0 else { throw Failure(text: "ip \(arguments.joined(separator: " ")) failed") }
}

/// Runs a program to its end.
/// - Parameter output: where its output goes; nil: where ours does.
/// - Returns: its exit status, or 128 and the signal that ended it.
func execute(_ words: [String], output: String? = nil) throws -> Int32 {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  if let output {
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
  }
  var pid = pid_t()
  var pointers = words.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  let code = posix_spawnp(&pid, words[0], &actions, nil, &pointers, environ)
  guard code == 0 else { throw Unavailable(text: "\(words[0]): \(String(cString: strerror(code)))") }
  var status: Int32 = 0
  while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
}

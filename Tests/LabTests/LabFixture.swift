import Glibc
import Lab
import Testing

/// Labs for tests: named after this process and a number, so that test processes and tests stand side by side.
enum TestLab {
  /// Runs `body` in a lab of its own, gone at the end however it ends.
  static func with(_ tag: String, _ body: (Lab) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("t\(getpid())\(tag)")
    defer { lab.down() }
    try body(lab)
  }

  static let isPossible = geteuid() == 0
}

extension Lab {
  /// Two namespaces `a` and `b` and one wire between them: 10.1.0.1 and fd01::1 on a's `w`, .2 and ::2 on b's.
  func makeWire() throws -> (a: LabNamespace, b: LabNamespace) {
    let a = try makeNamespace("a")
    let b = try makeNamespace("b")
    try a.ip("link add w type veth peer name w netns \(b.name)")
    try a.ip("addr add 10.1.0.1/24 dev w", "addr add fd01::1/64 dev w nodad", "link set w up")
    try b.ip("addr add 10.1.0.2/24 dev w", "addr add fd01::2/64 dev w nodad", "link set w up")
    try a.waitUntilRunning(["w"])
    try b.waitUntilRunning(["w"])
    return (a, b)
  }
}

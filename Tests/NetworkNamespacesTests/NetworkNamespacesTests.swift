import Glibc
import NetworkNamespaces
import Testing

@Suite(.enabled(if: geteuid() == 0)) struct EnteringANamespace {
  @Test func aBodyRunsInTheNamespaceAndTheCallerStaysHome() throws {
    let home = try NetworkNamespace.current()
    let before = try linkOfThisThread()
    let inside = try home.perform { () throws(SystemCallError) in linkText() }
    #expect(inside == before)
    #expect(try linkOfThisThread() == before)
  }

  @Test func aPlainFileIsRefused() {
    #expect(throws: SystemCallError.self) { _ = try NetworkNamespace(path: "/etc/hostname") }
  }

  private func linkOfThisThread() throws -> String { linkText() }
}

/// What /proc/thread-self/ns/net links to: `net:[4026531840]`.
private func linkText() -> String {
  var buffer = [UInt8](repeating: 0, count: 64)
  let count = readlink("/proc/thread-self/ns/net", &buffer, buffer.count)
  return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

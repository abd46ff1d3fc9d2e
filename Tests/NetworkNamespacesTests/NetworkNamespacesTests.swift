import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@Suite(.enabled(if: geteuid() == 0)) struct EnteringANamespace {
  @Test func aBodyRunsInTheNamespaceAndTheCallerStaysHome() throws {
    let home = try NetworkNamespace.current()
    let before = linkText()
    let inside = try home.perform { () throws(SystemCallError) in linkText() }
    #expect(inside == before)
    #expect(linkText() == before)
  }

  @Test func aPlainFileIsRefused() {
    #expect(throws: SystemCallError.self) { _ = try NetworkNamespace(path: "/etc/hostname") }
  }

  @Test func anErrorInsideReachesTheCaller() throws {
    let home = try NetworkNamespace.current()
    let error = #expect(throws: SystemCallError.self) {
      try home.perform { () throws(SystemCallError) in throw SystemCallError("try", code: EXDEV) }
    }
    #expect(error?.code == EXDEV)
  }

  /// Hundreds of tasks create sockets on the pool while other tasks enter a namespace: every pool thread's sockets must
  /// be home's, every socket made by `perform` the namespace's.
  @Test(.timeLimit(.minutes(2))) func noThreadOfThePoolEverEndsUpInAForeignNamespace() async throws {
    let name = NamespaceNames.make("pool")
    defer { NamespaceNames.erase(name) }
    let made = try NetworkNamespace.create(named: name)
    let home = try NetworkNamespace.current().cookie()
    let foreign = try made.cookie()
    #expect(home != foreign)
    let strays = try await withThrowingTaskGroup(of: Int.self) { group in
      for index in 0..<600 {
        if index % 3 == 0 {
          let copy = try made.duplicate()
          let descriptor = dup(copy.descriptor)
          group.addTask {
            let namespace = NetworkNamespace(owning: descriptor)
            let inside = try namespace.perform { () throws(SystemCallError) in try socketCookie() }
            await Task.yield()
            return try (inside == foreign ? 0 : 1) + (socketCookie() == home ? 0 : 1)
          }
        } else {
          group.addTask {
            var strays = try socketCookie() == home ? 0 : 1
            await Task.yield()
            strays += try socketCookie() == home ? 0 : 1
            return strays
          }
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(strays == 0)
  }
}

/// The cookie of a socket made on the calling thread.
private func socketCookie() throws(SystemCallError) -> UInt64 {
  let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  guard fd >= 0 else { throw SystemCallError("open a socket") }
  defer { close(fd) }
  return try NetworkNamespace.cookie(ofSocket: fd)
}

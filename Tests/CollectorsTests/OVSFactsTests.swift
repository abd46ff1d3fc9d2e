import Cluster
import Doctor
import Glibc
import Testing

@testable import Collectors

@Suite struct FactsOfOpenVSwitch {
  @Test func thatNobodyGivesAreAGap() {
    var context = CollectionContext(subject: .init(node: "n1"), controlSocket: "")
    context.ovsSocket = "/nonexistent/db.sock"
    #expect(
      OVSFacts.gather(context).reason == "cannot connect to unix:/nonexistent/db.sock: No such file or directory")
  }

  @Test func thatNeverComeAreNotWaitedForLong() throws {
    let path = "/tmp/everway-ovsdb-\(getpid()).sock"
    defer { unlink(path) }
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(server) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(code == 0 && listen(server, 1) == 0)
    var context = CollectionContext(subject: .init(node: "n1"), controlSocket: "")
    context.ovsSocket = path
    context.clusterPatience = .milliseconds(50)
    #expect(OVSFacts.gather(context).reason?.contains("unix:\(path)") == true)
  }
}

import Cluster
import Doctor
import FoundationEssentials
import Glibc
import Testing

@testable import Collectors

@Suite struct OVSDBAnswers {
  @Test(arguments: [
    (#"{"a":"}"}"#, 9), (#"{"a":"\"}"}x"#, 11), (#"{"a":[{},{"b":1}]}{"c"#, 18), (#"{"a":"\\"}"#, 10)
  ])
  func endWhereTheirObjectEnds(_ text: String, _ end: Int) {
    var framing = OVSDBFraming()
    #expect(framing.end(in: Array(text.utf8)[...]) == end)
    // However they arrive.
    var again = OVSDBFraming()
    let ends = Array(text.utf8).prefix(end).map { again.end(in: [$0]) }
    #expect(ends.dropLast().allSatisfy { $0 == nil } && ends.last == 1)
  }

  @Test func becomeFacts() throws {
    let text = #"""
      [[{"external_ids":["map",[["system-id","n1"],["ovn-remote","tcp:10.0.0.1:6642"]]],"ovs_version":"3.1.0"}],
       [{"name":"br-int","datapath_type":"","ports":["set",[["uuid","p1"],["uuid","p2"]]]},
        {"name":"br-ex","datapath_type":"netdev","ports":["set",[]]}],
       [{"_uuid":["uuid","p1"],"name":"ovnext0","interfaces":["uuid","i1"]},
        {"_uuid":["uuid","p2"],"name":"bond","interfaces":["set",[["uuid","i2"],["uuid","i3"]]]}],
       [{"_uuid":["uuid","i1"],"name":"ovnext0","type":"internal","ofport":-1,"error":"could not open network device ovnext0 (No such device)",
         "external_ids":["map",[["iface-id","n1"]]],"mac_in_use":["set",[]],"link_state":["set",[]],"admin_state":"down","mtu":["set",[]]},
        {"_uuid":["uuid","i2"],"name":"eth1","type":"","ofport":["set",[]],"error":["set",[]],"external_ids":["map",[]],
         "mac_in_use":"02:00:00:00:00:01","link_state":"up","admin_state":"up","mtu":1500}]]
      """#
    let tables = try JSONDecoder().decode([[OVSDBValue]].self, from: Data(text.utf8))
    let facts = OVSFacts(tables)
    #expect(facts.externalIDs == ["system-id": "n1", "ovn-remote": "tcp:10.0.0.1:6642"])
    #expect(facts.version == "3.1.0")
    #expect(facts.bridges.map(\.name) == ["br-ex", "br-int"])
    #expect(facts.bridges.last?.ports == ["bond", "ovnext0"])
    let row = try #require(facts.interface("ovnext0"))
    #expect(row.ofport == -1 && row.bridge == "br-int" && row.mac == nil && row.linkState == nil)
    #expect(row.error == "could not open network device ovnext0 (No such device)")
    let other = try #require(facts.interface("eth1"))
    #expect(other.ofport == nil && other.error == nil && other.mtu == 1500 && other.bridge == "br-int")
  }

  @Test func thatNobodyGivesAreAGap() {
    var context = CollectionContext(subject: .init(node: "n1"), controlSocket: "")
    context.ovsSocket = "/nonexistent/db.sock"
    #expect(OVSFacts.gather(context).reason == "/nonexistent/db.sock: No such file or directory")
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
    let error = #expect(throws: OVSDBError.self) {
      var connection = try OVSDBConnection(path: path, limit: .milliseconds(50))
      _ = try connection.transact([OVSDBConnection.select("Bridge", ["name"])])
    }
    #expect(error?.message == "\(path): no answer in time")
  }
}

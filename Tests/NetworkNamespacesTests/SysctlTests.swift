import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@Suite struct SysctlNames {
  @Test(arguments: [
    ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward" as String?),
    ("net.ipv4.conf.eth0/5.rp_filter", "/proc/sys/net/ipv4/conf/eth0.5/rp_filter"),
    ("kernel.hostname", nil), ("net", nil), ("net..x", nil), ("net.//.x", nil), ("", nil)
  ])
  func aDottedNameBecomesAPathBelowNetOrNothing(name: String, path: String?) {
    let sysctl = Sysctl(name)
    #expect(sysctl.map { "/proc/sys/" + $0.components.joined(separator: "/") } == path)
    if let sysctl { #expect(sysctl.description == name) }
  }

  @Test(arguments: ["..", ".", "", "a/b"]) func anInterfaceThatWouldLeaveTheTreeIsRefused(name: String) {
    #expect(Sysctl.ipv4("rp_filter", interface: name) == nil)
    #expect(Sysctl.ipv6("disable_ipv6", interface: name) == nil)
  }
}

@Suite(.enabled(if: geteuid() == 0)) struct SysctlsInANamespace {
  @Test func aValueWrittenInsideIsReadInsideAndLeavesHomeAlone() throws {
    let name = NamespaceNames.make("sysctl")
    defer { NamespaceNames.erase(name) }
    let namespace = try NetworkNamespace.create(named: name)
    let key = try #require(Sysctl("net.ipv4.nexthop_compat_mode"))
    let home = try NetworkNamespace.current()
    let before = try home.read(key)
    #expect(try namespace.read(key) == "1")
    try namespace.write(key, "0")
    #expect(try namespace.read(key) == "0")
    #expect(try home.read(key) == before)
  }

  @Test func aKeyThatIsNotThereAndAValueThatIsRefusedSaySo() throws {
    let name = NamespaceNames.make("sysctl-bad")
    defer { NamespaceNames.erase(name) }
    let namespace = try NetworkNamespace.create(named: name)
    let missing = try #require(Sysctl.ipv4("rp_filter", interface: "none0"))
    let first = #expect(throws: SystemCallError.self) { try namespace.write(missing, "0") }
    #expect(first?.code == ENOENT)
    let forward = try #require(Sysctl("net.ipv4.ip_forward"))
    let second = #expect(throws: SystemCallError.self) { try namespace.write(forward, "yes") }
    #expect(second?.code == EINVAL)
    #expect(second?.description.contains("set net.ipv4.ip_forward to yes") == true)
  }
}

import Addresses
import Glibc
import Lab
import Processes
import Testing

@testable import Collectors

@Suite(.enabled(if: geteuid() == 0), .serialized) struct ConnectionRepair {
  /// Row 65: connections that are translated to an address that is gone hang until the kernel forgets them.
  @Test func forgetsWhatIsTranslatedToAnAddressAndNothingElse() throws {
    Lab.sweep()
    let lab = try Lab.up("c\(getpid())ct")
    defer { lab.down() }
    let place = try lab.makeNamespace("gw")
    try place.ip(
      "link set lo up", "link add a0 type veth peer name b0", "link set a0 up", "link set b0 up",
      "addr add 10.204.0.11/24 dev a0", "addr add 10.205.0.11/24 dev a0", "addr add 192.168.0.5/32 dev lo",
      "route add 198.51.100.7/32 dev a0 src 192.168.0.5",
      "neigh add 198.51.100.7 lladdr 02:00:00:00:00:07 dev a0 nud permanent")
    try place.run("nft", "add table ip t")
    try place.run("nft", "add chain ip t c { type nat hook postrouting priority 100 ; }")
    for (port, source) in [(1001, "10.204.0.11"), (1002, "10.205.0.11")] {
      try place.run("nft", "add rule ip t c udp dport \(port) snat to \(source)")
      try place.run("bash", "-c", "echo hello > /dev/udp/198.51.100.7/\(port)")
    }
    #expect(try place.run("conntrack", "-L", "-p", "udp").contains("dst=10.204.0.11"))
    try ConnectionRepairs.forget(try #require(IPAddress("10.204.0.11")), in: place.name)
    let left = try place.run("conntrack", "-L", "-p", "udp")
    #expect(!left.contains("dst=10.204.0.11") && left.contains("dst=10.205.0.11"))
    // Nothing to forget is no failure.
    try ConnectionRepairs.forget(try #require(IPAddress("10.204.0.11")), in: place.name)
  }
}

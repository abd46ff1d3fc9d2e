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
      "addr add 10.204.0.11/24 dev a0", "addr add 10.205.0.11/24 dev a0")
    for (source, port) in [("10.204.0.11", 1001), ("10.205.0.11", 1002)] {
      try place.run(
        "conntrack", "-I", "-p", "udp", "-s", "192.168.0.5", "-d", "198.51.100.7", "--sport", "\(port)", "--dport",
        "53", "--reply-src", "198.51.100.7", "--reply-dst", source, "--timeout", "300")
    }
    try ConnectionRepairs.forget(try #require(IPAddress("10.204.0.11")), in: place.name)
    let left = try place.run("conntrack", "-L", "-p", "udp")
    #expect(!left.contains("dst=10.204.0.11") && left.contains("dst=10.205.0.11"))
    // Nothing to forget is no failure.
    try ConnectionRepairs.forget(try #require(IPAddress("10.204.0.11")), in: place.name)
  }
}

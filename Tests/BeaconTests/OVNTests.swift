import Addresses
import Glibc
import Lab
import Processes
import Testing

/// Our beacon where Kube-OVN starts OpenBFDD's: in `ovnext`, towards a real OVN.
@Suite("A real OVN as the beacon's peer", .serialized, .timeLimit(.minutes(5)), .enabled(if: geteuid() == 0))
struct OVNTests {
  static let ours = OVNNetwork.gatewayAddress(1, .ipv4)
  static let theirs = OVNNetwork.routerAddresses[0]
  static let up = "local=\(ours) (p) remote=\(theirs) state=Up "

  @Test(
    "kube-ovn-cni's calls bring OVN up, at its timers and at OVN's own; nobody touches OVN after",
    arguments: [100, 1000])
  func comesUp(milliseconds: Int) throws {
    try BeaconField.withOVN("ovn", BFDTimers(milliseconds: milliseconds)) { field, central in
      #expect(try field.beacon("--listen=0.0.0.0").status == .exited(0))
      #expect(try field.ask("status remote \(Self.theirs) local \(Self.ours)").contains("No session"))
      try field.ask("allow \(Self.theirs)")
      try field.wait(for: Self.up)
      try central.wait(for: "up", of: Self.ours)
    }
  }

  @Test("a beacon that was killed, and a session that was, come up again")
  func comesBack() throws {
    try BeaconField.withOVN("ovb", BFDTimers(milliseconds: 100)) { field, central in
      var beacon = try field.startBeacon(on: field.us, "--listen=0.0.0.0")
      try field.ask("allow \(Self.theirs)")
      try field.wait(for: Self.up)
      try central.wait(for: "up", of: Self.ours)
      // OVN's thread may be asleep and not notice; it is woken then, and told.
      beacon.kill()
      beacon = try field.startBeacon(on: field.us, "--listen=0.0.0.0")
      try field.ask("allow \(Self.theirs)")
      try field.wait(for: Self.up)
      try central.wait(for: "up", of: Self.ours)
      for (action, id) in [("kill", 2), ("reset", 3)] {
        try field.ask("session all \(action)")
        try field.wait(for: "id=\(id) \(Self.up)")
        try central.wait(for: "up", of: Self.ours)
      }
    }
  }

  /// Second dead end: another secret, so that OVN's packets name a session that nobody knows. OpenBFDD discards them for
  /// ever (`no session found for yourDisc`).
  @Test("a beacon with another secret is found again all the same")
  func anotherSecret() throws {
    try BeaconField.withOVN("ovs", BFDTimers(milliseconds: 100)) { field, central in
      for secret in ["one", "two"] {
        let beacon = try field.startBeacon(
          on: field.us, "--listen=0.0.0.0",
          prefix: ["/usr/bin/env", "EVERWAY_BFDD_STATE_DIRECTORY=\(field.lab.directory)/\(secret)"])
        try field.ask("allow \(Self.theirs)")
        try field.wait(for: Self.up)
        try central.wait(for: "up", of: Self.ours)
        beacon.kill()
      }
    }
  }
}

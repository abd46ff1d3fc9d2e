import Addresses
import Glibc
import Lab
import Processes
import Testing

/// The calls of Kube-OVN 1.12 to 1.17, as its code and its images' scripts make them.
@Suite("Kube-OVN's calls", .serialized, .timeLimit(.minutes(5)), .enabled(if: geteuid() == 0))
struct KubeOVNTests {
  /// pkg/daemon/ovn.go and pkg/ovs: loopOvnExt0Check.
  @Test("kube-ovn-cni in ovnext: asks, starts, asks, allows, and the peer comes up", arguments: ["FRR", "BIRD"])
  func ovnext(kind: String) throws {
    try BeaconField.with("cni") { field in
      let missing = try field.control(["status"])
      #expect(missing.status == .exited(1))
      #expect(missing.errorOutput == "Error connecting to beacon on 127.0.0.1:957: Connection refused\n")

      #expect(try field.beacon("--listen=0.0.0.0").status == .exited(0))
      #expect(try field.ask("status") == "There are 0 sessions:\n")
      let question = "status remote 10.1.0.1 local 10.1.0.2"
      #expect(try field.ask(question).contains("No session"))
      for _ in 0..<2 {
        #expect(try field.ask("allow 10.1.0.1") == "Allowing connections from 10.1.0.1\n")
        // Every five seconds it asks and allows, until there is a session.
        #expect(try field.ask(question) == "No session with local ip=10.1.0.2 and remote ip=10.1.0.1.\n")
      }

      let peers = [BFDPeer(address("10.1.0.2"), local: address("10.1.0.1"), interface: "wire")]
      let peer: any BFDPeerDaemon =
        kind == "FRR"
        ? FRRRouter(lab: field.lab, namespace: field.them, peers: peers)
        : BIRDRouter(lab: field.lab, namespace: field.them, peers: peers)
      try peer.start()
      try field.wait(for: "There are 1 sessions:\nSession 1\n id=1 local=10.1.0.2 (p) remote=10.1.0.1 state=Up \n")
      try peer.wait(for: .up, of: address("10.1.0.2"))
      #expect(try field.ask(question).contains("\n state=Up "))
      // OpenBFDD's own timers: 1 s, 1 s, 3.
      #expect(try field.ask("status all level 4").contains("LocalDesiredMinTx=1,000,000 us \n"))
    }
  }

  @Test("a second beacon in the namespace says that there is one, and leaves the first alone")
  func second() throws {
    try BeaconField.with("two") { field in
      #expect(try field.beacon("--listen=0.0.0.0").status == .exited(0))
      let second = try field.beacon("--listen=0.0.0.0")
      #expect(second.status == .exited(1))
      #expect(second.errorOutput.contains("another beacon runs in this network namespace"))
      let third = try field.beacon("--listen=0.0.0.0", "--control=127.0.0.1:9957")
      #expect(third.status == .exited(1))
      #expect(third.errorOutput.contains("UDP port 3784"))
      #expect(try field.ask("status") == "There are 0 sessions:\n")
    }
  }

  /// dist/images/bfdd-prestart.sh of 1.14.0: times without a unit, which OpenBFDD refuses with exit code 0. Under
  /// `set -e`, in a startup probe that may fail once.
  static let oldPrestart = """
    set -ex
    bfdd-control session new set mintx "${BFD_MIN_TX:-1000}"
    bfdd-control session new set minrx "${BFD_MIN_RX:-1000}"
    bfdd-control session new set multi "${BFD_MULTI:-3}"
    PEER_IPS=($(echo "${BFD_PEER_IPS:-::}" | tr ',' ' '))
    for ip in ${PEER_IPS[*]}; do
      bfdd-control allow ${ip}
    done
    bfdd-control log type command no
    """
  static let newPrestart = oldPrestart.replacing("1000}\"", with: "1000}\" ms")

  /// dist/images/bfdd-healthcheck.sh of 1.15.20.
  static let healthcheck = """
    set -euo pipefail
    output="$(bfdd-control status)"
    if grep -q '^There are 0 sessions:' <<< "${output}"; then
      IFS=',' read -r -a peer_ips <<< "${BFD_PEER_IPS:-}"
      for peer_ip in "${peer_ips[@]}"; do
        if [[ -n "${peer_ip}" ]]; then bfdd-control allow "${peer_ip}"; fi
      done
      exit 1
    fi
    """

  /// What the egress gateway's container may do: uid 65534, three capabilities.
  static let asNobody = [
    "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    "--bounding-set=-all,+net_admin,+net_bind_service,+net_raw",
    "--inh-caps=-all,+net_admin,+net_bind_service,+net_raw",
    "--ambient-caps=-all,+net_admin,+net_bind_service,+net_raw"
  ]

  @Test("an egress gateway's container, with the least privileges", arguments: [oldPrestart, newPrestart])
  func egressGateway(prestart: String) throws {
    try BeaconField.with("veg") { field in
      chmod(field.lab.directory, 0o755)
      let beacon = try field.startBeacon(
        on: field.us, "--listen=10.1.0.2", "--listen=fd00:1::2", prefix: Self.asNobody)
      let peers = ["BFD_PEER_IPS": "10.1.0.1,fd00:1::1", "BFD_MIN_TX": "100", "BFD_MIN_RX": "100"]
      let started = try field.script(prestart, peers)
      #expect(started.status == .exited(0), "\(started.output) \(started.errorOutput)")
      #expect(try field.script(Self.healthcheck, peers).status == .exited(1), "nobody has been heard")
      #expect(beacon.lastLines(40).contains { $0.contains("discriminators derive from this boot") })

      _ = try field.startBeacon(on: field.them)
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.ask("allow fd00:1::2", on: field.them)
      try field.wait(for: "local=fd00:1::2 (p) remote=fd00:1::1 state=Up ")
      try field.wait(for: "local=10.1.0.2 (p) remote=10.1.0.1 state=Up ")
      #expect(try field.script(Self.healthcheck, peers).status == .exited(0))
      let tx = prestart == Self.newPrestart ? "100,000" : "1,000,000"
      #expect(try field.ask("status all level 4").contains("LocalDesiredMinTx=\(tx) us \n"))
    }
  }

  /// BFD_PEER_IPS is not set: `allow ::` must be taken.
  @Test("the prestart script without peers")
  func noPeers() throws {
    try BeaconField.with("nop") { field in
      _ = try field.startBeacon(on: field.us, "--listen=::")
      #expect(try field.script(Self.newPrestart).status == .exited(0))
      #expect(try field.ask("status") == "There are 0 sessions:\n")
    }
  }

  /// kube-ovn-cni asks so for an OvnEip without an IPv4 address, and takes an exit code for a failed beacon.
  @Test("a question that makes no sense is answered, not failed")
  func senseless() throws {
    try BeaconField.with("odd") { field in
      _ = try field.startBeacon(on: field.us)
      #expect(try field.ask("status remote local 10.1.0.2").contains("<local> is not an IPv4 or IPv6 address"))
    }
  }

  /// pkg/bfddsupervisor: Configure, Status, Reset; the id must change.
  @Test("kube-ovn-bfdd-supervisor resets a session by its addresses")
  func supervisor() throws {
    try BeaconField.with("sup") { field in
      for place in [field.us, field.them] { _ = try field.startBeacon(on: place) }
      #expect(try field.ask("session new set mintx 100 ms") == "Attempting to set mintx to 100,000 us.\n")
      #expect(try field.ask("session new set minrx 100 ms") == "Attempting to set minrx to 100,000 us.\n")
      #expect(try field.ask("session new set multi 3") == "Attempting to set multi to 3.\n")
      #expect(try field.ask("allow 10.1.0.1") == "Allowing connections from 10.1.0.1\n")
      #expect(try field.ask("log type command no") == "Log type command set to no, was yes\n")
      try field.ask("allow 10.1.0.2", on: field.them)
      try field.wait(for: "id=1 local=10.1.0.2 (p) remote=10.1.0.1 state=Up ")
      #expect(try field.ask("session local 10.1.0.2 remote 10.1.0.1 reset") == "Attempting to reset session(s).\n")
      #expect(try !field.ask("status").contains("id=1 "))
      try field.wait(for: "id=2 local=10.1.0.2 (p) remote=10.1.0.1 state=Up ")
    }
  }

  /// `bfd@VPC` of 1.14 stands behind one router.
  @Test("a peer one hop away is accepted, unless the operator says otherwise", arguments: [nil, "255"])
  func oneHopAway(minimum: String?) throws {
    try BeaconField.with("ttl") { field in
      let far = try field.lab.makeNamespace("far")
      try field.them.ip(
        "link add far type veth peer name wire netns \(far.name)", "link set far up",
        "addr add 10.9.0.254/24 dev far")
      try far.ip(
        "link set wire up", "addr add 10.9.0.1/24 dev wire", "route add default via 10.9.0.254")
      try field.us.ip("route add 10.9.0.0/24 via 10.1.0.1")
      try field.them.sysctl([("ipv4.ip_forward", "1")])
      let prefix = minimum.map { ["/usr/bin/env", "EVERWAY_BFDD_MIN_TTL=\($0)"] } ?? []
      _ = try field.startBeacon(on: field.us, prefix: prefix)
      _ = try field.startBeacon(on: far)
      try field.ask("allow 10.9.0.1")
      try field.ask("allow 10.1.0.2", on: far)
      guard minimum != nil else { return try field.wait(for: "remote=10.9.0.1 state=Up ") }
      // The peer hears us, and so has a session; we hear nothing that counts.
      try field.wait(for: "state=Init ", on: far)
      #expect(try field.ask("status") == "There are 0 sessions:\n")
    }
  }
}

import Cluster
import Languages
import NamespaceDiagnosis
import Testing

@testable import Doctor

/// Something that is broken, and the line that says so.
private struct Broken<Value>: Sendable {
  var change: @Sendable (inout Value) -> Void
  var line: String

  init(_ line: String, _ change: @escaping @Sendable (inout Value) -> Void) {
    self.change = change
    self.line = line
  }
}

@Suite struct PreflightChecks {
  private static func surroundings() -> Surroundings {
    var surroundings = Surroundings()
    surroundings.capabilities = 0x1ff_ffff_ffff
    surroundings.userNamespace = Surroundings.firstUserNamespace
    surroundings.seccomp = 0
    surroundings.creation = 0
    surroundings.namespaceLimit = 96_365
    surroundings.namespaceCount = 3
    surroundings.place.isFirstMountNamespace = true
    return surroundings
  }

  private static func facts(_ change: (inout MachineFacts, inout Surroundings) -> Void = { _, _ in }) -> Facts {
    var machine = MachineFacts()
    machine.kernel = "6.1.0-30-amd64"
    machine.features = [
      "nexthop": .value(true), "ipv6": .value(true), "packet-socket": .value(true), "writable-sysctls": .value(true)
    ]
    machine.kernelOptions = .value(["CONFIG_IP_ROUTE_MULTIPATH": "y"])
    machine.modules = ["nf_tables": .builtIn]
    machine.limits.openFiles = 20_000
    machine.limits.filesInUse = 800
    machine.limits.filesAtMost = 100_000
    machine.sysctls = ["fs.inotify.max_user_instances": "128"]
    machine.cpu.count = 4
    machine.cpu.pressure = 0.5
    machine.memory.total = 8 << 30
    machine.memory.available = 4 << 30
    machine.clock = .value(.init(isSynchronised: true, maximumError: 2000))
    machine.disks = [.init(path: "/run", size: 1 << 30, free: 1 << 29)]
    machine.connections = .value(.init(count: 1, limit: 262_144))
    var surroundings = surroundings()
    change(&machine, &surroundings)
    machine.surroundings = .value(surroundings)
    var facts = Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "gw"))
    facts.machine = .value(machine)
    facts.namespaces = .value([])
    return facts
  }

  /// Of the groups that a machine alone decides.
  private func bad(_ preflight: Preflight) -> [String] {
    preflight.items.filter { $0.outcome != .pass && $0.group != .firewall }.map { "\($0.outcome) \($0.name.en)" }
  }

  @Test func passOnAMachineThatHasAll() {
    let preflight = Preflight(Self.facts())
    #expect(bad(preflight).isEmpty)
    #expect(preflight.count(.pass) > 20)
    #expect(preflight.count(.fail) == 0)
  }

  @Test(
    arguments: [
      Broken("fail kernel 5.3 or newer") { $0.kernel = "4.19.0" },
      Broken("fail nexthop") { $0.features["nexthop"] = .value(false) },
      Broken("warn IPv6") { $0.features["ipv6"] = .value(false) },
      Broken("fail /proc/sys can be written to") { $0.features["writable-sysctls"] = .value(false) },
      Broken("unknown CONFIG_IP_ROUTE_MULTIPATH") { $0.kernelOptions = .unavailable("no file") },
      Broken("warn open files of a process") { $0.limits.openFiles = 256 },
      Broken("warn CPUs") { $0.cpu.count = 1 },
      Broken("warn waiting for a CPU") { $0.cpu.pressure = 80 },
      Broken("warn CPU quota") { $0.cpu.quota = .init(path: "/g", quota: 50_000, period: 100_000) },
      Broken("fail CPU quota") { $0.cpu.quota = .init(path: "/g", quota: 50_000, period: 1_000_000) },
      Broken("fail memory") { $0.memory.available = 32 << 20 },
      Broken("fail room in /run") { $0.disks[0].free = 0 },
      Broken("warn the clock is synchronised") {
        $0.clock = .value(.init(isSynchronised: false, maximumError: 16_000_000))
      },
      Broken("unknown the clock is synchronised") { $0.clock = .unavailable("adjtimex: Operation not permitted") }
    ] as [Broken<MachineFacts>])
  private func nameWhatDoesNotHold(broken: Broken<MachineFacts>) {
    let preflight = Preflight(Self.facts { machine, _ in broken.change(&machine) })
    #expect(bad(preflight).contains(broken.line), "\(bad(preflight))")
  }

  @Test(
    arguments: [
      Broken("fail CAP_SYS_ADMIN") { $0.capabilities = 0x1ff_ffff_ffff & ~(1 << 21) },
      Broken("warn CAP_SYS_NICE") { $0.capabilities = 0x1ff_ffff_ffff & ~(1 << 23) },
      Broken("unknown CAP_NET_ADMIN") { $0.capabilities = nil },
      Broken("fail the machine's own user namespace") { $0.userNamespace = 4_026_532_000 },
      Broken("warn seccomp") { $0.seccomp = 2 },
      Broken("fail a network namespace can be made") { $0.creation = 28 },
      Broken("fail network namespaces") { $0.namespaceCount = 96_365 }
    ] as [Broken<Surroundings>])
  private func nameRightsThatAreMissing(broken: Broken<Surroundings>) {
    let preflight = Preflight(Self.facts { _, surroundings in broken.change(&surroundings) })
    #expect(bad(preflight).contains(broken.line), "\(bad(preflight))")
    for item in preflight.items where item.outcome == .fail || item.outcome == .warn {
      #expect(item.why != nil, "\(item.name.en)")
    }
  }

  @Test(arguments: [([], 0), ([.warn], 1), ([.unknown], 1), ([.warn, .fail], 2)] as [([Preflight.Outcome], Int32)])
  func endWithTheGravest(outcomes: [Preflight.Outcome], code: Int32) {
    var preflight = Preflight(Self.facts())
    preflight.items = outcomes.map { .init(.kernel, Words("x", zh: "x"), $0, detail: Words("", zh: "")) }
    #expect(preflight.exitCode == code)
  }

  @Test func takeInWhatDoctorFinds() {
    var cluster = HealthyCluster()
    cluster.machine = Self.facts().machine.value
    cluster.cluster.kubernetesVersion = "v1.20.0"
    let item = Preflight(cluster.facts).items.first { $0.group == .versions }
    #expect(item?.outcome == .fail)
    #expect(item?.finding == "EW-VER-67")
  }

  @Test func sayWhatCouldNotBeLookedAt() {
    let preflight = Preflight(Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "gw")))
    #expect(preflight.items.allSatisfy { $0.outcome == .unknown })
    #expect(preflight.exitCode == 1)
  }
}

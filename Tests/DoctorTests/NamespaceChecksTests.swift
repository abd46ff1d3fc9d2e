import Cluster
import Languages
import NamespaceDiagnosis
import Testing

@testable import Doctor

@Suite struct NamespaceFindings {
  private func facts(_ change: (inout NamespaceEvidence) -> Void = { _ in }) -> Facts {
    var entry = NamespaceEvidence.Entry()
    entry.link.kind = .file
    entry.target = entry.link
    var evidence = NamespaceEvidence(name: "ovnext", path: "/run/netns/ovnext", entry: entry)
    evidence.surroundings.place.isFirstMountNamespace = true
    evidence.surroundings.capabilities = .max
    evidence.surroundings.creation = 0
    evidence.marks = ["ovnext0"]
    change(&evidence)
    var facts = Facts(takenAt: 0, everwayVersion: "test", subject: .init(node: "node1", namespace: "ovnext"))
    facts.namespaces = .value([NamespaceFacts(name: "ovnext", evidence: evidence)])
    return facts
  }

  private func only(_ facts: Facts) throws -> Finding {
    let found = Diagnosis(facts, checks: Check.namespace).all
    try #require(found.count == 1, "\(found.map(\.id))")
    return found[0]
  }

  private func namespace(_ inode: UInt64, _ evidence: inout NamespaceEvidence) {
    evidence.entry.namespaceKind = "net"
    evidence.entry.fileSystemType = 0x6e73_6673
    evidence.entry.target.inode = inode
  }

  private func sighting(_ inode: UInt64, _ propagation: Mount.Propagation) -> NamespaceEvidence.Sighting {
    let directory = Mount(
      id: 30, parent: 1, device: "0:24", root: "/netns", point: "/run/netns", fileSystem: "tmpfs",
      propagation: propagation)
    let mount = Mount(
      id: 31, parent: 30, device: "0:4", root: "net:[\(inode)]", point: "/run/netns/ovnext", fileSystem: "nsfs")
    return .init(
      mountNamespace: 7, process: .init(pid: 812, command: "kube-ovn-daemon"), mount: mount, inode: inode,
      directory: directory, isSamePlace: true)
  }

  private func living(_ inode: UInt64) -> NamespaceEvidence.LivingNamespace {
    var living = NamespaceEvidence.LivingNamespace(inode: inode)
    living.holders = [.init(pid: 5, command: "bfdd-beacon")]
    living.holderCount = 1
    living.links = ["lo", "ovnext0"]
    return living
  }

  @Test func aHealthyNameGivesNone() {
    let diagnosis = Diagnosis(facts { namespace(9, &$0) }, checks: Check.namespace)
    #expect(diagnosis.all.isEmpty)
    #expect(diagnosis.areas.map(\.gaps.count) == [0])
  }

  @Test func aMountInAContainerIsRowOneAndRepairedByItself() throws {
    let finding = try only(facts { $0.elsewhere = [sighting(9, .init(master: 5))] })
    #expect(finding.id == FindingID("EW-NS-01"))
    #expect(finding.remedy.repair == .automatic)
    #expect(finding.remedy.actions == [.repairNamespace(name: "ovnext", marks: ["ovnext0"], question: nil)])
    #expect(finding.remedy.steps.contains { $0.words?.en.contains("Bidirectional") == true })
    #expect(finding.symptom.en.contains("\"ovnext\" failed: Invalid argument"))
    #expect(finding.cause.en.contains("kube-ovn-daemon (812)"))
    #expect(finding.evidence.contains { $0.source.contains("/proc/812/mountinfo") && $0.value.contains("net:[9]") })
  }

  @Test func aFileIsRowTwoOrRowThreeByItsMode() throws {
    #expect(try only(facts { $0.entry.target.mode = 0o644 }).id == FindingID("EW-NS-02"))
    let finding = try only(facts())
    #expect(finding.id == FindingID("EW-NS-03"))
    #expect(finding.remedy.repair == .automatic)
  }

  @Test func aPrivateDirectoryOfTheHostIsRowFourAndAsked() throws {
    let finding = try only(
      facts {
        $0.surroundings.directory = Mount(
          id: 30, parent: 1, device: "0:24", root: "/", point: "/run", fileSystem: "tmpfs")
        $0.elsewhere = [sighting(9, .init(shared: 5))]
      })
    #expect(finding.id == FindingID("EW-NS-04"))
    #expect(finding.remedy.repair == .guarded)
    #expect(finding.parameters["point"] == "/run")
  }

  @Test func linksAndOtherThingsAreRowsFiveSixAndEleven() throws {
    let dangling = try only(
      facts {
        $0.entry.link.kind = .symlink
        $0.entry.linkTarget = "/proc/4/ns/net"
        $0.entry.target.code = 2
        $0.entry.openCode = 2
      })
    #expect(dangling.id == FindingID("EW-NS-05"))
    #expect(dangling.remedy.repair == .automatic)
    let uts = try only(facts { $0.entry.namespaceKind = "uts" })
    #expect(uts.id == FindingID("EW-NS-06"))
    #expect(uts.remedy.repair == .guarded)
    let full = try only(
      facts {
        $0.entry.link.kind = .directory
        $0.entry.target.kind = .directory
        $0.entry.isEmptyDirectory = false
      })
    #expect(full.id == FindingID("EW-NS-06"))
    #expect(full.remedy.repair == .manual)
    let link = try only(
      facts {
        namespace(9, &$0)
        $0.entry.link.kind = .symlink
        $0.entry.linkTarget = "/proc/4/ns/net"
      })
    #expect(link.id == FindingID("EW-NS-11"))
  }

  @Test func whatForbidsIsRowSevenOrNine() throws {
    let capability = try only(
      facts {
        namespace(9, &$0)
        $0.entry.enterCode = 1
        $0.surroundings.capabilities = 0
      })
    #expect(capability.id == FindingID("EW-NS-07"))
    #expect(capability.remedy.repair == .manual)
    #expect(capability.cause.en.contains("CAP_SYS_ADMIN"))
    let selinux = try only(
      facts {
        namespace(9, &$0)
        $0.entry.enterCode = 13
        $0.surroundings.isSELinuxEnforcing = true
        $0.surroundings.securityLabel = "container_t"
      })
    #expect(selinux.id == FindingID("EW-NS-09"))
  }

  @Test func theLimitIsRowEight() throws {
    let finding = try only(
      facts {
        $0.entry.link.code = 2
        $0.entry.target.code = 2
        $0.surroundings.creation = 28
        $0.surroundings.namespaceLimit = 12
      })
    #expect(finding.id == FindingID("EW-NS-08"))
    #expect(finding.cause.en.contains("12"))
  }

  @Test func refusedProcessesAreRowTenOnlyWhereSomethingIsMissing() throws {
    let refused = Surroundings.Blindness(what: "/proc/PID/ns/net", code: 13)
    let hardened = facts {
      namespace(9, &$0)
      $0.surroundings.blind = [refused]
    }
    #expect(Diagnosis(hardened, checks: Check.namespace).all.isEmpty)
    let finding = try only(
      facts {
        namespace(9, &$0)
        $0.surroundings.blind = [refused]
        $0.surroundings.capabilities = 1 << 21
      })
    #expect(finding.id == FindingID("EW-NS-10"))
    #expect(finding.cause.en.contains("CAP_SYS_PTRACE"))
  }

  @Test func aLivingOneWithoutANameIsRowElevenAndTwoOfOneNameRowTwelve() throws {
    let unpinned = try only(facts { $0.namespaces = [living(9)] })
    #expect(unpinned.id == FindingID("EW-NS-11"))
    #expect(unpinned.remedy.repair == .automatic)
    let guess = try only(
      facts {
        $0.marks = []
        $0.namespaces = [living(9)]
      })
    #expect(guess.certainty == .likely)
    #expect(guess.remedy.repair == .guarded)
    let disputed = try only(
      facts {
        namespace(9, &$0)
        $0.elsewhere = [sighting(10, .init(master: 5))]
        $0.namespaces = [living(9)]
      })
    #expect(disputed.id == FindingID("EW-NS-12"))
    #expect(disputed.remedy.repair == .guarded)
  }

  @Test func aLabelWithoutAnOvnEipIsRowThirteen() throws {
    var facts = facts { namespace(9, &$0) }
    var cluster = ClusterFacts()
    let labels = ["ovn.kubernetes.io/node-ext-gw": "true"]
    cluster.nodes = .value([.init(name: "node1", labels: labels), .init(name: "node2")])
    cluster.ovnEips = .value([])
    facts.cluster = .value(cluster)
    let finding = try only(facts)
    #expect(finding.id == FindingID("EW-NS-13"))
    #expect(finding.subject == "node1")
    #expect(finding.remedy.repair == .automatic && finding.remedy.actions.count == 1)
  }

  @Test func ovnEipsThatNobodyMayReadAreAGap() {
    var facts = facts { namespace(9, &$0) }
    var cluster = ClusterFacts()
    cluster.nodes = .value([.init(name: "node1", labels: ["ovn.kubernetes.io/node-ext-gw": "true"])])
    cluster.ovnEips = .unavailable("ovn-eips.kubeovn.io is forbidden")
    facts.cluster = .value(cluster)
    let diagnosis = Diagnosis(facts, checks: Check.namespace)
    #expect(diagnosis.all.isEmpty)
    #expect(diagnosis.areas.first?.gaps.map(\.reason) == ["ovn-eips.kubeovn.io is forbidden"])
  }

  @Test func whatCouldNotBeLookedAtIsSaid() {
    var facts = facts()
    facts.namespaces = .unavailable("read /proc: Permission denied")
    let diagnosis = Diagnosis(facts, checks: Check.namespace)
    #expect(diagnosis.all.isEmpty)
    #expect(diagnosis.areas.first?.gaps.first?.reason.contains("Permission denied") == true)
  }
}

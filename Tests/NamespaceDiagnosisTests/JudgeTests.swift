import Languages
import Testing

@testable import NamespaceDiagnosis

@Suite struct JudgingAName {
  private func judge(_ evidence: NamespaceEvidence) -> NamespaceState { .judge(evidence) }

  @Test func aMountedNetworkNamespaceIsHealthy() {
    #expect(judge(Sample.evidence()) == .healthy(NamespaceIdentity(device: 0, inode: 4_026_532_338)))
  }

  @Test func aNameThatIsNotThereIsAbsent() {
    #expect(judge(Sample.evidence(Sample.absentEntry())) == .absent)
  }

  @Test func aFileWithAModeIsPlainAndOneWithoutHasLostItsMount() {
    #expect(judge(Sample.evidence(Sample.fileEntry(mode: 0o644))) == .broken(.plainFile))
    #expect(judge(Sample.evidence(Sample.fileEntry(mode: 0))) == .broken(.mountMissing))
  }

  @Test(arguments: [(Int32(2), "danglingSymlink"), (40, "loopingSymlink")])
  func aLinkThatLeadsNowhereIsToldFromOneThatLoops(code: Int32, word: String) {
    #expect(judge(Sample.evidence(Sample.linkEntry(to: "/run/netns/x", code: code))).word == word)
  }

  @Test func aLinkToAProcessWorksButIsNotPinned() {
    var entry = Sample.healthyEntry()
    entry.link.kind = .symlink
    entry.linkTarget = "/proc/77/ns/net"
    #expect(judge(Sample.evidence(entry)).word == "symlinkToProcess")
    entry.linkTarget = "/run/netns/other"
    #expect(judge(Sample.evidence(entry)).isHealthy)
  }

  @Test(arguments: [NamespaceEvidence.FileKind.fifo, .socket, .device])
  func aSpecialFileIsNamed(kind: NamespaceEvidence.FileKind) {
    var entry = Sample.fileEntry(mode: 0o600)
    entry.link.kind = kind
    entry.target.kind = kind
    entry.openCode = kind == .socket ? 6 : 0
    #expect(judge(Sample.evidence(entry)) == .broken(.specialFile(kind)))
  }

  @Test func aDirectoryAnotherKindAndADeletedFileAreNamed() {
    var entry = Sample.fileEntry(mode: 0o755)
    entry.target.kind = .directory
    entry.isEmptyDirectory = false
    #expect(judge(Sample.evidence(entry)) == .broken(.directory(isEmpty: false)))
    entry = Sample.healthyEntry()
    entry.namespaceKind = "uts"
    #expect(judge(Sample.evidence(entry)) == .broken(.wrongKind("uts")))
    entry = Sample.fileEntry(mode: 0o600)
    entry.target.names = 0
    #expect(judge(Sample.evidence(entry)) == .broken(.deletedFile))
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0o600))
    evidence.layers = [
      Mount(id: 1, parent: 30, device: "0:24", root: "/x//deleted", point: Sample.path, fileSystem: "tmpfs")
    ]
    #expect(judge(evidence) == .broken(.deletedFile))
  }

  @Test(arguments: [
    (Mount.Propagation(master: 5), NamespaceFault.Barrier.Kind.slave), (.init(), .isolated),
    (.init(shared: 5), .none)
  ])
  func aMountInAPodOnlyIsFoundThereWithWhatStandsBetween(
    propagation: Mount.Propagation, kind: NamespaceFault.Barrier.Kind
  ) {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0o644))
    let sighting = Sample.sighting(propagation: propagation)
    evidence.elsewhere = [sighting]
    #expect(judge(evidence) == .broken(.hiddenMount(sighting, .init(kind, mountPoint: "/run/netns"))))
  }

  @Test func aPrivateDirectoryOnTheHostIsBlamedWhereThePodShares() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.surroundings.directory?.propagation = .init()
    evidence.elsewhere = [Sample.sighting(propagation: .init(shared: 5))]
    guard case .broken(.hiddenMount(_, let barrier)) = judge(evidence) else {
      Issue.record("\(judge(evidence))")
      return
    }
    #expect(barrier == .init(.hostPrivate, mountPoint: "/run/netns"))
    #expect(barrier.remedy?.en.contains("make-rshared /run/netns") == true)
  }

  @Test func theSameNameOnAnotherFileSystemMeansNothing() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0o644))
    evidence.elsewhere = [Sample.sighting(isSamePlace: false)]
    #expect(judge(evidence) == .broken(.plainFile))
  }

  @Test func aNameRemovedHereAndAliveElsewhereIsHiddenNotAbsent() {
    var evidence = Sample.evidence(Sample.absentEntry())
    evidence.elsewhere = [Sample.sighting()]
    #expect(judge(evidence).word == "hiddenMount")
  }

  @Test func twoInodesOfOneNameAreDisputedAndTheMarkTellsWhich() {
    var evidence = Sample.evidence()
    evidence.elsewhere = [Sample.sighting(4_026_532_400), Sample.sighting(4_026_532_338, mountNamespace: 1)]
    evidence.marks = ["ovnext0"]
    evidence.namespaces = [Sample.living(4_026_532_400, links: ["lo", "ovnext0"], pinned: true)]
    guard case .broken(.disputed(let claims)) = judge(evidence) else {
      Issue.record("\(judge(evidence))")
      return
    }
    #expect(claims.map(\.inode) == [4_026_532_338, 4_026_532_400])
    #expect(claims.map(\.isMarked) == [false, true])
    #expect(claims[0].sighting == nil)
  }

  @Test func theSameInodeElsewhereIsNoDispute() {
    var evidence = Sample.evidence()
    evidence.elsewhere = [Sample.sighting(4_026_532_338)]
    #expect(judge(evidence).isHealthy)
  }
}

@Suite struct JudgingWhatAProcessHolds {
  @Test func theOneWithTheRightInterfaceIsCertain() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.marks = ["ovnext0"]
    evidence.namespaces = [Sample.living(1, links: ["lo", "eth0"]), Sample.living(2, links: ["lo", "ovnext0"])]
    #expect(NamespaceState.judge(evidence) == .broken(.unpinned(evidence.namespaces[1], isCertain: true)))
    evidence.entry = Sample.absentEntry()
    #expect(NamespaceState.judge(evidence) == .broken(.unpinned(evidence.namespaces[1], isCertain: true)))
  }

  @Test func withoutAMarkTheOnlyOneIsProbableAndOfTwoNoneIsChosen() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.namespaces = [Sample.living(1, links: ["lo", "veth0"])]
    #expect(NamespaceState.judge(evidence) == .broken(.unpinned(evidence.namespaces[0], isCertain: false)))
    evidence.namespaces.append(Sample.living(2, links: ["lo", "veth1"]))
    #expect(NamespaceState.judge(evidence) == .broken(.mountMissing))
    #expect(evidence.unnamed.count == 2)
  }

  @Test func whatIsPinnedOrAServicesOrAContainersOrOursIsNotTaken() {
    var service = Sample.living(2)
    service.holders[0].cgroup = "/system.slice/systemd-localed.service"
    var container = Sample.living(3, links: ["lo", "eth0"])
    container.holders[0] = Sample.pod
    var home = Sample.living(4, links: ["lo", "eth0"])
    home.isHome = true
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.namespaces = [Sample.living(1, pinned: true), service, container, home]
    #expect(NamespaceState.judge(evidence) == .broken(.mountMissing))
  }

  @Test func aRememberedNamespaceIsCertain() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.remembered = 2
    evidence.namespaces = [Sample.living(1, links: ["lo", "a"]), Sample.living(2)]
    #expect(NamespaceState.judge(evidence) == .broken(.unpinned(evidence.namespaces[1], isCertain: true)))
  }

  @Test func anAbsentNameIsNotGivenToAGuess() {
    var evidence = Sample.evidence(Sample.absentEntry())
    evidence.namespaces = [Sample.living(1, links: ["lo", "veth0"])]
    #expect(NamespaceState.judge(evidence) == .absent)
  }
}

@Suite struct JudgingFromAContainer {
  @Test func aSlaveDirectoryHidesFromTheHostWhatWorksHere() {
    let state = NamespaceState.judge(Sample.inPod(.init(master: 5)))
    #expect(state.word == "hiddenFromHost")
    #expect(state.sentence.en.contains("the host sees only an empty file"))
  }

  @Test func theHostsOwnTableProvesThatItIsSeen() {
    var evidence = Sample.inPod(.init(master: 5))
    evidence.elsewhere = [Sample.sighting(4_026_532_338, propagation: .init(shared: 5), isHost: true)]
    #expect(NamespaceState.judge(evidence).isHealthy)
  }

  @Test func aDirectorySharedWithTheHostHidesNothing() {
    var evidence = Sample.inPod(.init(shared: 5))
    #expect(NamespaceState.judge(evidence).isHealthy)
    evidence.surroundings.firstDirectory = Sample.directory
    #expect(NamespaceState.judge(evidence).isHealthy)
    evidence.surroundings.firstDirectory?.propagation = .init(shared: 6)
    #expect(NamespaceState.judge(evidence).word == "hiddenFromHost")
  }

  @Test func aDirectoryOfItsOwnIsNoneOfTheHosts() {
    var evidence = Sample.inPod(.init())
    evidence.surroundings.firstDirectory = Sample.directory
    evidence.surroundings.directory?.device = "0:77"
    #expect(NamespaceState.judge(evidence).isHealthy)
  }

  @Test func whatTheHostHasAndThePodDoesNotSeeIsHidden() {
    var evidence = Sample.inPod(.init(), Sample.fileEntry(mode: 0))
    evidence.elsewhere = [Sample.sighting(propagation: .init(shared: 5), isHost: true)]
    guard case .broken(.hiddenMount(let sighting, let barrier)) = NamespaceState.judge(evidence) else {
      Issue.record("not hidden")
      return
    }
    #expect(sighting.isHost)
    #expect(barrier.kind == .isolated)
  }
}

@Suite struct JudgingWhatForbids {
  private func obstacles(_ code: Int32, _ change: (inout Surroundings) -> Void) -> [Obstacle] {
    var evidence = Sample.evidence()
    evidence.entry.enterCode = code
    change(&evidence.surroundings)
    guard case .broken(.notPermitted(.enter, code, let obstacles)) = NamespaceState.judge(evidence) else {
      return []
    }
    return obstacles
  }

  @Test func whatIsMissingIsNamedTheLikeliestFirst() {
    #expect(obstacles(1) { $0.capabilities = 0 }.first == .capability(.sysAdmin))
    #expect(obstacles(1) { $0.userNamespace = 4_026_532_500 } == [.userNamespace(4_026_532_500)])
    #expect(obstacles(1) { $0.seccomp = 2 } == [.seccomp])
    #expect(obstacles(1) { _ in } == [.unknown])
  }

  @Test func selinuxIsNamedOnlyWhereItEnforcesAndAppArmorOnlyWhereItConfines() {
    let context = "system_u:system_r:container_t:s0:c1,c2"
    let first = obstacles(13) {
      $0.isSELinuxEnforcing = true
      $0.securityLabel = context
    }
    #expect(first.first == .selinux(context: context))
    let second = obstacles(13) {
      $0.isSELinuxEnforcing = false
      $0.securityLabel = context
    }
    #expect(second == [.unknown])
    let third = obstacles(13) {
      $0.hasAppArmor = true
      $0.securityLabel = "cri-containerd.apparmor.d (enforce)"
    }
    #expect(third == [.appArmor(profile: "cri-containerd.apparmor.d (enforce)")])
    #expect(
      obstacles(13) {
        $0.hasAppArmor = true
        $0.securityLabel = "unconfined"
      } == [.unknown])
  }

  @Test func aNameThatMayNotBeReadOrMadeSaysSo() {
    var entry = Sample.absentEntry()
    entry.link.code = 13
    #expect(NamespaceState.judge(Sample.evidence(entry)).word == "notPermitted")
    var evidence = Sample.evidence(Sample.absentEntry())
    evidence.surroundings.creation = 1
    evidence.surroundings.capabilities = 0
    #expect(
      NamespaceState.judge(evidence)
        == .broken(.notPermitted(.create, code: 1, [.capability(.sysAdmin)])))
  }

  @Test func theLimitIsNamed() {
    var evidence = Sample.evidence(Sample.absentEntry())
    evidence.surroundings.creation = 28
    evidence.surroundings.namespaceLimit = 3
    #expect(NamespaceState.judge(evidence) == .broken(.limitReached(limit: 3)))
  }
}

import Languages
import Testing

@testable import NamespaceDiagnosis

@Suite struct PlanningARepair {
  private let beside = "/run/netns/.everway-repair-ovnext"

  private func plan(_ evidence: NamespaceEvidence, choice: UInt64? = nil) -> NamespaceRepair {
    var evidence = evidence
    if evidence.surroundings.creation == nil { evidence.surroundings.creation = 0 }
    return .make(evidence, choice: choice)
  }

  @Test func nothingIsDoneToWhatIsHealthy() { #expect(plan(Sample.evidence()).isEmpty) }

  @Test func anEmptyFileIsCoveredNeverRemoved() {
    let plan = plan(Sample.evidence(Sample.fileEntry(mode: 0o644)))
    #expect(plan.steps == [.hold(.new), .cover(path: Sample.path)])
    #expect(plan.safety == .automatic)
  }

  @Test func anAbsentNameIsPreparedBesideAndInstalled() {
    let plan = plan(Sample.evidence(Sample.absentEntry()))
    #expect(
      plan.steps == [.hold(.new), .prepare(path: beside), .install(prepared: beside, path: Sample.path)])
  }

  @Test func whatCannotBeCoveredIsExchangedAndDiscardedLast() {
    let plan = plan(Sample.evidence(Sample.linkEntry(to: "/x", code: 2)))
    #expect(
      plan.steps == [
        .hold(.new), .prepare(path: beside), .exchange(prepared: beside, path: Sample.path), .discard(path: beside)
      ])
  }

  @Test func whatLivesElsewhereIsTakenFromThere() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.elsewhere = [Sample.sighting(77)]
    let plan = plan(evidence)
    #expect(plan.inode == 77)
    #expect(plan.sources.first?.path == "/proc/812/root/run/netns/ovnext")
    #expect(plan.steps.last == .cover(path: Sample.path))
    #expect(plan.advice.contains { $0.en.contains("Bidirectional") })
  }

  @Test func whatAPreviousRepairPreparedIsUsedAndNeverClearedBeforeItIsPinned() {
    var evidence = Sample.evidence(Sample.linkEntry(to: "/x", code: 2))
    evidence.prepared = .init(path: beside, inode: 5)
    let plan = plan(evidence)
    #expect(plan.inode == 5)
    #expect(!plan.steps.contains(.clear(path: beside)))
    #expect(!plan.steps.contains(.prepare(path: beside)))
    #expect(plan.steps.contains(.exchange(prepared: beside, path: Sample.path)))
  }

  @Test func aNamespaceBelowAnotherMountIsNotDiscarded() {
    var entry = Sample.healthyEntry()
    entry.namespaceKind = "uts"
    var evidence = Sample.evidence(entry)
    evidence.layers = [
      Mount(id: 1, parent: 30, device: "0:4", root: "net:[8]", point: Sample.path, fileSystem: "nsfs"),
      Mount(id: 2, parent: 1, device: "0:4", root: "net:[9]", point: Sample.path, fileSystem: "nsfs"),
      Mount(id: 3, parent: 2, device: "0:4", root: "uts:[4]", point: Sample.path, fileSystem: "nsfs")
    ]
    let plan = plan(evidence)
    #expect(plan.sources.first == .layer(path: Sample.path, depth: 1, inode: 9))
    #expect(plan.steps.last == .cover(path: Sample.path))
    #expect(plan.safety == .guarded)
  }

  @Test func aGuessIsAskedAboutAndAChoiceIsNot() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.namespaces = [Sample.living(1, links: ["lo", "a"])]
    #expect(plan(evidence).safety == .guarded)
    #expect(plan(evidence, choice: 1).safety == .automatic)
    evidence.namespaces.append(Sample.living(2, links: ["lo", "b"]))
    #expect(plan(evidence).sources == [.new])
    #expect(plan(evidence).question?.en.contains("--from") == true)
    #expect(plan(evidence, choice: 3).safety == .manual)
  }

  @Test func aPrivateDirectoryOfTheHostIsSharedOnlyWhenAsked() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.surroundings.directory?.propagation = .init()
    evidence.elsewhere = [Sample.sighting(propagation: .init(shared: 5))]
    let plan = plan(evidence)
    #expect(!plan.steps.contains(.share(mountPoint: "/run/netns")))
    #expect(plan.extra == [.share(mountPoint: "/run/netns")])
    #expect(plan.extraQuestion != nil)
  }

  @Test func whereNoneCanBeMadeItSaysWhy() {
    var evidence = Sample.evidence(Sample.fileEntry(mode: 0))
    evidence.surroundings.creation = 28
    #expect(plan(evidence).obstacle?.en.contains("limit") == true)
    evidence.surroundings.creation = 1
    evidence.surroundings.capabilities = 0
    #expect(plan(evidence).advice.first?.en.contains("CAP_SYS_ADMIN") == true)
  }

  @Test func everyStepAndStateSpeaksBothLanguages() {
    for state in [NamespaceState.absent, .broken(.plainFile), .broken(.limitReached(limit: 3))] {
      #expect(state.sentence.zh.unicodeScalars.contains { (0x4e00...0x9fff).contains($0.value) })
    }
    for step in plan(Sample.evidence(Sample.linkEntry(to: "/x", code: 2))).steps {
      #expect(step.sentence.zh.unicodeScalars.contains { (0x4e00...0x9fff).contains($0.value) })
      #expect(!step.shell.isEmpty)
    }
  }

  @Test func aLongNameStillHasRoomBeside() {
    let path = "/run/netns/" + String(repeating: "x", count: 255)
    let prepared = NamespaceEvidence.preparedPath(for: path).dropFirst("/run/netns/".count)
    #expect(prepared.utf8.count <= 255)
    #expect(NamespaceEvidence.preparedPath(for: path) != NamespaceEvidence.preparedPath(for: path + "y"))
  }
}

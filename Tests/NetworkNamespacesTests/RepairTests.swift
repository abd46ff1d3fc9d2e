import CLinux
import Glibc
import NamespaceDiagnosis
import NamespaceTestSupport
import Testing

@testable import NetworkNamespaces

@Suite(.enabled(if: geteuid() == 0), .serialized) struct RepairingBrokenNames {
  @Test(arguments: BrokenName.Kind.allCases) func eachStateIsNamedAndRepaired(kind: BrokenName.Kind) throws {
    let broken = try BrokenName(kind)
    let evidence = try broken.evidence()
    #expect(NamespaceState.judge(evidence).word == kind.word, "\(NamespaceState.judge(evidence))")
    let plan = NamespaceRepair.make(evidence)
    try #require(plan.obstacle == nil, "\(plan)")
    let identity = try NamespaceRepairer.carryOut(plan, evidence)
    #expect(try NetworkNamespace.state(named: broken.name) == identity.map { .healthy($0) })
    let after = try broken.evidence()
    #expect(NamespaceState.judge(after).isHealthy, "\(NamespaceState.judge(after))")
    #expect(NamespaceRepair.make(after).isEmpty)
    if kind.isAlive {
      #expect(identity?.inode == broken.inode)
      #expect(try broken.links().contains(broken.mark))
      // The pin alone keeps it now.
      broken.endProcesses()
      #expect(try broken.links().contains(broken.mark))
    } else {
      #expect(try broken.links() == ["lo"])
    }
  }

  /// As a kill between two steps would leave it: repaired again, it gets to the same end, and the living one lives.
  @Test(arguments: BrokenName.Kind.allCases) func aRepairThatIsCutOffAnywhereIsFinishedByTheNext(
    kind: BrokenName.Kind
  ) throws {
    var cut = 0
    while true {
      let broken = try BrokenName(kind)
      let before = try broken.evidence()
      let plan = NamespaceRepair.make(before)
      guard cut <= plan.steps.count else { break }
      var done = 0
      try NamespaceRepairer.carryOut(plan, before) { _ in
        defer { done += 1 }
        return done < cut
      }
      let between = try broken.evidence()
      let state = NamespaceState.judge(between)
      let wasUsable = NamespaceState.judge(before).identity != nil
      #expect(state.isHealthy || state.word == kind.word, "after \(cut): \(state)")
      #expect(!wasUsable || state.identity != nil, "after \(cut) it no longer works: \(state)")
      // What a prepared pin holds must not be lost, even if the processes end before the next repair.
      if between.prepared?.inode == broken.inode || state.isHealthy { broken.endProcesses() }
      let again = try broken.evidence()
      let next = NamespaceRepair.make(again)
      #expect(next.obstacle == nil, "after \(cut): \(next)")
      if !next.isEmpty { try NamespaceRepairer.carryOut(next, again) }
      let after = try broken.evidence()
      #expect(NamespaceState.judge(after).isHealthy, "after \(cut): \(NamespaceState.judge(after))")
      #expect(after.prepared == nil, "after \(cut)")
      if kind.isAlive {
        #expect(after.inodeHere == broken.inode, "after \(cut)")
        #expect(try broken.links().contains(broken.mark), "after \(cut)")
      }
      cut += 1
    }
    #expect(cut > 1)
  }

  @Test func aNameThatChangesBetweenLookAndRepairIsLeftAlone() throws {
    let broken = try BrokenName(.plainFile)
    let evidence = try broken.evidence()
    unlink(broken.path)
    let made = try NetworkNamespace.create(named: broken.name)
    let error = #expect(throws: SystemCallError.self) {
      try NamespaceRepairer.carryOut(NamespaceRepair.make(evidence), evidence)
    }
    #expect(error?.code == EAGAIN)
    #expect(try NetworkNamespace.state(named: broken.name) == .healthy(made.identity()))
  }

  @Test func aFullDirectoryIsLeftToAPerson() throws {
    let broken = try BrokenName(.directory)
    close(open("\(broken.path)/file", O_CREAT | O_WRONLY, 0o644))
    defer { unlink("\(broken.path)/file") }
    let evidence = try broken.evidence()
    #expect(NamespaceState.judge(evidence) == .broken(.directory(isEmpty: false)))
    #expect(NamespaceRepair.make(evidence).safety == .manual)
  }

  /// Another mount namespace has another namespace of this name: covering ours must not take theirs away.
  @Test func ofTwoThatHaveTheNameTheOneWithTheInterfaceIsKeptAndTheOtherLives() throws {
    let broken = try BrokenName(.mountMissing)
    umount2(broken.path, Int32(MNT_DETACH))
    unlink(broken.path)
    let first = try NetworkNamespace.create(named: broken.name)
    let pid = try broken.background(
      "exec unshare --mount --propagation slave sh -c 'umount \(broken.path) && unshare --net=\(broken.path) "
        + "ip link add \(broken.mark) type veth peer name \(broken.mark)p && exec sleep 300'")
    let isReady = waitFor { ProcFiles.line("/proc/\(pid)/comm") == "sleep" }
    try #require(isReady)
    let evidence = try broken.evidence()
    guard case .broken(.disputed(let claims)) = NamespaceState.judge(evidence) else {
      Issue.record("\(NamespaceState.judge(evidence))")
      return
    }
    #expect(claims.map(\.isMarked) == [false, true])
    let plan = NamespaceRepair.make(evidence)
    #expect(plan.safety == .guarded)
    #expect(plan.inode == claims[1].inode)
    try NamespaceRepairer.carryOut(plan, evidence)
    #expect(try broken.links().contains(broken.mark))
    #expect(try NamespaceState.judge(broken.evidence()).isHealthy)
    // The first is below, and comes back.
    umount2(broken.path, Int32(MNT_DETACH))
    #expect(try NetworkNamespace.state(named: broken.name) == .healthy(first.identity()))
  }

  @Test func oursIsPutOverTheirsWhereOursHasTheInterface() throws {
    let broken = try BrokenName(.mountMissing)
    unlink(broken.path)
    let ours = try NetworkNamespace.create(named: broken.name)
    try run("ip -n \(broken.name) link add \(broken.mark) type veth peer name \(broken.mark)p")
    let pid = try broken.background(
      "exec unshare --mount --propagation private sh -c 'umount \(broken.path) && "
        + "unshare --net=\(broken.path) true && exec sleep 300'")
    let isReady = waitFor { ProcFiles.line("/proc/\(pid)/comm") == "sleep" }
    try #require(isReady)
    let evidence = try broken.evidence()
    #expect(NamespaceState.judge(evidence).word == "disputed")
    let plan = NamespaceRepair.make(evidence)
    #expect(plan.steps.count == 2)
    try NamespaceRepairer.carryOut(plan, evidence)
    let there = MountTable(text: ProcFiles.text("/proc/\(pid)/mountinfo") ?? "").layers(at: broken.path)
    #expect(try there.last?.networkNamespace == ours.identity().inode)
    #expect(try NamespaceState.judge(broken.evidence()).isHealthy)
  }
}

@Suite(.enabled(if: geteuid() == 0), .serialized) struct LookingFromElsewhere {
  /// Runs on a thread with a mount namespace of its own, as a container has one.
  private func inside<T: Sendable>(
    _ propagation: Int32, _ body: @Sendable () throws(SystemCallError) -> T
  ) throws(SystemCallError) -> T {
    try onOwnThread { () throws(SystemCallError) in
      guard cl_unshare(Int32(CL_CLONE_NEWNS)) == 0,
        mount("", "/", "none", UInt(MS_REC) | UInt(propagation), nil) == 0
      else { throw SystemCallError("make a mount namespace") }
      return try body()
    }
  }

  @Test(arguments: [(Int32(MS_SLAVE), NamespaceFault.Barrier.Kind.slave), (Int32(MS_PRIVATE), .isolated)])
  func whatIsMadeInsideIsSaidToBeHiddenFromTheHostAndIsPutThere(
    propagation: Int32, kind: NamespaceFault.Barrier.Kind
  ) throws {
    let name = NamespaceNames.make("inside")
    defer { NamespaceNames.erase(name) }
    let home = try BrokenName(.absent)
    _ = home
    let (state, repaired) = try inside(propagation) { () throws(SystemCallError) in
      let made = try NetworkNamespace.create(named: name)
      // `ip netns add` and we make the directory shared, among those further in.
      if propagation == Int32(MS_PRIVATE) { mount("", "/run/netns", "none", UInt(MS_PRIVATE), nil) }
      let inode = try made.identity().inode
      let evidence = try NetworkNamespace.evidence(named: name)
      let plan = NamespaceRepair.make(evidence)
      try NamespaceRepairer.carryOut(plan, evidence)
      let after = NamespaceState.judge(try NetworkNamespace.evidence(named: name))
      return (NamespaceState.judge(evidence), (after, inode))
    }
    guard case .broken(.hiddenFromHost(_, let barrier)) = state else {
      Issue.record("\(state)")
      return
    }
    #expect(barrier.kind == kind)
    #expect(repaired.0.isHealthy)
    #expect(try NetworkNamespace.state(named: name).identity?.inode == repaired.1)
  }

  @Test func whatTheHostHasAndThisMountNamespaceHasLostIsFetchedFromTheHost() throws {
    let name = NamespaceNames.make("outside")
    defer { NamespaceNames.erase(name) }
    let made = try NetworkNamespace.create(named: name)
    let inode = try made.identity().inode
    let (before, after) = try inside(Int32(MS_PRIVATE)) { () throws(SystemCallError) in
      umount2(NetworkNamespace.path(named: name), Int32(MNT_DETACH))
      let evidence = try NetworkNamespace.evidence(named: name)
      try NamespaceRepairer.carryOut(.make(evidence), evidence)
      return (NamespaceState.judge(evidence), try NetworkNamespace.evidence(named: name).inodeHere)
    }
    #expect(before.word == "hiddenMount")
    #expect(after == inode)
  }
}

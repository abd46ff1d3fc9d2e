import Testing

@testable import NamespaceDiagnosis

@Suite struct MountLines {
  @Test func aLineOfMountinfoIsRead() throws {
    let mount = try #require(
      Mount(line: "43 42 0:4 net:[4026532338] /run/netns/a\\040b rw shared:2 master:1 - nsfs nsfs rw"))
    #expect(mount.point == "/run/netns/a b")
    #expect(mount.networkNamespace == 4_026_532_338)
    #expect(mount.propagation == .init(shared: 2, master: 1))
    #expect(mount.nsfsInode(kind: "uts") == nil)
  }

  @Test(arguments: ["", "1 2 3", "43 42 0:4 / /x rw shared:2 nsfs nsfs rw", "a 42 0:4 / /x rw - nsfs nsfs rw"])
  func whatIsNoLineIsLeftOut(line: String) { #expect(Mount(line: line) == nil) }

  @Test func aDeletedRootIsKnown() throws {
    let mount = try #require(Mount(line: "43 42 0:24 /x//deleted /run/netns/x rw - tmpfs tmpfs rw"))
    #expect(mount.isDeleted)
  }

  @Test func theInnermostMountHoldsAPathAndItsPlaceIsTheFileSystems() {
    let host = MountTable(
      text: "22 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n30 22 0:24 / /run rw shared:5 - tmpfs tmpfs rw\n"
        + "31 30 0:24 /netns /run/netns rw shared:5 - tmpfs tmpfs rw\n")
    let pod = MountTable(
      text: "90 1 0:50 / / rw - overlay overlay rw\n91 90 0:24 /netns /var/run/netns rw master:5 - tmpfs tmpfs rw\n"
    )
    #expect(host.holder(of: "/run/netns/x")?.id == 31)
    #expect(host.holder(of: "/run/netnsx")?.id == 30)
    #expect(host.place(of: "/run/netns/x") == pod.place(of: "/var/run/netns/x"))
    #expect(host.place(of: "/run/netns/x") != pod.place(of: "/run/netns/x"))
  }
}

@Suite struct WhoseAProcessIs {
  private static let id = String(repeating: "0f", count: 32)
  private static let uid = "0aa0bd0b-2b9b-4b0e-9d8c-2f2f0a0b0c0d"

  @Test(arguments: [
    ("/kubepods/burstable/pod\(uid)/\(id)", true),
    (
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(uid.map { $0 == "-" ? "_" : String($0) }.joined()).slice/cri-containerd-\(id).scope",
      true
    ),
    (
      "/kubepods.slice/kubepods-pod\(uid.map { $0 == "-" ? "_" : String($0) }.joined()).slice/crio-\(id).scope",
      true
    ),
    ("/docker/\(id)", false), ("/system.slice/docker-\(id).scope", false),
    ("/machine.slice/libpod-\(id).scope", false)
  ])
  func containerAndPodAreReadFromTheCgroup(path: String, hasPod: Bool) {
    let process = ProcessReference(pid: 1, command: "x", cgroup: path)
    #expect(process.container == Self.id)
    #expect(process.pod == (hasPod ? Self.uid : nil))
  }

  @Test(arguments: ["/", "/system.slice/sshd.service", "/user.slice/user-0.slice/session-3.scope", nil])
  func whatIsNoContainerIsNotTakenForOne(path: String?) {
    let process = ProcessReference(pid: 1, command: "x", cgroup: path)
    #expect(process.container == nil)
    #expect(process.pod == nil)
  }

  @Test func theLongestHierarchyTellsMost() {
    #expect(ProcessReference.cgroup(text: "3:cpu:/\n1:name=systemd:/docker/x\n0::/\n") == "/docker/x")
    #expect(ProcessReference.cgroup(text: "0::/\n") == nil)
  }
}

import Testing

@testable import NetworkNamespaces

@Suite struct WhetherMountsReachTheHost {
  private let root = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw"

  @Test func aSharedMountPassesThemOn() {
    let table = "\(root)\n30 22 0:24 / /run rw,nosuid shared:5 - tmpfs tmpfs rw\n"
    #expect(MountPropagation.judge("/run/netns", mountinfo: table) == .reachesHost)
  }

  /// As `ip netns exec` leaves it: everything is a slave.
  @Test func aSlaveDoesNot() {
    let table = "22 1 254:0 / / rw,relatime master:1 - ext4 /dev/vda rw\n"
    #expect(MountPropagation.judge("/run/netns", mountinfo: table) == .hidden(mountPoint: "/"))
  }

  /// As `ip netns add` inside of one leaves it: shared among themselves, still a slave of the host's.
  @Test func aSlaveThatIsSharedOnlyFurtherInDoesNot() {
    let table = "\(root)\n31 22 254:0 /run/netns /run/netns rw shared:9 master:1 - ext4 /dev/vda rw\n"
    #expect(MountPropagation.judge("/run/netns", mountinfo: table) == .hidden(mountPoint: "/run/netns"))
  }

  @Test func theInnermostMountDecidesAndTheLastOfOneOnAnother() {
    let table =
      "\(root)\n30 22 0:24 / /run rw - tmpfs tmpfs rw\n31 30 0:25 / /run/netns rw - tmpfs tmpfs rw\n"
      + "32 31 0:26 / /run/netns rw shared:7 - tmpfs tmpfs rw\n33 22 0:27 / /run/netns2 rw - tmpfs tmpfs rw\n"
    #expect(MountPropagation.judge("/run/netns", mountinfo: table) == .reachesHost)
    #expect(MountPropagation.judge("/run/other", mountinfo: table) == .hidden(mountPoint: "/run"))
  }

  @Test func whereTheHostCannotBeComparedOnlyASlaveIsCalledHidden() {
    let privately = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    #expect(MountPropagation.judge("/run/netns", mountinfo: privately, isHomeUnknown: true) == nil)
    let slave = "22 1 254:0 / / rw,relatime master:1 - ext4 /dev/vda rw\n"
    #expect(
      MountPropagation.judge("/run/netns", mountinfo: slave, isHomeUnknown: true) == .hidden(mountPoint: "/"))
  }

  @Test(arguments: ["", "garbage", "1 2 3 4 5 6\n", "22 1 254:0 / /elsewhere rw shared:1 - ext4 /dev/vda rw"])
  func nothingIsSaidOfWhatCannotBeRead(table: String) {
    #expect(MountPropagation.judge("/run/netns", mountinfo: table) == nil)
  }
}

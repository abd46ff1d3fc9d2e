import Addresses
import BFD
import ConfigurationFile
import Glibc
import Netlink

/// Next hops and next-hop groups in the kernel, one message each.
struct KernelGroups: ~Copyable {
  private var socket: NetlinkSocket
  private var message = NextHopGroupMessage()
  private var members: [NextHop.Member] = []

  init(socket: consuming NetlinkSocket) {
    self.socket = socket
    members.reserveCapacity(256)
  }

  /// Adds or replaces the next hop of a path.
  mutating func setNextHop(_ id: UInt32, via gateway: IPAddress, interface: Int32) throws(NetlinkError) {
    try socket.perform(
      .replaceNextHop(NextHop(id, .gateway(gateway, interface: interface), protocol: .everway)))
  }

  /// Replaces a group's members in one message, however many routes use it.
  mutating func setGroup(
    _ id: UInt32, _ type: NextHop.GroupType, _ new: some Sequence<NextHop.Member>
  ) throws(NetlinkError) {
    members.removeAll(keepingCapacity: true)
    members.append(contentsOf: new)
    let list = members  // shares the buffer: `message` and `members` are both parts of self
    message.encodeReplace(group: id, type, members: list.span, protocol: .everway)
    try socket.sendAndAwaitAck(&message)
  }

  /// Makes sure that the next hop which drops a family's packets is there.
  mutating func setBlackhole(_ family: AddressFamily) throws(NetlinkError) {
    try socket.perform(
      .replaceNextHop(NextHop(NextHopIDs.blackhole(family), .blackhole(family), protocol: .everway)))
  }

  /// Removes a group, and with it its routes; one that is gone already is no error.
  mutating func removeGroup(_ id: UInt32) throws(NetlinkError) {
    do throws(NetlinkError) {
      message.encodeRemoval(of: id)
      try socket.sendAndAwaitAck(&message)
    } catch  where error.code == ENOENT {
    }
  }
}

extension GatewayConfiguration.GroupType {
  /// The kernel's type.
  var kernelType: NextHop.GroupType {
    switch self {
    case .plain: .multipath
    case .resilient(let buckets, let idle, let unbalanced):
      .resilient(
        NextHop.Resilience(buckets: UInt16(clamping: buckets), idleTimer: idle, unbalancedTimer: unbalanced))
    }
  }
}

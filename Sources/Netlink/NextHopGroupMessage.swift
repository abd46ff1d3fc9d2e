import CLinux
import Glibc

/// A message about a next-hop group that is written again and again into memory allocated once: what takes a dead path
/// out, at once.
public struct NextHopGroupMessage: ~Copyable, Sendable {
  var writer: MessageWriter
  private(set) var operation: StaticString = "send an empty message"

  /// - Parameter members: how many members fit without allocating.
  public init(capacity members: Int = 256) {
    writer = MessageWriter(capacity: 128 + 8 * max(0, members))
  }

  /// Makes this message replace a group's members, or make the group (RTM_NEWNEXTHOP, NLM_F_REPLACE | NLM_F_CREATE).
  ///
  /// The kernel's rules: at least one member, none a group; a blackhole member stands alone; the type and a resilient
  /// group's number of buckets stay what they were. Weights are 1 to 256.
  public mutating func encodeReplace(
    group id: UInt32, _ type: NextHop.GroupType, members: Span<NextHop.Member>, protocol: RouteProtocol = .static
  ) {
    operation = "replace a next-hop group"
    writer.reset()
    var header = nhmsg()
    header.nh_protocol = `protocol`.rawValue
    writer.begin(RTM_NEWNEXTHOP, flags: NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, sequence: 0, header)
    writer.put(NHA_ID, id)
    type.encode(members, into: &writer)
    writer.end()
  }

  /// Makes this message remove a next hop, from every group too (RTM_DELNEXTHOP).
  public mutating func encodeRemoval(of id: UInt32) {
    operation = "remove a next hop"
    writer.reset()
    NextHop.encodeRemoval(of: id, into: &writer, sequence: 0)
    writer.requestAck()
  }
}

extension NetlinkSocket {
  /// Sends a message and waits for the kernel's acknowledgement, on the calling thread, without allocating: when this
  /// returns, packets follow the new group.
  /// - Throws: the kernel's refusal; only then is anything allocated.
  public mutating func sendAndAwaitAck(_ message: inout NextHopGroupMessage) throws(NetlinkError) {
    let operation = message.operation
    guard !message.writer.bytes.isEmpty, !message.writer.overflowed else {
      throw NetlinkError("\(operation)", code: EMSGSIZE)
    }
    sequence &+= 1
    message.writer.renumber(sequence)
    try transmit(message.writer.bytes) { "\(operation)" }
    try awaitAck { "\(operation)" }
  }
}

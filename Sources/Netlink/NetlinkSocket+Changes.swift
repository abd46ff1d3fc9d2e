public import Addresses
import CLinux
import Glibc
public import NetworkNamespaces

extension NetlinkSocket {
  /// One change of a batch that the kernel refused.
  public struct Refusal: Error, Hashable, Sendable {
    /// Its place in the batch.
    public var index: Int
    public var error: NetlinkError
  }

  /// Makes one change and waits until it is in force.
  public mutating func perform(_ change: NetlinkChange) throws(NetlinkError) {
    if let refusal = try perform([change]).first { throw refusal.error }
  }

  /// Makes many changes in order, hundreds in one system call; one that is refused does not stop the others.
  ///
  /// About 2-3 us for a route. Only the last of each send is acknowledged; the kernel reports a refusal without being
  /// asked.
  /// - Returns: those that were refused, in order.
  /// - Throws: when the conversation itself fails; it is then unknown which changes are in force.
  public mutating func perform(_ changes: [NetlinkChange]) throws(NetlinkError) -> [Refusal] {
    var refusals: [Refusal] = []
    var writer = MessageWriter(capacity: min(changes.count * 96, 40_000))
    var next = 0
    while next < changes.count {
      writer.reset()
      let first = next
      let base = sequence &+ 1
      // Well below the send buffer (net.core.wmem_default, 212,992).
      while next < changes.count, next - first < batchLimit, writer.bytes.count < 32_000 {
        sequence &+= 1
        changes[next].encode(into: &writer, sequence: sequence)
        if writer.overflowed {
          sequence &-= 1
          writer.cancel()
          if next > first { break }
          refusals.append(Refusal(index: next, error: NetlinkError("\(changes[next])", code: EMSGSIZE)))
          next += 1
          break
        }
        next += 1
      }
      guard !writer.bytes.isEmpty else { continue }
      try exchange(&writer, base: base) {
        changes[first + $0].description
      } refused: { offset, error in
        refusals.append(Refusal(index: first + offset, error: error))
      }
    }
    return refusals
  }

  /// Sends the messages in `writer`, numbered from `base` to `sequence`, and collects the kernel's verdicts.
  private mutating func exchange(
    _ writer: inout MessageWriter, base: UInt32, describe: (Int) -> String, refused: (Int, NetlinkError) -> Void
  ) throws(NetlinkError) {
    let last = sequence &- base
    writer.requestAck()
    try transmit(writer.bytes) { describe(0) }
    while true {
      let count = try receive { describe(0) }
      for message in NetlinkMessages(buffer[..<count]) where message.type == UInt16(NLMSG_ERROR) {
        let offset = message.sequence &- base
        guard offset <= last else { continue }
        guard let answer = Acknowledgement(message) else {
          throw NetlinkError(describe(Int(offset)), code: EBADMSG)
        }
        if answer.code != 0 { refused(Int(offset), answer.error(describe(Int(offset)))) }
        if offset == last { return }
      }
    }
  }
}

/// Shorthands: each is `perform` of the change of that name.
extension NetlinkSocket {
  /// Changes fields of a link; those left out stay.
  public mutating func setLink(
    _ index: Int32, up: Bool? = nil, mtu: UInt32? = nil, mac: MACAddress? = nil, name: String? = nil,
    master: Int32? = nil
  ) throws(NetlinkError) {
    try perform(.setLink(index, LinkSettings(isUp: up, mtu: mtu, mac: mac, name: name, master: master)))
  }

  /// Moves a link to another namespace; there it is down, without addresses and routes. EEXIST when its name is taken.
  public mutating func moveLink(
    _ index: Int32, to namespace: borrowing NetworkNamespace, name: String? = nil
  ) throws(NetlinkError) {
    try perform(.moveLink(index, namespaceDescriptor: namespace.descriptor, name: name))
  }

  /// Makes a veth pair, both ends down.
  public mutating func createVeth(_ end: VethEnd, peer: VethEnd) throws(NetlinkError) {
    try perform(.createVeth(end, peer: peer))
  }

  /// Makes a veth pair whose peer is in another namespace.
  public mutating func createVeth(
    _ name: String, peer: String, in namespace: borrowing NetworkNamespace
  ) throws(NetlinkError) {
    try createVeth(VethEnd(name), peer: VethEnd(peer, namespaceDescriptor: namespace.descriptor))
  }

  public mutating func createBridge(_ name: String) throws(NetlinkError) { try perform(.createBridge(name)) }

  public mutating func removeLink(_ index: Int32) throws(NetlinkError) { try perform(.removeLink(index)) }

  public mutating func addAddress(
    _ prefix: IPPrefix, interface: Int32, flags: InterfaceAddress.Flags = []
  ) throws(NetlinkError) {
    try perform(.addAddress(InterfaceAddress(interface: interface, prefix: prefix, flags: flags)))
  }

  public mutating func removeAddress(_ prefix: IPPrefix, interface: Int32) throws(NetlinkError) {
    try perform(.removeAddress(InterfaceAddress(interface: interface, prefix: prefix)))
  }
}

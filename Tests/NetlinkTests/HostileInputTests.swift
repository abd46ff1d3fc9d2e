import Addresses
import CLinux
import Glibc
import Testing

@testable import Netlink

/// Whatever comes in a message, decoding it ends, traps never, and reads nothing beyond its end.
@Suite struct HostileInput {
  /// One real message of each kind we decode, as our writer makes them.
  private static let samples: [[UInt8]] = {
    let address = IPAddress.v4(IPv4Address(10, 0, 0, 1))
    let route = Route(
      IPPrefix(host: address), paths: [.init(gateway: address, interface: 3), .init(gateway: nil, interface: 4)],
      table: 1000, preferredSource: address, mtu: 1300)
    let mac = MACAddress(bits: 7)
    let group = NextHop(
      3, .group([.init(1), .init(2, weight: 9)], .resilient(.init(buckets: 8, idleTimer: .seconds(1)))))
    let changes: [NetlinkChange] = [
      .addRoute(route), .addNextHop(group), .addNextHop(NextHop(4, .gateway(address, interface: 3))),
      .setNeighbour(Neighbour(interface: 3, address: address, linkAddress: mac)),
      .addAddress(InterfaceAddress(interface: 3, prefix: IPPrefix(host: address))),
      .setLink(3, LinkSettings(isUp: true, mtu: 1400, mac: mac, name: "a0", master: 4)),
      .createVeth(VethEnd("a0"), peer: VethEnd("b0"))
    ]
    return changes.map { change in
      var writer = MessageWriter()
      change.encode(into: &writer, sequence: 1)
      return writer.bytes
    }
  }()

  /// Decodes everything as everything.
  private func decodeAll(_ bytes: [UInt8]) -> Int {
    var decoded = 0
    for message in NetlinkMessages(bytes[...]) {
      if RouteEvent(message) != nil { decoded += 1 }
      for type in [Int(NLMSG_ERROR), Int(NLMSG_DONE)] {
        var other = message
        other.type = UInt16(type)
        _ = Acknowledgement(other)
      }
      _ = Link(message)
      _ = InterfaceAddress(message)
      _ = Route(message)
      _ = NextHop(message)
      _ = NextHopBucket(message)
      _ = Neighbour(message)
    }
    return decoded
  }

  @Test func theSamplesThemselvesAreRead() {
    #expect(Self.samples.prefix(6).map(decodeAll) == [1, 1, 1, 1, 1, 1])
  }

  @Test func aMessageCutAnywhereIsReadWithoutATrap() {
    for sample in Self.samples {
      for count in 0..<sample.count {
        #expect(decodeAll(Array(sample.prefix(count))) == 0)
        // The same with a header that owns up to the cut.
        guard count >= 16 else { continue }
        var cut = Array(sample.prefix(count))
        cut[0] = UInt8(truncatingIfNeeded: count)
        cut[1] = UInt8(truncatingIfNeeded: count >> 8)
        _ = decodeAll(cut)
      }
    }
  }

  @Test(arguments: [0, 1, 3, 4, 5, 0x7f, 0xff]) func everyOctetReplacedByAWildOneIsReadWithoutATrap(value: UInt8) {
    for sample in Self.samples {
      for index in sample.indices {
        var wild = sample
        wild[index] = value
        _ = decodeAll(wild)
        if index + 1 < wild.count { wild[index + 1] = value }
        _ = decodeAll(wild)
      }
    }
  }

  @Test func randomOctetsBehindAValidHeaderAreReadWithoutATrap() {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    let types = [
      RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEXTHOP, RTM_DELNEXTHOP, RTM_NEWNEXTHOPBUCKET,
      RTM_NEWNEIGH, Int(NLMSG_ERROR), Int(NLMSG_DONE)
    ]
    for _ in 0..<20_000 {
      let count = Int(next() % 160)
      var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 20) }
      // Half of the attributes get a plausible length, so that the inside is reached.
      if count > 40 {
        bytes[28] = UInt8(next() % 64)
        bytes[29] = 0
        bytes[30] = UInt8(next() % 40)
        bytes[31] = 0
      }
      if count >= 16 {
        bytes.replaceSubrange(0..<4, with: withUnsafeBytes(of: UInt32(count)) { Array($0) })
        bytes.replaceSubrange(4..<6, with: withUnsafeBytes(of: types[Int(next() % 10)].number) { Array($0) })
      }
      _ = decodeAll(bytes)
    }
  }

  @Test(arguments: [
    [UInt8](), [1], [0, 0, 0, 0], [3, 0, 1, 0], [4, 0, 1, 0], [5, 0, 1, 0], [255, 255, 1, 0, 9],
    [8, 0, 1, 0, 1, 2, 3, 4, 0, 0, 2, 0], [8, 0, 1, 0, 1, 2, 3, 4, 9, 0, 2, 0, 1]
  ])
  func aRunOfAttributesEndsAtTheFirstImpossibleLength(bytes: [UInt8]) {
    let whole = Array(Attributes(bytes[...]))
    #expect(whole.count <= 1)
    #expect(whole.allSatisfy { $0.value.count <= 4 })
  }

  @Test func aLengthOfZeroInAMessageOrAPathEndsTheReading() {
    #expect(Array(NetlinkMessages([UInt8](repeating: 0, count: 64)[...])).isEmpty)
    var writer = MessageWriter()
    var header = rtmsg()
    header.rtm_family = UInt8(AF_INET)
    writer.begin(RTM_NEWROUTE, flags: 0, sequence: 1, header)
    writer.put(RTA_MULTIPATH, bytes: [UInt8](repeating: 0, count: 32))
    writer.end()
    let routes = NetlinkMessages(writer.bytes[...]).compactMap { Route($0) }
    #expect(routes.map(\.paths) == [[]])
  }

  @Test func anAddressOfTheWrongLengthOrFamilyMakesNoRoute() {
    for count in [0, 1, 3, 5, 15, 16, 17] {
      var writer = MessageWriter()
      var header = rtmsg()
      header.rtm_family = UInt8(AF_INET)
      header.rtm_dst_len = 24
      writer.begin(RTM_NEWROUTE, flags: 0, sequence: 1, header)
      writer.put(RTA_DST, bytes: [UInt8](repeating: 1, count: count))
      writer.end()
      #expect(NetlinkMessages(writer.bytes[...]).compactMap { Route($0) }.isEmpty)
    }
  }

  @Test func aPrefixLengthBeyondTheFamilyMakesNothing() {
    var writer = MessageWriter()
    var header = rtmsg()
    header.rtm_family = UInt8(AF_INET)
    header.rtm_dst_len = 33
    writer.begin(RTM_NEWROUTE, flags: 0, sequence: 1, header)
    writer.end()
    #expect(NetlinkMessages(writer.bytes[...]).compactMap { Route($0) }.isEmpty)
  }

  @Test func anErrorOfTheSmallestNumberThereIsDoesNotTrap() {
    for code in [Int32.min, .max, -1, 0] {
      var payload = withUnsafeBytes(of: code) { Array($0) }
      payload += [UInt8](repeating: 0xff, count: 40)
      let message = NetlinkMessage(
        type: UInt16(NLMSG_ERROR), flags: UInt16(NLM_F_ACK_TLVS), sequence: 1, payload: payload[...])
      #expect(Acknowledgement(message)?.code ?? -1 >= 0)
    }
  }

  @Test func aTimeBeyondAllMeasureIsClamped() {
    #expect(Duration(kernelTicks: .max) > .seconds(1_000_000))
    #expect(Duration.seconds(Int64.max).kernelTicks == .max)
    #expect(Duration.seconds(-5).kernelTicks == 0)
    #expect(Duration.nanoseconds(1).kernelTicks == 1)
    #expect(Duration.milliseconds(1230).kernelTicks == 123)
  }

  @Test(arguments: [Int.min, -5, 0, 1, 256, 257, Int.max]) func aWeightOutOfRangeIsClamped(weight: Int) {
    var writer = MessageWriter()
    NetlinkChange.addNextHop(NextHop(3, .group([.init(1, weight: weight)], .multipath)))
      .encode(into: &writer, sequence: 1)
    let groups = NetlinkMessages(writer.bytes[...]).compactMap { NextHop($0)?.kind }
    #expect(groups == [.group([.init(1, weight: min(256, max(1, weight)))], .multipath)])
  }
}

import Addresses
import Glibc
import NetworkNamespaces
import Testing

@testable import XDPSockets

@Suite(.enabled(if: geteuid() == 0), .serialized) struct SendingTests {
  @Test("Frames arrive as they were written, in order", arguments: [1, 2, 31, 32, 33, 64, 65, 128])
  func inOrder(_ count: Int) throws {
    let wire = try Wire("xso")
    let transmitter = try wire.transmitter()
    let frames = (0..<count).map { frame($0, length: 60 + $0 * 11) }
    for frame in frames { #expect(transmitter.put(frame)) }
    #expect(transmitter.flush() == .init(obstacle: nil, waiting: 0, refused: 0))
    #expect(wire.receive(count) == frames)
    #expect(wire.receive(milliseconds: 0) == nil)
  }

  @Test func theLongestFrameOfAnOrdinaryLinkArrives() throws {
    let wire = try Wire("xsl")
    let transmitter = try wire.transmitter()
    let long = frame(7, length: 1_514)
    #expect(transmitter.put(long))
    #expect(transmitter.flush().obstacle == nil)
    #expect(wire.receive() == long)
  }

  @Test("Rings that wrap thousands of times lose nothing", arguments: [2, 8])
  func wrapping(_ ring: Int) throws {
    let wire = try Wire("xsw")
    let transmitter = try wire.transmitter(frames: ring)
    var next = 0
    var arrived = 0
    var isInOrder = true
    while next < ring * 3_000 {
      // All numbers from 1 to the ring's size in turn, so that batches begin everywhere in it.
      let batch = 1 + next % ring
      for _ in 0..<batch where eventually({ transmitter.put(frame(next)) }) { next += 1 }
      _ = eventually { transmitter.flush().obstacle == nil }
      while arrived < next, let octets = wire.receive() {
        isInOrder = isInOrder && octets == frame(arrived)
        arrived += 1
      }
      guard arrived == next else { break }
    }
    #expect(arrived == next && next >= ring * 3_000 && isInOrder)
  }

  @Test func moreThanTheRingHoldsIsRefusedUntilFramesHaveLeft() throws {
    let wire = try Wire("xsf")
    let transmitter = try wire.transmitter(frames: 16)
    #expect(transmitter.free == 16)
    for number in 0..<16 { #expect(transmitter.put(frame(number))) }
    #expect(!transmitter.put(frame(99)) && transmitter.free == 0 && transmitter.waiting == 16)
    #expect(transmitter.flush() == .init(obstacle: nil, waiting: 0, refused: 0))
    #expect(eventually { transmitter.put(frame(16)) })
    #expect(transmitter.flush().obstacle == nil)
    #expect(wire.receive(17) == (0..<17).map { frame($0) })
  }

  @Test func framesThatTheFarEndKeepsStayOutAndComeBack() throws {
    let wire = try Wire("xsk")
    // Behind the far end a bridge whose other port lets through one frame in a second, so that nothing is completed.
    for words in [
      ["link", "add", "name", "b0", "type", "bridge"],
      ["link", "add", "name", "x", "type", "veth", "peer", "name", "y"],
      ["link", "set", "x", "master", "b0"], ["link", "set", "w", "master", "b0"], ["link", "set", "b0", "up"],
      ["link", "set", "x", "up"], ["link", "set", "y", "up"]
    ] { try #require(exitStatus(["ip", "-n", wire.farName] + words) == 0) }
    let shaper = ["ip", "netns", "exec", wire.farName, "tc", "qdisc"]
    // Not every kernel has this discipline.
    guard exitStatus(shaper + "add dev x root tbf rate 8kbit burst 1540 limit 1000000".words) == 0 else { return }
    let transmitter = try wire.transmitter(frames: 16)
    // The bridge may not forward yet.
    let isFull = eventually {
      transmitter.reclaim()
      while transmitter.put(frame(1, length: 1_000)) {}
      return transmitter.flush().obstacle == nil && transmitter.free == 0
    }
    #expect(isFull && !transmitter.hasRoom && transmitter.waiting == 0)
    #expect(exitStatus(shaper + "del dev x root".words) == 0)
    let isEmpty = eventually {
      transmitter.reclaim()
      return transmitter.free == 16
    }
    #expect(isEmpty && transmitter.put(frame(2)) && transmitter.flush().obstacle == nil)
  }

  @Test("A packet stands behind its Ethernet header", arguments: [AddressFamily.ipv4, .ipv6])
  func header(_ family: AddressFamily) throws {
    let wire = try Wire("xsh")
    let all = try wire.far.perform { () throws(SystemCallError) in
      let type: UInt16 = family == .ipv4 ? 0x0800 : 0x86dd
      return socket(AF_PACKET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), Int32(type.bigEndian))
    }
    defer { close(all) }
    let transmitter = try wire.transmitter()
    let packet = [UInt8](repeating: family == .ipv4 ? 0x45 : 0x60, count: 52)
    let added = transmitter.add(
      packet, family: family, to: MACAddress(bits: 0x0200_0000_0009),
      from: MACAddress(bits: 0x0aff_bbcc_ddee))
    #expect(added && transmitter.flush().obstacle == nil)
    let header: [UInt8] = [2, 0, 0, 0, 0, 9, 0x0a, 0xff, 0xbb, 0xcc, 0xdd, 0xee]
    let expected = header + (family == .ipv4 ? [8, 0] : [0x86, 0xdd]) + packet
    // IPv6 sends things of its own.
    #expect(
      eventually {
        var buffer = [UInt8](repeating: 0, count: 2_048)
        let count = recv(all, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count > 0 && Array(buffer[..<count]) == expected
      })
  }

  @Test func whatDoesNotFitIsNotAdded() throws {
    let wire = try Wire("xsx")
    let transmitter = try wire.transmitter(frames: 2)
    let nobody = MACAddress(bits: 2)
    let long = [UInt8](repeating: 1, count: XDPTransmitter.frameSize - EthernetHeader.length + 1)
    #expect(!transmitter.add(long, family: .ipv4, to: nobody, from: nobody))
    #expect(transmitter.free == 2)
    #expect(transmitter.flush() == .init(obstacle: nil, waiting: 0, refused: 0))
  }
}

extension String {
  fileprivate var words: [String] { split(separator: " ").map(String.init) }
}

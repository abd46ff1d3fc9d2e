import ArgumentParser
import CLinux
import Glibc
import SpeakerLoad

/// What is wrong with the daemon that this program can be.
enum Fault: String, CaseIterable, ExpressibleByArgument, Sendable {
  case none
  /// Every tenth packet of an Up session is left out: one in nine gaps is two intervals long.
  case skips
  /// Notices silence 50 ms after the detection time.
  case late
  /// Says Down for no reason, every session once in two seconds.
  case flaps
  /// Never notices silence.
  case blind
  /// Sends with TTL 64.
  case ttl
}

/// A passive BFD speaker of few sessions, made to be wrong in one known way.
struct Faulty: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)
  @Option var address: String
  @Option var interval: UInt32
  @Option var multiplier: UInt8
  @Option var fault: Fault

  private struct Session {
    var remote: sockaddr_in
    var mine: UInt32
    var yours: UInt32 = 0
    var state = BFDState.down
    var diagnostic: UInt8 = 0
    var due: Int64
    var deadline = Int64.max
    var required: UInt32 = 1_000_000
    var sent = 0
    var flap: Int64
  }

  func run() throws {
    let hearing = try udp(port: 3784)
    let speaking = try udp(port: 49_152)
    var hops: Int32 = fault == .ttl ? 64 : 255
    setsockopt(speaking, Int32(IPPROTO_IP), IP_TTL, &hops, socklen_t(MemoryLayout<Int32>.size))
    var sessions: [UInt32: Session] = [:]
    var buffer = [UInt8](repeating: 0, count: 256)
    var random = SystemRandomNumberGenerator()
    while true {
      var time = now()
      for key in sessions.keys {
        guard var session = sessions[key] else { continue }
        if time >= session.deadline, session.state != .down {
          (session.state, session.diagnostic, session.yours, session.due) = (.down, 1, 0, time)
          session.deadline = .max
        }
        if fault == .flaps, session.state == .up, time >= session.flap {
          (session.state, session.diagnostic, session.due, session.flap) = (.down, 7, time, time + 2_000_000_000)
        }
        if time >= session.due {
          session.sent += 1
          if fault != .skips || session.state != .up || session.sent % 10 != 0 {
            send(session, flags: 0, from: speaking)
          }
          let pace = Int64(max(session.state == .up ? interval : 1_000_000, session.required)) * 1_000
          session.due = time + pace * Int64.random(in: 780...980, using: &random) / 1_000
        }
        sessions[key] = session
      }
      var events = pollfd(fd: hearing, events: Int16(POLLIN), revents: 0)
      let next = sessions.values.map { min($0.due, $0.deadline) }.min() ?? time + 100_000_000
      let wait = max(0, min(next - time, 100_000_000))
      guard poll(&events, 1, Int32(wait / 1_000_000)) > 0 else { continue }
      var remote = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let count = withUnsafeMutablePointer(to: &remote) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          recvfrom(hearing, &buffer, buffer.count, Int32(MSG_DONTWAIT), $0, &length)
        }
      }
      guard count >= 24 else { continue }
      time = now()
      hear(buffer, remote, &sessions, at: time, speaking)
    }
  }

  private func hear(
    _ packet: [UInt8], _ remote: sockaddr_in, _ sessions: inout [UInt32: Session], at time: Int64, _ speaking: Int32
  ) {
    let key = remote.sin_addr.s_addr
    var session =
      sessions[key]
      ?? Session(remote: remote, mine: UInt32(sessions.count + 1), due: time, flap: time + 4_000_000_000)
    func word(_ offset: Int) -> UInt32 { packet[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    let heard = BFDState(rawValue: packet[1] >> 6) ?? .down
    session.yours = word(4)
    session.required = word(16)
    let detection = Int64(packet[2]) * Int64(max(interval, word(12))) * 1_000
    session.deadline = fault == .blind ? .max : time + detection + (fault == .late ? 50_000_000 : 0)
    let old = session.state
    switch (session.state, heard) {
    case (.down, .down): session.state = .`init`
    case (.down, .`init`), (.`init`, .`init`), (.`init`, .up): (session.state, session.diagnostic) = (.up, 0)
    case (.up, .down), (.up, .adminDown): (session.state, session.diagnostic) = (.down, 3)
    default: break
    }
    if packet[1] & ControlFields.poll != 0 { send(session, flags: ControlFields.final, from: speaking) }
    if session.state != old { session.due = time }
    sessions[key] = session
  }

  private func send(_ session: Session, flags: UInt8, from fd: Int32) {
    func octets(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    let desired = session.state == .up ? interval : max(interval, 1_000_000)
    let packet =
      [0x20 | session.diagnostic, session.state.rawValue << 6 | flags, multiplier, 24] + octets(session.mine)
      + octets(session.yours) + octets(desired) + octets(interval) + octets(0)
    var remote = session.remote
    remote.sin_port = UInt16(3784).bigEndian
    withUnsafePointer(to: &remote) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = sendto(fd, packet, packet.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private func udp(port: UInt16) throws -> Int32 {
    let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var local = sockaddr_in()
    local.sin_family = sa_family_t(AF_INET)
    local.sin_port = port.bigEndian
    inet_pton(AF_INET, address, &local.sin_addr)
    let bound = withUnsafePointer(to: &local) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard fd >= 0, bound == 0 else { throw Trouble("cannot bind to \(address) port \(port)") }
    return fd
  }

  private func now() -> Int64 { PacketPort.clock(CLOCK_MONOTONIC) }
}

import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces
import Speaker

/// One router of the benchmark: a BFD session on an address of its own, that can fall silent.
final class Peer {
  let name: String
  let address: IPAddress
  /// The paths that are judged by this peer.
  let paths: [String]
  /// Says nothing, hears nothing.
  var isSilent = false
  /// Read just before its last packet was handed to the kernel, which is the veth's other end: it arrived then or some
  /// microseconds later.
  private(set) var lastSent = Instant.zero
  private var steadySince: Instant?
  private var speaker: Speaker

  init(
    name: String, address: IPAddress, gateway: IPAddress, interface: UInt32, paths: [String], interval: UInt32,
    multiplier: UInt8, in namespace: borrowing NetworkNamespace
  ) throws {
    self.name = name
    self.address = address
    self.paths = paths
    let now = MonotonicClock.now()
    let seed = UInt64(truncatingIfNeeded: address.hashValue)
    speaker = try Speaker(
      in: namespace, listen: [address], secret: (seed, seed &* 0x9e37_79b9_7f4a_7c15), seed: seed, at: now)
    _ = speaker.add(
      SessionSettings(
        key: SessionKey(peer: .address(gateway, interface: interface)), remoteAddress: gateway,
        localAddress: address,
        parameters: SessionConfiguration(
          desiredMinTx: .milliseconds(interval), requiredMinRx: .milliseconds(interval),
          detectMultiplier: multiplier)),
      at: now)
  }

  var descriptors: [Int32] { speaker.descriptors }
  var nextDeadline: Instant { isSilent ? .distantFuture : speaker.nextDeadline }

  /// Reads, answers, sends what is due.
  func run() {
    guard !isSilent else { return }
    let before = MonotonicClock.now()
    let sent = speaker.counters.transmitted
    speaker.process(at: before)
    speaker.flush()
    if speaker.counters.transmitted != sent { lastSent = before }
    speaker.events.removeAll(keepingCapacity: true)
    let session = speaker.view(0)?.session
    let isSteady =
      session?.state == .up && session?.isPolling == false && session?.remote?.state == .up
      && (session?.remote?.desiredMinTx.microseconds ?? .max) < 1_000_000
    if !isSteady { steadySince = nil } else if steadySince == nil { steadySince = before }
  }

  /// Up, and at its real intervals, for at least a while.
  func isReady(at now: Instant) -> Bool {
    guard !isSilent, let since = steadySince else { return false }
    return now - since > 400_000_000
  }
}

extension Instant {
  static let zero = Instant(nanoseconds: 0)
}

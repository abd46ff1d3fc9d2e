public import Addresses
public import BFD
import CLinux

/// A reflector of seamless BFD (RFC 7880), and whom it answers.
public struct ReflectorSettings: Hashable, Sendable {
  public var reflector: SeamlessReflector
  public var domain: RoutingDomain
  /// Whom it answers; everybody else is counted. An open reflector would send to whomever a packet claims to be from.
  public var allowed: [IPPrefix]
  /// Answers a second, at most; a burst of a tenth of it. 1 to 1,000,000.
  public var maximumRate: Int

  public init(
    reflector: SeamlessReflector, domain: RoutingDomain = .main, allowed: [IPPrefix], maximumRate: Int = 10_000
  ) {
    self.reflector = reflector
    self.domain = domain
    self.allowed = allowed
    self.maximumRate = min(max(1, maximumRate), 1_000_000)
  }
}

/// A reflector at work.
struct Reflection {
  var settings: ReflectorSettings
  /// Answers.
  var answered: UInt64 = 0
  /// When the rate allows the next answer, if nothing were saved up.
  private var nextAt: Instant

  init(_ settings: ReflectorSettings, at now: Instant) {
    self.settings = settings
    nextAt = now
  }

  /// Takes one answer from what the rate allows (a leaky bucket of a tenth of a second, at least one answer).
  mutating func mayAnswer(at now: Instant) -> Bool {
    let step = 1_000_000_000 / Int64(settings.maximumRate)
    let burst = max(100_000_000 - step, 0)
    let base = max(nextAt, now + -burst)
    guard base <= now else { return false }
    nextAt = base + step
    return true
  }
}

extension Speaker {
  /// Replaces the reflectors; they need an endpoint of path type `seamlessReflector` in their domain.
  public mutating func setReflectors(_ new: [ReflectorSettings], at now: Instant) {
    let old = reflections
    reflections = new.map { settings in
      var reflection =
        old.first {
          $0.settings.domain == settings.domain
            && $0.settings.reflector.discriminator == settings.reflector.discriminator
        } ?? Reflection(settings, at: now)
      reflection.settings = settings
      return reflection
    }
  }

  /// How many packets each reflector has answered.
  public var reflectorCounts: [(settings: ReflectorSettings, answered: UInt64)] {
    reflections.map { ($0.settings, $0.answered) }
  }

  /// Answers what came to port 7784 (RFC 7880 section 7.2), from the address it was sent to.
  mutating func reflect(_ position: Int, from source: PacketSource, by descriptor: Int32, at now: Instant) {
    do throws(PacketDiscarded) {
      let packet = try ControlPacket(parsing: receiveBatch.payload(position).bytes)
      guard
        let index = reflections.firstIndex(where: {
          $0.settings.domain == source.domain && $0.settings.reflector.discriminator == packet.yourDiscriminator
        })
      else { throw PacketDiscarded(.yourDiscriminatorUnknown) }
      guard reflections[index].settings.allowed.contains(where: { $0.contains(source.source) }) else {
        throw PacketDiscarded(.noSession)
      }
      let answer = try reflections[index].settings.reflector.answer(packet)
      guard reflections[index].mayAnswer(at: now) else { throw PacketDiscarded(.reflectionLimit) }
      var octets = InlineArray<24, UInt8>(repeating: 0)
      var span = octets.mutableSpan
      var raw = span.mutableBytes
      answer.write(to: &raw)
      var datagram = receiveBatch.datagram(position)
      // 24 octets of this frame, read before the call returns.
      let sent = span.withUnsafeBufferPointer { cl_send_reply(descriptor, &datagram, $0.baseAddress, 24) }
      guard sent == 24 else { return }
      reflections[index].answered &+= 1
      counters.transmitted &+= 1
    } catch {
      count(error.reason)
    }
  }
}

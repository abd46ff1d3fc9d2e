import Addresses
import BFD
import Capture
import EBPF

/// How packets go in and out.
public enum SpeakerEngine: String, Hashable, Sendable, CaseIterable {
  /// By UDP sockets alone.
  case sockets
  /// Packets leave below the UDP stack where their way is known, and what only repeats what a session has heard stays in
  /// the kernel, which notes when it came.
  case packet
  /// The same, but packets leave as whole frames by AF_XDP, past traffic control and captures, where a link allows it.
  case xdp
}

/// What the owner asks for.
public enum SpeakerEngineChoice: Hashable, Sendable {
  /// The fastest that kernel and capabilities allow.
  case automatic
  case only(SpeakerEngine)

  var wantsPacket: Bool { self != .only(.sockets) }
  var wantsXDP: Bool { self == .only(.xdp) }
}

/// What became of the choice.
public struct SpeakerEngineView: Hashable, Sendable {
  public var engine: SpeakerEngine
  /// Sessions whose packets leave below the UDP stack.
  public var belowStack = 0
  /// Of those, sessions whose packets leave as frames by AF_XDP.
  public var byXDP = 0
  /// Sessions of which the kernel keeps repetitions to itself.
  public var filtered = 0
  /// What keeps it from being faster.
  public var notes: [String] = []
}

/// What filters the sockets of one receiver; nil where nothing does.
struct ReceiverFilters {
  var main: RepetitionFilter.Attachment?
  var steady: RepetitionFilter.Attachment?

  var all: [RepetitionFilter.Attachment] { [main, steady].compactMap(\.self) }
}

extension Speaker {
  /// How packets go in and out now.
  public var engineView: SpeakerEngineView {
    var view = SpeakerEngineView(engine: isByXDP ? .xdp : filter == nil ? .sockets : .packet)
    view.filtered = slots.indices.count { slots[$0]?.pointee.isFiltered == true }
    view.belowStack = slots.indices.count { (slots[$0]?.pointee.way?.pointee.sender ?? -1) >= 0 }
    view.byXDP = slots.indices.count { slots[$0]?.pointee.way?.pointee.isByXDP == true }
    view.notes += [filterProblem, wayProblem].compactMap(\.self) + linkNotes
    return view
  }

  /// Filters what a socket hears, where that is wanted and possible.
  mutating func filter(_ receiver: Receiver) {
    filters.append(
      ReceiverFilters(
        // Nothing repeats on the main socket beside a steady one; but a flood may come in there too.
        main: attach(to: receiver, receiver.descriptor),
        steady: receiver.steady >= 0 ? attach(to: receiver, receiver.steady) : nil))
  }

  private mutating func attach(to receiver: Receiver, _ socket: Int32) -> RepetitionFilter.Attachment? {
    guard choice.wantsPacket, receiver.endpoint.pathType == .singleHop || receiver.endpoint.pathType == .multihop
    else { return nil }
    do throws(EBPFError) {
      if filter == nil {
        var new = try RepetitionFilter(capacity: max(1024, slots.count))
        for index in slots.indices {
          if let discriminator = slots[index]?.pointee.session.localDiscriminator {
            try new.add(index, discriminator: discriminator)
          }
        }
        filter = consume new
      }
      return try filter?.attach(to: socket)
    } catch {
      filterProblem = "\(error)"
      return nil
    }
  }

  /// A session has got its number.
  mutating func filterSession(_ index: Int, _ discriminator: UInt32) {
    guard filter != nil else { return }
    do throws(EBPFError) { try filter?.add(index, discriminator: discriminator) } catch {
      filterProblem = "\(error)"  // this session does without
    }
  }

  /// What the kernel has kept to itself of a session is known to it after this. Everything that judges or changes a
  /// session begins with it.
  @inline(__always) mutating func catchUp(_ index: Int) {
    guard filter != nil, let slot = slots[index], slot.pointee.isFiltered else { return }
    let arrival = Instant(nanoseconds: filter?.arrival(index) ?? 0)
    guard arrival > slot.pointee.session.lastReceived, let reading = filter?.reading(index) else { return }
    filter?.resetWorstGap(index)
    let news = slot.pointee.take(reading)
    counters.received &+= news
    if isCapturing { keepRepeated(index, at: slot.pointee.session.lastReceived) }
  }

  /// After a packet was taken: whether the kernel may keep to itself what only repeats it.
  mutating func expectRepetition(
    of packet: ControlPacket, _ payload: RawSpan, _ index: Int, from source: PacketSource
  ) {
    guard filter != nil, let slot = slots[index] else { return }
    // The record says what the last packet that was read said, or nothing: it could swallow what is news otherwise.
    guard let attachment = reading.attachment else { return expectNothing(index) }
    let isPlain = payload.byteCount == ControlPacket.length && !packet.poll && !packet.final
    guard isPlain, tap == nil, slot.pointee.session.isSteady, let limit = slot.pointee.session.detectionTime else {
      return expectNothing(index)
    }
    // A device that sockets are bound to is what the kernel calls the interface there.
    let interface = slot.pointee.settings.key.interface
    guard interface == 0 || !reading.hasDevice else { return expectNothing(index) }
    slot.pointee.isFiltered = true
    slot.pointee.heardPort = reading.sourcePort
    slot.pointee.heardTimeToLive = source.timeToLive
    filter?.expect(
      index, payload: payload, from: source.source, to: source.destination, interface: interface,
      minimumTimeToLive: slot.pointee.settings.minimumTimeToLive, on: attachment,
      lastArrival: slot.pointee.session.lastReceived.nanoseconds,
      longestGap: limit)
  }

  /// From now on every packet of a session is delivered.
  @inline(__always) mutating func expectNothing(_ index: Int) {
    guard let slot = slots[index], slot.pointee.isFiltered else { return }
    stopExpecting(index)
  }

  private mutating func stopExpecting(_ index: Int) {
    filter?.pass(index)
    catchUp(index)
    slots[index]?.pointee.isFiltered = false
  }

  /// Whoever watches wants to see every packet.
  mutating func expectNothing() { for index in slots.indices { expectNothing(index) } }

  /// What the kernel has dropped because no session asks for it.
  mutating func countUnknown() {
    guard filter != nil else { return }
    let unknown = filter?.unknown ?? 0
    guard unknown > unknownCounted else { return }
    let news = unknown - unknownCounted
    unknownCounted = unknown
    counters.received &+= news
    counters.discarded[Int(DiscardReason.yourDiscriminatorUnknown.rawValue)] &+= news
  }

  /// A flood of packets that belong to no session ends in the kernel, unless someone wants to see them.
  mutating func updateUnknownDropping() {
    let drops = !hasHintedSessions && tap == nil
    guard filter != nil, drops != dropsUnknown else { return }
    dropsUnknown = drops
    for attachment in filters.flatMap(\.all) { filter?.setDropsUnknown(drops, on: attachment) }
  }

  /// The last of the packets that the kernel kept to itself, made again from what it repeated.
  private mutating func keepRepeated(_ index: Int, at arrival: Instant) {
    guard let slot = slots[index], let remote = slot.pointee.session.remote else { return }
    let packet = ControlPacket(
      diagnostic: remote.diagnostic, state: remote.state, controlPlaneIndependent: remote.controlPlaneIndependent,
      detectMultiplier: remote.detectMultiplier, myDiscriminator: remote.discriminator,
      yourDiscriminator: slot.pointee.session.localDiscriminator, desiredMinTx: remote.desiredMinTx,
      requiredMinRx: remote.requiredMinRx, requiredMinEchoRx: remote.requiredMinEchoRx)
    rings.append(
      PacketRecord(
        at: arrival, octets: CapturedPacket.Octets(packet), sourcePort: slot.pointee.heardPort,
        timeToLive: slot.pointee.heardTimeToLive, length: ControlPacket.length, authenticationType: 0,
        fate: PacketRecord.taken),
      session: index)
  }

  /// How a session would look after `catchUp`.
  func caughtUp(_ index: Int) -> Slot? {
    guard var slot = slots[index]?.pointee else { return nil }
    if filter != nil, slot.isFiltered, let reading = filter?.reading(index) { slot.take(reading) }
    return slot
  }
}

extension Speaker.Slot {
  /// - Returns: how many packets are news.
  @discardableResult fileprivate mutating func take(_ reading: RepetitionReading) -> UInt64 {
    session.heardAgain(at: Instant(nanoseconds: reading.arrival))
    let news = reading.count &- filteredCount
    filteredCount = reading.count
    counters.received &+= news
    noteGap(reading.worstGap)
    lonelySince = nil
    return news
  }
}

public import Addresses
import CLinux
import Glibc
public import NetworkNamespaces
import PacketSockets

/// Asks who has several addresses, all at once, and hears everybody who answers: for a diagnosis, not to watch over
/// them. Nothing that the kernel knows of its neighbours is read or changed.
public enum NeighbourSweep {
  public struct Question: Hashable, Sendable {
    public var interface: ProbeInterface
    public var address: IPAddress
    /// Whom the question is from; nil for an ARP probe (RFC 5227 section 2.1.1). IPv6 needs one.
    public var source: IPAddress?
    /// Whether one answer is enough; else the question is repeated, and the time waited for, to hear them all.
    public var oneAnswerIsEnough: Bool

    public init(
      _ address: IPAddress, on interface: ProbeInterface, from source: IPAddress?, oneAnswerIsEnough: Bool
    ) {
      self.address = address
      self.interface = interface
      self.source = source
      self.oneAnswerIsEnough = oneAnswerIsEnough
    }
  }

  public struct Outcome: Hashable, Sendable {
    /// Of the interface.
    public var ownMAC: MACAddress?
    /// How often it was asked.
    public var sent = 0
    /// Each once, in the order in which they answered; our own other interfaces among them.
    public var answers: [MACAddress] = []
    /// Why it could not be asked.
    public var problem: String?
  }

  /// Rounds in which everything is asked; a question that nobody has answered goes on for `silentRounds`.
  static let rounds = 3
  static let silentRounds = 5
  static let pause = Duration.milliseconds(200)

  /// Takes at most a second.
  /// - Returns: one outcome for each question, in their order.
  public static func run(_ questions: [Question], in namespace: borrowing NetworkNamespace) -> [Outcome] {
    var sockets: [Place: SweepSocket] = [:]
    var outcomes = questions.map { question in
      let place = Place(question)
      var outcome = Outcome()
      do throws(SystemCallError) {
        let socket: SweepSocket
        if let known = sockets[place] { socket = known } else { socket = try SweepSocket(place, in: namespace) }
        sockets[place] = socket
        outcome.ownMAC = socket.linkAddress
        if socket.linkAddress == nil { outcome.problem = "it is no Ethernet link" }
        if question.address.family == .ipv6, question.source == nil {
          outcome.problem = "no other IPv6 address of ours to ask from"
        }
      } catch {
        outcome.problem = error.description
      }
      return outcome
    }
    for round in 0..<silentRounds {
      var isWaiting = false
      for (index, question) in questions.enumerated() where outcomes[index].problem == nil {
        let isAsked =
          question.oneAnswerIsEnough ? outcomes[index].answers.isEmpty : round < rounds
        guard isAsked, let socket = sockets[Place(question)] else { continue }
        isWaiting = true
        if let problem = socket.ask(question) {
          outcomes[index].problem = problem
        } else {
          outcomes[index].sent += 1
        }
      }
      guard isWaiting else { break }
      let needsAll = round < rounds && questions.contains { !$0.oneAnswerIsEnough }
      listen(questions, Array(sockets.values), &outcomes, needsAll: needsAll)
    }
    return outcomes
  }

  /// Hears answers for one pause, or until nobody is left to wait for.
  private static func listen(
    _ questions: [Question], _ sockets: [SweepSocket], _ outcomes: inout [Outcome], needsAll: Bool
  ) {
    let end = ContinuousClock.now + pause
    var batch = FrameBatch()
    while true {
      let isOpen = questions.indices.contains { index in
        questions[index].oneAnswerIsEnough && outcomes[index].problem == nil && outcomes[index].answers.isEmpty
      }
      let left = end - .now
      guard isOpen || needsAll, left > .zero else { return }
      var events = sockets.map { pollfd(fd: $0.descriptor.number, events: Int16(POLLIN), revents: 0) }
      let milliseconds = left.components.attoseconds / 1_000_000_000_000_000 + 1
      guard poll(&events, nfds_t(events.count), Int32(clamping: milliseconds)) > 0 else { continue }
      for (socket, event) in zip(sockets, events) where event.revents != 0 {
        for _ in 0..<8 where batch.receive(from: socket.descriptor.number) > 0 {
          for index in 0..<batch.count {
            guard let (address, mac) = socket.answer(in: batch, index) else { continue }
            for place in questions.indices
            where questions[place].address == address && Place(questions[place]) == socket.place
              && outcomes[place].answers.count < 16 && !outcomes[place].answers.contains(mac)
            {
              outcomes[place].answers.append(mac)
            }
          }
        }
      }
    }
  }

  /// Questions that share a socket.
  struct Place: Hashable {
    var interface: ProbeInterface
    var family: AddressFamily

    init(_ question: Question) {
      interface = question.interface
      family = question.address.family
    }
  }
}

/// One packet socket of a sweep.
private struct SweepSocket {
  let place: NeighbourSweep.Place
  let descriptor: OwnedDescriptor
  let linkAddress: MACAddress?

  init(
    _ place: NeighbourSweep.Place, in namespace: borrowing NetworkNamespace
  ) throws(SystemCallError) {
    self.place = place
    let type = Ethertype.resolving(place.family).number
    let interface = place.interface
    let descriptor = OwnedDescriptor(
      try namespace.perform { () throws(SystemCallError) in
        // The cookie is for echo replies, which are none of ours.
        let descriptor = cl_probe_socket(type, .random(in: .min ... .max))
        guard descriptor >= 0 else { throw SystemCallError("open a packet socket on \(interface.name)") }
        guard cl_probe_bind(descriptor, type, interface.index) == 0 else {
          let error = SystemCallError("bind a packet socket to \(interface.name)")
          close(descriptor)
          throw error
        }
        return descriptor
      })
    self.descriptor = descriptor
    var link = cl_probe_link()
    let isEthernet =
      cl_probe_link(descriptor.number, &link) == 0 && link.hardware_type == UInt16(CL_ARPHRD_ETHER)
      && link.address_length == 6
    linkAddress = isEthernet ? withUnsafeBytes(of: link.address) { $0.bytes.mac(0) } : nil
  }

  /// - Returns: why the kernel refused; nil when it is on its way.
  func ask(_ question: NeighbourSweep.Question) -> String? {
    guard let linkAddress else { return nil }
    var packet: [UInt8] = []
    var destination = MACAddress.broadcast
    switch (question.address, question.source) {
    case (.v4(let target), let source):
      let sender: IPv4Address = if case .v4(let own) = source { own } else { .any }
      ARPMessage(requestFor: target, from: sender, linkAddress).write(to: &packet)
    case (.v6(let target), .v6(let source)):
      NeighbourDiscovery.writeSolicitation(for: target, from: source, linkAddress, unicast: false, to: &packet)
      destination = NeighbourDiscovery.multicastMAC(NeighbourDiscovery.solicitedNodeMulticast(target))
    case (.v6, _): return "no IPv6 address of ours to ask from"
    }
    let type = Ethertype.resolving(place.family).number
    let code = cl_probe_send(
      descriptor.number, place.interface.index, type, destination.octets, packet, UInt32(packet.count))
    return code == 0 ? nil : "send on \(place.interface.name): \(String(cString: strerror(errno)))"
  }

  /// The address that is answered for, and by whom; nil when the packet is no answer.
  func answer(in batch: borrowing FrameBatch, _ index: Int) -> (IPAddress, MACAddress)? {
    let frame = batch.frame(index)
    let sender = withUnsafeBytes(of: frame.source) { $0.bytes.mac(0) }
    return batch.withPacket(index) { packet in
      if place.family == .ipv4 {
        guard let message = ARPMessage(packet), message.operation == ARPMessage.reply,
          message.senderHardware.isUsable
        else { return nil }
        return (.v4(message.sender), message.senderHardware)
      }
      guard let message = ICMPMessage(packet), let answer = NeighbourAdvertisement(packet, message) else {
        return nil
      }
      let mac = answer.hardware ?? sender
      return mac.isUsable ? (.v6(answer.target), mac) : nil
    }
  }
}

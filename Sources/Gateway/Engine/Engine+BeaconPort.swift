import Addresses
import BFD
import ConfigurationFile
import Control
import NetworkNamespaces
import OpenBFDD
import OpenBFDDServer
import Runtime
import Speaker

/// What bfdd-control is shown beside the sessions themselves.
struct BeaconRoster {
  /// By the speaker's number; with when the session was made, since numbers are used again.
  var shown: [Int: (entry: RosterEntry, started: Instant)] = [:]
  var nextID: UInt32 = 1
  /// Whether the port is open.
  var isOpen = false
  /// When a client has been patient for long enough, or at once while an answer goes on.
  var deadline = Instant.distantFuture
}

extension Engine {
  private static let beaconSubject = "bfdd-control's port"

  /// Opens the port, or closes it, as the configuration wants it. One that another beacon has is tried again.
  mutating func syncBeaconPort(at now: Instant) {
    let isWanted = configuration.bfd.openBFDDControl
    guard isWanted != beaconRoster.isOpen else { return }
    guard isWanted else {
      beaconServer = nil
      beaconRoster = BeaconRoster()
      return
    }
    do throws(SystemCallError) {
      var server = try ControlServer()
      let listener = try namespace.perform { () throws(SystemCallError) -> Int32 in
        try ControlServer.listener(on: .standard)
      }
      try server.hear(listener)
      try poller.watch(server.descriptor)
      beaconServer = consume server
      beaconRoster.isOpen = true
      if problems[Self.beaconSubject] == nil {
        log(.info, .program, "answering bfdd-control on \(ControlAddress.standard)")
      }
      solved(Self.beaconSubject)
    } catch {
      problem(
        Self.beaconSubject, "\(error)", help: "a bfdd-beacon that runs in this namespace has it: stop that one",
        at: now)
    }
  }

  /// Answers whoever asks, after BFD has had its turn.
  mutating func serveBeaconPort(at now: Instant) {
    guard var server = beaconServer.take() else { return }
    server.run(at: now) { heard in
      guard case .request(let words) = heard else { return nil }
      return answerBeacon(words, at: now)
    }
    beaconRoster.deadline = server.isBusy ? now : server.nextDeadline
    beaconServer = consume server
  }

  private mutating func answerBeacon(_ words: [String], at now: Instant) -> OpenBFDDServer.Reply {
    let command: Command
    do throws(Rejection) { command = try Command(words) } catch { return .text(error.reply) }
    let views = speaker.indices.compactMap { speaker.view($0) }
    let answer = beaconPort.answer(
      command, configuration: askedConfiguration, product: product,
      hasSession: { address in views.contains { $0.settings.remoteAddress == address } },
      isHeard: { address in views.contains { $0.settings.remoteAddress == address && $0.counters.received > 0 } })
    switch answer {
    case .text(let text): return .text(text)
    case .changed(let text):
      log(.info, .drain, "bfdd-control: \(text.prefix { $0 != "\n" })")
      reconfigure(beaconPort.applied(to: askedConfiguration), at: now)
      return .text(text)
    case .status(let selector, let format):
      let statuses = beaconStatuses(selector, at: now)
      guard selector != .all else { return .list(statuses, format) }
      return .text(statuses.first?.text(format) ?? selector.missing)
    }
  }

  /// The sessions that a selector means, in the order of their ids. One whose peer was never heard is not shown: OpenBFDD
  /// has none then, and Kube-OVN asks for just that.
  private mutating func beaconStatuses(_ selector: SessionSelector, at now: Instant) -> [SessionStatus] {
    var statuses: [SessionStatus] = []
    for number in speaker.indices {
      guard let view = speaker.view(number), view.counters.received > 0, let remote = view.settings.remoteAddress
      else { continue }
      let entry = rosterEntry(number, view, remote, at: now)
      switch selector {
      case .all: break
      case .id(let id): guard entry.id == id else { continue }
      case .pair(let pair):
        // Where the kernel chooses the source, whoever asks knows it better.
        let isLocal = view.settings.localAddress.map { $0 == pair.local } ?? true
        guard remote == pair.remote, isLocal else { continue }
      }
      var status = SessionStatus(entry, view, at: now)
      status?.isActive = view.session.configuration.role == .active
      status?.isForced = view.hold != nil && !view.session.isMute
      status?.isSuspended = view.session.isMute
      if let status { statuses.append(status) }
    }
    return statuses.sorted { $0.id < $1.id }
  }

  private mutating func rosterEntry(
    _ number: Int, _ view: SessionView, _ remote: IPAddress, at now: Instant
  ) -> RosterEntry {
    let pair = AddressPair(local: view.localAddress ?? .any(remote.family), remote: remote)
    if let known = beaconRoster.shown[number], known.started == view.session.started, known.entry.pair == pair {
      return known.entry
    }
    var entry = RosterEntry(pair, at: view.session.started)
    entry.startHistory(at: view.lastTransition?.at ?? view.session.started, view.session.state)
    entry.id = beaconRoster.nextID
    // 0 is no number.
    beaconRoster.nextID = max(1, beaconRoster.nextID &+ 1)
    beaconRoster.shown[number] = (entry, view.session.started)
    return entry
  }

  /// A session has changed its state, which `status` shows the history of.
  mutating func noteForBeacon(_ transition: Transition, of number: Int) {
    beaconRoster.shown[number]?.entry.note(transition.to, at: transition.at)
  }
}

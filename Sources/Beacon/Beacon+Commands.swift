import Addresses
import BFD
import OpenBFDD
import OpenBFDDServer
import Speaker

extension Beacon {
  /// Does what a client asks.
  mutating func answer(_ heard: ControlServer.Heard, at now: Instant) -> Reply? {
    guard case .request(let words) = heard else {
      if case .fault(let problem) = heard { log.write(.command, problem) }
      return nil
    }
    log.write(.command, "Message \(words.count) <\(words.joined(separator: " "))>")
    do throws(Rejection) {
      return carryOut(try Command(words), at: now)
    } catch {
      return .text(error.reply)
    }
  }

  private mutating func carryOut(_ command: Command, at now: Instant) -> Reply {
    switch command {
    case .stop:
      log.write(.app, "Received shutdown request.")
      isStopping = true
      return .text("stopping\n")
    case .version:
      return .text("\(OpenBFDDRelease.beacon) v\(OpenBFDDRelease.version)\n\(options.product)\n")
    case .allow(let address):
      allow(address, at: now)
      return .text("Allowing connections from \(address)\n")
    case .block(let address):
      block(address)
      return .text(
        "Blocking connections from \(address). This will not terminate any ongoing session.\n")
    case .connect(let pair):
      let ends = "connection from local \(pair.local) to remote \(pair.remote)\n"
      return .text((connect(pair, at: now) ? "Opened " : "Failed to open ") + ends)
    case .status(let selector, let format): return status(selector, format, at: now)
    case .session(let selector, let action):
      let numbers = numbers(of: selector, at: now)
      for number in numbers { apply(action, to: number, at: now) }
      return .text(action.announcement + (numbers.isEmpty ? selector.missing : ""))
    case .setDefault(let setting):
      setDefault(setting)
      return .text(setting.announcement)
    case .log(let command): return .text(log.settings.apply(command))
    }
  }

  // MARK: Status

  private func status(_ selector: SessionSelector, _ format: StatusFormat, at now: Instant) -> Reply {
    let statuses = numbers(of: selector, at: now).compactMap { number in
      entries[number].flatMap { entry in
        speaker.view(number).flatMap { SessionStatus(entry, $0, at: now) }
      }
    }
    guard selector != .all else { return .list(statuses, format) }
    return .text(statuses.first?.text(format) ?? selector.missing)
  }

  /// The sessions that a selector means, of those that are shown, in the order of their ids.
  private func numbers(of selector: SessionSelector, at now: Instant) -> [Int] {
    switch selector {
    case .all: return numbersByID.sorted { $0.key < $1.key }.map(\.value)
    case .id(let id): return numbersByID[id].map { [$0] } ?? []
    case .pair(let pair):
      guard let number = numbers[pair], entries[number]?.id != nil else { return [] }
      return [number]
    }
  }

  // MARK: Sessions

  /// Makes a session active, with a new one if need be.
  private mutating func connect(_ pair: AddressPair, at now: Instant) -> Bool {
    let hasNobody: (IPAddress) -> Bool = { $0.isUnspecified || $0.isMulticast }
    guard !hasNobody(pair.local), !hasNobody(pair.remote),
      options.arguments.listen.contains(where: { $0.family == pair.local.family })
    else { return false }
    guard let number = numbers[pair] ?? start(pair, at: now) else { return false }
    entries[number]?.isActive = true
    show(number, at: now, speaker.view(number)?.session.state ?? .down)
    if let id = entries[number]?.id {
      log.write(.session, "Session id=\(id) for \(pair.local) to \(pair.remote) is now an active session.")
    }
    return true
  }

  private mutating func apply(_ action: SessionAction, to number: Int, at now: Instant) {
    guard let entry = entries[number] else { return }
    switch action {
    case .kill: end(number, at: now)
    case .reset:
      log.write(
        .sessionDetail,
        "Reset session id=\(entry.id ?? 0) for local \(entry.pair.local) to remote \(entry.pair.remote).")
      end(number, at: now)
      if entry.isActive { _ = connect(entry.pair, at: now) }
    case .suspend, .resume:
      entries[number]?.isSuspended = action == .suspend
      speaker.setSuspended(number, action == .suspend)
    case .forceDown(let diagnostic): force(number, .down(diagnostic), at: now)
    case .forceAdminDown(let diagnostic): force(number, .adminDown(diagnostic), at: now)
    case .allowUp:
      entries[number]?.isForced = false
      speaker.release(number, at: now)
    case .set(let setting): set(setting, of: number)
    }
  }

  private mutating func force(_ number: Int, _ hold: Session.Hold, at now: Instant) {
    entries[number]?.isForced = true
    speaker.hold(number, hold, at: now)
  }

  private mutating func set(_ setting: SessionSetting, of number: Int) {
    guard var settings = speaker.view(number)?.settings else { return }
    if case .adminUpPoll(let on) = setting {
      entries[number]?.adminUpPoll = on
    } else {
      settings.parameters.set(setting)
      speaker.configure(number, settings)
    }
  }

  /// For sessions to come, and those are also the ones that nobody has heard yet.
  private mutating func setDefault(_ setting: SessionSetting) {
    if case .adminUpPoll(let on) = setting {
      adminUpPollDefault = on
      return
    }
    defaults.set(setting)
    for (number, entry) in entries where entry.id == nil {
      guard var settings = speaker.view(number)?.settings else { continue }
      settings.parameters = defaults
      speaker.configure(number, settings)
    }
    setRules()
  }
}

extension SessionConfiguration {
  mutating func set(_ setting: SessionSetting) {
    switch setting {
    case .minTx(let value): desiredMinTx = value
    case .minRx(let value): requiredMinRx = value
    case .multiplier(let value): detectMultiplier = value
    case .controlPlaneIndependent(let on): controlPlaneIndependent = on
    case .adminUpPoll: break
    }
  }
}

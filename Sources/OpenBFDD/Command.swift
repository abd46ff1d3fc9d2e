public import Addresses
public import BFD

/// Both ends of a session.
public struct AddressPair: Hashable, Sendable {
  public var local: IPAddress
  public var remote: IPAddress

  public init(local: IPAddress, remote: IPAddress) {
    self.local = local
    self.remote = remote
  }
}

/// Which sessions a command means.
public enum SessionSelector: Hashable, Sendable {
  case all
  case id(UInt32)
  case pair(AddressPair)

  /// The reply when there is none. There is always an `all`.
  public var missing: String {
    switch self {
    case .all: ""
    case .id(let id): "No session with id=\(id).\n"
    case .pair(let pair): "No session with local ip=\(pair.local) and remote ip=\(pair.remote).\n"
    }
  }
}

/// What `session ... set` sets.
public enum SessionSetting: Hashable, Sendable {
  /// Not zero.
  case minTx(Interval)
  case minRx(Interval)
  /// Not zero.
  case multiplier(UInt8)
  case controlPlaneIndependent(Bool)
  case adminUpPoll(Bool)
}

/// What is done to a session.
public enum SessionAction: Hashable, Sendable {
  /// Held in Down.
  case forceDown(Diagnostic)
  /// Held in AdminDown.
  case forceAdminDown(Diagnostic)
  /// Held no more.
  case allowUp
  case kill
  case reset
  /// Says nothing any more, and goes on listening.
  case suspend
  case resume
  case set(SessionSetting)
}

public enum LogCommand: Hashable, Sendable {
  case listLevels
  case setLevel(LogLevel)
  case listTypes
  case setType(LogType, Bool)
  /// The monotonic time in each line.
  case setTiming(Bool)
}

/// What bfdd-control asks of a beacon (bfdd-control(8), CommandProcessor.cpp).
public enum Command: Hashable, Sendable {
  case stop
  case version
  case connect(AddressPair)
  case allow(IPAddress)
  case block(IPAddress)
  case status(SessionSelector, StatusFormat)
  case session(SessionSelector, SessionAction)
  /// `session new set`: for sessions that are yet to come.
  case setDefault(SessionSetting)
  case log(LogCommand)
}

/// A command that was not understood: the whole reply to it.
public struct Rejection: Error, Hashable, Sendable {
  public var reply: String
  /// Whether it is a time without its unit. Kube-OVN before 1.15 calls that from a script that ends at the first
  /// failure, so that nobody may call it one.
  public var isMissingUnit = false

  init(_ reply: String) { self.reply = reply + "\n" }
}

extension SessionAction {
  /// The first line of the reply, said before it is known whether there is such a session.
  public var announcement: String {
    switch self {
    case .forceDown(let diagnostic): Self.forcing("Down", diagnostic)
    case .forceAdminDown(let diagnostic): Self.forcing("AdminDown", diagnostic)
    case .allowUp: Self.forcing("Up", .none)
    case .kill: "Attempting to kill session(s).\n"
    case .reset: "Attempting to reset session(s).\n"
    case .suspend: "Attempting to suspend session(s).\n"
    case .resume: "Attempting to resume session(s).\n"
    case .set(let setting): setting.announcement
    }
  }

  private static func forcing(_ state: String, _ diagnostic: Diagnostic) -> String {
    "Attempting to put session(s) into \(state) state with diagnostic <\(diagnostic.words)>.\n"
  }
}

extension SessionSetting {
  public var announcement: String {
    switch self {
    case .minTx(let value): "Attempting to set mintx to \(Words.number(UInt64(value.microseconds))) us.\n"
    case .minRx(let value): "Attempting to set minrx to \(Words.number(UInt64(value.microseconds))) us.\n"
    case .multiplier(let value): "Attempting to set multi to \(value).\n"
    case .controlPlaneIndependent(let on):
      "Attempting to set control plane independent (C) bit to \(on ? "yes" : "no").\n"
    case .adminUpPoll(let on): "Attempting to \(on ? "enable" : "disable") admin_up_poll workaround.\n"
    }
  }
}

extension Diagnostic {
  /// OpenBFDD's words: the RFC's, and one for all that are reserved.
  var words: String { code <= 8 ? description : "Unknown" }
}

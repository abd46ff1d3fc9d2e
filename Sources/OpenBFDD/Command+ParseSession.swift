import BFD

extension Command {
  /// `session X ACTION`, `session new set ITEM VALUE`.
  static func session(_ rest: inout ArraySlice<String>) throws(Rejection) -> Command {
    let targets = "'all', 'new', session id or 'remote ip local ip'"
    guard let target = rest.first else { throw Rejection("Must supply \(targets).") }
    var selector: SessionSelector?
    if target == "new" {
      rest.removeFirst()
    } else {
      do throws(WrongSelector) {
        selector = try SessionSelector(&rest)
      } catch {
        throw Rejection("Must supply \(targets) before other settings. \(error.message)")
      }
    }
    let action = try SessionAction(&rest)
    if let selector { return .session(selector, action) }
    guard case .set(let setting) = action else {
      // The announcement has been made by then.
      throw Rejection(action.announcement + "'new' can only be used with 'set'.")
    }
    return .setDefault(setting)
  }
}

extension SessionAction {
  init(_ rest: inout ArraySlice<String>) throws(Rejection) {
    let actions = "'state', 'set', 'kill', 'reset', 'suspend' or 'resume'"
    switch rest.popFirst() {
    case "state": self = try Self.state(rest)
    case "set": self = .set(try SessionSetting(&rest))
    case "kill": self = .kill
    case "reset": self = .reset
    case "suspend": self = .suspend
    case "resume": self = .resume
    case let word?: throw Rejection("Unrecognized session action <\(word)> use: \(actions).")
    case nil: throw Rejection("Must supply session action: \(actions).")
    }
  }

  /// `up`, or `down` or `admin` with a diagnostic.
  private static func state(_ words: ArraySlice<String>) throws(Rejection) -> SessionAction {
    let states = "'up', 'admin', or 'down'"
    guard let state = words.first else { throw Rejection("Must supply state: \(states).") }
    guard ["up", "down", "admin"].contains(state) else {
      throw Rejection("Unrecognized state <\(state)> use \(states).")
    }
    var diagnostic = state == "down" ? Diagnostic.pathDown : .administrativelyDown
    if let word = words.dropFirst().first {
      guard state != "up" else { throw Rejection("State up can not have diagnostic value.") }
      guard let value = Words.integer(word) else {
        throw Rejection("Unrecognized diagnostic value. Must be integer <\(word)>.")
      }
      guard (0...31).contains(value) else {
        throw Rejection("Diagnostic value. Must be integer between 0 and 31.")
      }
      diagnostic = Diagnostic(code: UInt8(value))
    }
    switch state {
    case "up": return .allowUp
    case "down": return .forceDown(diagnostic)
    default: return .forceAdminDown(diagnostic)
    }
  }
}

extension SessionSetting {
  init(_ rest: inout ArraySlice<String>) throws(Rejection) {
    let items = "'mintx', 'minrx', 'multi', 'cpi' or 'admin_up_poll'"
    switch rest.popFirst() {
    case "mintx":
      let value = try Self.time(rest, of: "mintx")
      guard value != .zero else { throw Rejection("'set mintx' value can not be 0.") }
      self = .minTx(value)
    case "minrx": self = .minRx(try Self.time(rest, of: "minrx"))
    case "multi": self = .multiplier(try Self.multiplier(rest.first))
    case "cpi": self = .controlPlaneIndependent(try Self.choice(rest.first, of: "cpi"))
    case "admin_up_poll": self = .adminUpPoll(try Self.choice(rest.first, of: "admin_up_poll"))
    case let word?: throw Rejection("Unrecognized item to set <\(word)> use \(items).")
    case nil: throw Rejection("Must supply item to set: \(items).")
    }
  }

  /// A number and its unit, as two words.
  private static func time(_ words: ArraySlice<String>, of item: String) throws(Rejection) -> Interval {
    let units = "'s', 'ms' or 'us'"
    guard let word = words.first else { throw Rejection("Must supply value for 'set \(item)'.") }
    guard let value = Words.integer(word) else {
      throw Rejection("'set \(item)' value must be an integer followed by time unit : <\(word)>.")
    }
    guard value >= 0 else { throw Rejection("Negative values not allowed") }
    guard let unit = words.dropFirst().first else {
      var rejection = Rejection("Must supply a unit after the value \(word): \(units)")
      rejection.isMissingUnit = true
      throw rejection
    }
    let most = Int64(UInt32.max)
    switch unit {
    case "s":
      guard value <= most / 1_000_000 else {
        throw Rejection("Value <\(word)> seconds is too large to be converted to microseconds.")
      }
      return Interval(microseconds: UInt32(value) * 1_000_000)
    case "ms":
      guard value <= most / 1_000 else {
        throw Rejection("Value <\(word)> milliseconds is too large to be converted to microseconds.")
      }
      return Interval(microseconds: UInt32(value) * 1_000)
    case "us":
      guard value <= most else { throw Rejection("Value <\(word)> microseconds is too large.") }
      return Interval(microseconds: UInt32(value))
    default: throw Rejection("Unknown unit <\(unit)>. Use: \(units)")
    }
  }

  /// OpenBFDD says that a value above 255 is too large, and then sets its low octet; it takes a negative one.
  private static func multiplier(_ word: String?) throws(Rejection) -> UInt8 {
    guard let word else { throw Rejection("Must supply value for 'set multi'.") }
    guard let value = Words.integer(word), value >= 0 else {
      throw Rejection("Must supply an non-zero integer value for 'set multi'.")
    }
    guard value != 0 else { throw Rejection("'set multi' value can not be 0.") }
    guard let multiplier = UInt8(exactly: value) else { throw Rejection("Value for 'set multi is too large..") }
    return multiplier
  }

  private static func choice(_ word: String?, of item: String) throws(Rejection) -> Bool {
    switch word {
    case "yes": return true
    case "no": return false
    case nil: throw Rejection("Must supply 'yes' or 'no' for 'set \(item)'.")
    case let word?: throw Rejection("Must supply 'yes' or 'no' for 'set \(item)'. Unknown value <\(word)>.")
    }
  }
}

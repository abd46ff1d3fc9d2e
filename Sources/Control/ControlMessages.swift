/// What can be asked of a running gateway.
public enum ControlCommand: Hashable, Sendable {
  case status
  /// Take a path or peer out of service by its name; nil: the whole node.
  case drain(target: String?)
  case undrain(target: String?)
  /// Read the configuration file again.
  case reload
  /// Have `everway doctor --fix` mend what one finding stands for, by its identifier: `EW-NS-03`.
  case repair(finding: String)
  /// Packets as pcapng, on the connection itself, behind the answer.
  case capture(CaptureRequest)
  /// Everything that happens, as ``ObservationMessage``s on the connection itself, behind the answer.
  case observe(after: EventCursor?)
  case version
  case ping
}

/// Who asks: SO_PEERCRED as it was when the client connected (unix(7)).
public struct PeerCredentials: Hashable, Sendable {
  /// 0 when the client lives in another pid namespace.
  public var pid: Int32
  public var uid: UInt32
  public var gid: UInt32

  public init(pid: Int32, uid: UInt32, gid: UInt32) {
    self.pid = pid
    self.uid = uid
    self.gid = gid
  }
}

/// One request that waits for its answer. Its client can send no other until then.
public struct ControlRequest: Hashable, Sendable {
  /// Names the client to ``ControlServer/respond(_:_:)``; never used again for another client.
  public struct Token: Hashable, Sendable {
    let value: UInt64
  }

  public var token: Token
  public var command: ControlCommand
  public var from: PeerCredentials
}

/// The answer to one request.
public enum ControlResponse: Hashable, Sendable {
  case status(StatusReport)
  /// `drain` and `undrain`.
  case drain(DrainOutcome)
  case reload(ReloadOutcome)
  case repair(RepairOutcome)
  case version(VersionReport)
  case pong
  /// `capture` and `observe`: pcapng or lines follow until the connection ends.
  case streaming
  case failure(ControlFailure)
}

/// What `drain` or `undrain` did.
public struct DrainOutcome: Hashable, Sendable, Codable {
  /// False: it was so already.
  public var changed: Bool
  /// The node's state afterwards, or the target's.
  public var state: StatusReport.DrainState
  /// What happened, one sentence for people.
  public var message: String
  /// What follows by itself, or what to mind: a sentence each.
  public var notes: [String]

  public init(changed: Bool, state: StatusReport.DrainState, message: String, notes: [String] = []) {
    self.changed = changed
    self.state = state
    self.message = message
    self.notes = notes
  }
}

/// What `reload` did. A refused file is a ``ControlFailure`` with code `refused` and the errors in `details`.
public struct ReloadOutcome: Hashable, Sendable, Codable {
  /// One line for each change; empty: the new file asks for the same gateway.
  public var changes: [String]
  /// The new file's warnings, rendered.
  public var warnings: [String]

  public init(changes: [String], warnings: [String] = []) {
    self.changes = changes
    self.warnings = warnings
  }
}

/// What `repair` did. A doctor that could not run is a ``ControlFailure``.
public struct RepairOutcome: Hashable, Sendable, Codable {
  public enum Result: String, Hashable, Sendable, Codable, CaseIterable {
    /// The symptom is gone.
    case repaired
    /// All was done, and the symptom is still there.
    case stillThere = "still-there"
    case failed
    /// The finding is not there, or has no repair that a program may make.
    case nothingToDo = "nothing-to-do"
  }

  public var finding: String
  /// Of several repairs the worst.
  public var result: Result
  /// What happened, one sentence for people.
  public var message: String
  /// A sentence for each thing that was repaired, or not.
  public var notes: [String]

  public init(finding: String, result: Result, message: String, notes: [String] = []) {
    self.finding = finding
    self.result = result
    self.message = message
    self.notes = notes
  }

  /// Whether the text has the form of a finding's identifier: `EW-NS-03`.
  public static func isFinding(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual("EW".utf8), (2...8).contains(parts[1].count), parts[2].count == 2
    else { return false }
    return parts[1].allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
      && parts[2].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

public struct VersionReport: Hashable, Sendable, Codable {
  public var version: String
  public var pid: Int32

  public init(version: String, pid: Int32) {
    self.version = version
    self.pid = pid
  }
}

/// Why a request was not carried out.
public struct ControlFailure: Error, Hashable, Sendable, Codable {
  public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
    /// Not one JSON object on one line, or a field is missing or of the wrong type.
    case badRequest = "bad-request"
    /// Longer than 64 KiB.
    case tooLarge = "too-large"
    /// A version or command that this program does not know.
    case unsupported
    /// No path or peer of that name; `details` has all names that there are.
    case unknownTarget = "unknown-target"
    /// The new configuration is refused; the old one is in force. `details` has the errors.
    case refused
    /// Tried, and failed.
    case failed
    /// All places for clients are taken.
    case busy
  }

  public var code: Code
  /// One sentence.
  public var message: String
  /// What to do about it.
  public var help: String?
  public var details: [String]

  public init(_ code: Code, _ message: String, help: String? = nil, details: [String] = []) {
    self.code = code
    self.message = message
    self.help = help
    self.details = details
  }
}

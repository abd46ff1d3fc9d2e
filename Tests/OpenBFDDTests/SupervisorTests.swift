import Addresses
import BFD
import OpenBFDD
import Testing

/// What kube-ovn-bfdd-supervisor (Kube-OVN 1.15.23) demands of bfdd-control's answers, written anew from its rules.
enum Supervisor {
  struct Refused: Error {
    var why: String
  }

  struct Session: Hashable {
    var id: UInt32
    var local: String
    var remote: String
    var state: String
  }

  /// Of every answer: no line may begin like a failure.
  static func check(_ answer: String) throws {
    for line in answer.split(separator: "\n") {
      for prefix in ["Unable to complete ", "Unknown command ", "No session ", "Failed to ", "Must "]
      where line.hasPrefix(prefix) {
        throw Refused(why: "\(line)")
      }
    }
  }

  static func sessions(_ answer: String) throws -> [Session] {
    try check(answer)
    var lines = answer.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    guard let first = lines.popFirst(), first.hasPrefix("There are "), first.hasSuffix(" sessions:"),
      let count = Int(first.dropFirst(10).dropLast(10))
    else { throw Refused(why: "no count") }
    var sessions: [Session] = []
    for line in lines {
      let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = fields.first, !(first == "Session" && fields.count > 1) else { continue }
      func field(_ name: String) -> String {
        fields.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
      }
      guard let id = UInt32(field("id")), let local = IPAddress(field("local")),
        let remote = IPAddress(field("remote"))
      else { throw Refused(why: line) }
      let state = field("state")
      guard ["Up", "Down", "Init", "AdminDown"].contains(state) else { throw Refused(why: line) }
      sessions.append(Session(id: id, local: "\(local)", remote: "\(remote)", state: state))
    }
    guard sessions.count == count else { throw Refused(why: "\(sessions.count) of \(count)") }
    return sessions
  }
}

@Suite("kube-ovn-bfdd-supervisor's strict parser")
struct SupervisorTests {
  @Test("it reads our status, in every state and family", arguments: SessionState.allCases)
  func reads(state: SessionState) throws {
    var first = SessionStatus(id: 3, addresses: pair, isActive: false)
    first.state = state
    let second = SessionStatus(
      id: 4_294_967_295, addresses: AddressPair(local: address("fd00::2"), remote: address("fd00::ffff")),
      isActive: true)
    let text = StatusText.list([first, second], StatusFormat(isCompact: true))
    #expect(
      try Supervisor.sessions(text) == [
        Supervisor.Session(id: 3, local: "10.1.0.2", remote: "10.1.0.1", state: "\(state)"),
        Supervisor.Session(id: 4_294_967_295, local: "fd00::2", remote: "fd00::ffff", state: "Down")
      ])
    #expect(try Supervisor.sessions(StatusText.list([], StatusFormat(isCompact: true))).isEmpty)
  }

  @Test("it refuses what it should, so that the above says something")
  func refuses() {
    for text in [
      "", "There are 1 sessions:\n", "There are 0 sessions:\n id=1 local=1.1.1.1 (p) remote=1.1.1.2 state=Up \n",
      "There are 1 sessions:\n id=1 local=1.1.1.1 (p) remote=1.1.1.2 state=Down<Forced> \n",
      "Unable to complete request\n"
    ] {
      #expect(throws: Supervisor.Refused.self) { try Supervisor.sessions(text) }
    }
  }

  @Test(
    "the announcements begin as it wants",
    arguments: [
      ("session new set mintx 1000 ms", "Attempting to set mintx to "),
      ("session new set minrx 1000 ms", "Attempting to set minrx to "),
      ("session new set multi 3", "Attempting to set multi to "),
      ("session local 10.1.0.2 remote 10.1.0.1 reset", "Attempting to reset session(s)."),
      ("log type command no", "Log type command set to no")
    ])
  func announcements(line: String, prefix: String) throws {
    let answer: String
    switch try Command(words(line)) {
    case .setDefault(let setting): answer = setting.announcement
    case .session(_, let action): answer = action.announcement
    case .log(let command):
      var settings = LogSettings()
      answer = settings.apply(command)
    default: answer = ""
    }
    #expect(answer.hasPrefix(prefix))
    try Supervisor.check(answer)
  }

  @Test("it sees every one of our refusals that OpenBFDD words so")
  func seesRefusals() {
    for line in ["frobnicate", "allow", "session new set mintx 5"] {
      do {
        _ = try Command(words(line))
        Issue.record("\(line) was understood")
      } catch {
        #expect(throws: Supervisor.Refused.self) { try Supervisor.check(error.reply) }
      }
    }
  }
}

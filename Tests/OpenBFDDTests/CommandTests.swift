import Addresses
import BFD
import OpenBFDD
import Testing

/// An address of a test.
func address(_ text: String) -> IPAddress { IPAddress(text) ?? .any(.ipv4) }

/// The words of a command line.
func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

let pair = AddressPair(local: address("10.1.0.2"), remote: address("10.1.0.1"))

/// Texts: OpenBFDD 0.5.4 (e35f43a), CommandProcessor.cpp.
@Suite("Commands as OpenBFDD understands them")
struct CommandTests {
  @Test(
    "what is understood",
    arguments: [
      ("stop", .stop), ("STOP", .stop), ("version", .version), ("stop now", .stop),
      ("allow 10.1.0.1", .allow(address("10.1.0.1"))), ("allow ::", .allow(address("::"))),
      ("Allow fd00::ffff", .allow(address("fd00::ffff"))), ("block 10.1.0.1", .block(address("10.1.0.1"))),
      ("connect local 10.1.0.2 remote 10.1.0.1", .connect(pair)),
      ("connect remote 10.1.0.1 local 10.1.0.2", .connect(pair)),
      ("status", .status(.all, StatusFormat(isCompact: true))), ("status all", .status(.all, StatusFormat())),
      ("status 7 level 3 compact brief", .status(.id(7), StatusFormat(level: 3, isBrief: true, isCompact: true))),
      ("status all compact nocompact", .status(.all, StatusFormat())),
      ("status all level -1", .status(.all, StatusFormat(level: -1))),
      ("status remote 10.1.0.1 local 10.1.0.2", .status(.pair(pair), StatusFormat())),
      ("session 1 kill", .session(.id(1), .kill)), ("session all reset", .session(.all, .reset)),
      ("session local 10.1.0.2 remote 10.1.0.1 suspend", .session(.pair(pair), .suspend)),
      ("session +3 resume", .session(.id(3), .resume)),
      ("session 1 state up", .session(.id(1), .allowUp)),
      ("session 1 state down", .session(.id(1), .forceDown(.pathDown))),
      ("session 1 state down 6", .session(.id(1), .forceDown(.concatenatedPathDown))),
      ("session 1 state admin", .session(.id(1), .forceAdminDown(.administrativelyDown))),
      ("session 1 state admin 31", .session(.id(1), .forceAdminDown(Diagnostic(code: 31)))),
      ("session new set mintx 1 s", .setDefault(.minTx(.slow))),
      ("session new set minrx 200 ms", .setDefault(.minRx(.milliseconds(200)))),
      ("session new set minrx 0 us", .setDefault(.minRx(.zero))),
      ("session all set mintx 4294967295 us", .session(.all, .set(.minTx(Interval(microseconds: .max))))),
      ("session new set multi 255", .setDefault(.multiplier(255))),
      ("session 1 set cpi yes", .session(.id(1), .set(.controlPlaneIndependent(true)))),
      ("session new set admin_up_poll no", .setDefault(.adminUpPoll(false))),
      ("log level list", .log(.listLevels)), ("log level detailed", .log(.setLevel(.detailed))),
      ("log type list", .log(.listTypes)), ("log type command no", .log(.setType(.command, false))),
      ("log type packet_contents yes", .log(.setType(.packetContents, true))),
      ("log timing yes", .log(.setTiming(true)))
    ] as [(String, Command)])
  func understood(line: String, command: Command) throws {
    #expect(try Command(words(line)) == command)
  }

  @Test(
    "what is refused, in OpenBFDD's words",
    arguments: [
      ("frobnicate x", "Unknown command <frobnicate>"), ("test consume 1", "Unknown command <test>"),
      ("allow", "Must supply ip address."), ("allow 10.1", "Invalid IPv4 or IPv6 address <10.1>."),
      ("allow 10.1.0.256", "Invalid IPv4 or IPv6 address <10.1.0.256>."),
      ("block", "Must supply an IPv4 or IPv6 address."), ("block x", "Invalid IPv4 or IPv6 address <x>."),
      ("connect", "Must supply 'local ip remote ip' address pair."),
      (
        "connect 10.1.0.1",
        "'connect' must be followed by an ip pair. Error: Unknown <10.1.0.1> should be 'remote' or 'local'."
      ),
      (
        "connect local",
        "'connect' must be followed by an ip pair. Error: 'local' should be followed by an Pv4 or IPv6 address."
      ),
      (
        "connect local x",
        "'connect' must be followed by an ip pair. Error: <x> is not an IPv4 or IPv6 address."
      ),
      ("connect local 10.1.0.2", "'connect' must be followed by an ip pair. Error: 'remote' not found."),
      (
        "connect local 10.1.0.2 local 10.1.0.1",
        "'connect' must be followed by an ip pair. Error: unknown <local>. 'local' ip must be followed by 'remote'."
      ),
      (
        "connect local 10.1.0.2 remote",
        "'connect' must be followed by an ip pair. Error: 'remote' should be followed by an ip address."
      ),
      (
        "connect local 10.1.0.2 remote fd00::1",
        "'connect' must be followed by an ip pair. Error: can not mix IPv4 and IPv6 addresses."
      ),
      (
        "status x",
        "Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <x>."
      ),
      (
        "status 0",
        "Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <0>."
      ),
      (
        "status remote local 10.1.0.2",  // what kube-ovn-cni asks when an OvnEip has no IPv4 address
        "Must supply 'all', session id or 'remote ip local ip' before other settings. "
          + "Error: <local> is not an IPv4 or IPv6 address."
      ),
      ("status all level", "level must be followed by an integer."),
      ("status all level x", "level value must be an integer : <x>."),
      ("status all verbose", "Unrecognized  status setting <verbose>."),
      ("session", "Must supply 'all', 'new', session id or 'remote ip local ip'."),
      (
        "session x kill",
        "Must supply 'all', 'new', session id or 'remote ip local ip' before other settings. Unknown <x>."
      ),
      ("session 1", "Must supply session action: 'state', 'set', 'kill', 'reset', 'suspend' or 'resume'."),
      (
        "session 1 stop",
        "Unrecognized session action <stop> use: 'state', 'set', 'kill', 'reset', 'suspend' or 'resume'."
      ),
      ("session new kill", "Attempting to kill session(s).\n'new' can only be used with 'set'."),
      ("session 1 state", "Must supply state: 'up', 'admin', or 'down'."),
      ("session 1 state init", "Unrecognized state <init> use 'up', 'admin', or 'down'."),
      ("session 1 state up 1", "State up can not have diagnostic value."),
      ("session 1 state down x", "Unrecognized diagnostic value. Must be integer <x>."),
      ("session 1 state down 32", "Diagnostic value. Must be integer between 0 and 31."),
      ("session 1 set", "Must supply item to set: 'mintx', 'minrx', 'multi', 'cpi' or 'admin_up_poll'."),
      (
        "session 1 set ttl 3",
        "Unrecognized item to set <ttl> use 'mintx', 'minrx', 'multi', 'cpi' or 'admin_up_poll'."
      ),
      ("session new set mintx", "Must supply value for 'set mintx'."),
      (
        "session new set mintx fast",
        "'set mintx' value must be an integer followed by time unit : <fast>."
      ),
      ("session new set minrx -1 s", "Negative values not allowed"),
      ("session new set mintx 1000", "Must supply a unit after the value 1000: 's', 'ms' or 'us'"),
      ("session new set mintx 1 h", "Unknown unit <h>. Use: 's', 'ms' or 'us'"),
      ("session new set mintx 0 ms", "'set mintx' value can not be 0."),
      (
        "session new set mintx 4295 s",
        "Value <4295> seconds is too large to be converted to microseconds."
      ),
      (
        "session new set mintx 4294968 ms",
        "Value <4294968> milliseconds is too large to be converted to microseconds."
      ),
      ("session new set mintx 4294967296 us", "Value <4294967296> microseconds is too large."),
      (
        "session new set mintx 99999999999999999999 us", "Value <99999999999999999999> microseconds is too large."
      ),
      ("session new set multi", "Must supply value for 'set multi'."),
      ("session new set multi x", "Must supply an non-zero integer value for 'set multi'."),
      ("session new set multi 0", "'set multi' value can not be 0."),
      ("session new set multi 256", "Value for 'set multi is too large.."),
      ("session new set cpi", "Must supply 'yes' or 'no' for 'set cpi'."),
      ("session new set cpi on", "Must supply 'yes' or 'no' for 'set cpi'. Unknown value <on>."),
      ("session new set admin_up_poll", "Must supply 'yes' or 'no' for 'set admin_up_poll'."),
      ("log", "Must specify: 'level', 'type' or 'timing'."),
      ("log x", "'log' must be followed by one of 'level', 'type' or 'timing'. Unknown <x>"),
      ("log level", "Must specify a level name or 'list'."), ("log level x", "Unknown level: x."),
      ("log type", "'type' must be followed by 'list' or a log type."),
      ("log type x yes", "Unknown log type: x."), ("log type command", "Must specify 'yes' or 'no'."),
      ("log type command maybe", "Must specify 'yes' or 'no'."), ("log timing", "Must specify 'yes' or 'no'.")
    ])
  func refused(line: String, reply: String) {
    do {
      Issue.record("understood as \(try Command(words(line)))")
    } catch {
      #expect(error.reply == reply + "\n")
    }
  }

  @Test(
    "what is announced before it is done",
    arguments: [
      (.set(.minTx(.slow)), "Attempting to set mintx to 1,000,000 us."),
      (.set(.minRx(.milliseconds(20))), "Attempting to set minrx to 20,000 us."),
      (.set(.minTx(Interval(microseconds: 999))), "Attempting to set mintx to 999 us."),
      (.set(.multiplier(3)), "Attempting to set multi to 3."),
      (.set(.controlPlaneIndependent(true)), "Attempting to set control plane independent (C) bit to yes."),
      (.set(.adminUpPoll(true)), "Attempting to enable admin_up_poll workaround."),
      (.set(.adminUpPoll(false)), "Attempting to disable admin_up_poll workaround."),
      (.reset, "Attempting to reset session(s)."), (.kill, "Attempting to kill session(s)."),
      (.suspend, "Attempting to suspend session(s)."), (.resume, "Attempting to resume session(s)."),
      (.allowUp, "Attempting to put session(s) into Up state with diagnostic <No Diagnostic>."),
      (.forceDown(.pathDown), "Attempting to put session(s) into Down state with diagnostic <Path Down>."),
      (
        .forceAdminDown(Diagnostic(code: 9)),
        "Attempting to put session(s) into AdminDown state with diagnostic <Unknown>."
      )
    ] as [(SessionAction, String)])
  func announced(action: SessionAction, text: String) {
    #expect(action.announcement == text + "\n")
  }

  @Test("who asks for a session that is not there is told which")
  func missing() {
    #expect(SessionSelector.id(5).missing == "No session with id=5.\n")
    #expect(
      SessionSelector.pair(pair).missing == "No session with local ip=10.1.0.2 and remote ip=10.1.0.1.\n")
  }
}

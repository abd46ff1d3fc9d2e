import Addresses
import OpenBFDD
import Testing

/// Texts: OpenBFDD 0.5.4 (e35f43a), BeaconMain.cpp and bfdd-control.cpp.
@Suite("The command lines of both programs")
struct ArgumentTests {
  static func beacon(_ line: String) throws(EarlyExit) -> BeaconArguments {
    try BeaconArguments(words(line), product: "everway")
  }

  @Test("a beacon without arguments hears everything, and is controlled from this machine")
  func beaconDefaults() throws {
    let arguments = try Self.beacon("")
    #expect(arguments.forks && !arguments.tees)
    #expect(arguments.control.map(\.description) == ["127.0.0.1:957", "127.0.0.1:958"])
    #expect(arguments.listen == [.any(.ipv4), .any(.ipv6)])
  }

  @Test("Kube-OVN's command lines")
  func kubeOVN() throws {
    #expect(try Self.beacon("--listen=0.0.0.0").listen == [.any(.ipv4)])
    let pod = try Self.beacon("--nofork --tee --listen=10.16.0.2 --listen=fd00::2")
    #expect(!pod.forks && pod.tees && pod.listen == [address("10.16.0.2"), address("fd00::2")])
    #expect(try Self.beacon("--nofork --tee --listen=::").listen == [.any(.ipv6)])
  }

  @Test("several control addresses, the same one once, and no log to a terminal that is left")
  func beaconOptions() throws {
    let arguments = try Self.beacon("--control=127.0.0.1:9957 --control=[::1]:957 --control=127.0.0.1:9957 --tee")
    #expect(arguments.control.map(\.description) == ["127.0.0.1:9957", "[::1]:957"])
    #expect(!arguments.tees, "the log goes to standard error in the foreground only")
    #expect(try !Self.beacon("--nofork --tee --notee").tees)
  }

  @Test(
    "what a beacon refuses",
    arguments: [
      ("--frobnicate", "Unrecognized bfdd-beacon command line option --frobnicate."),
      ("status", "Unrecognized bfdd-beacon command line option status."),
      ("--listen", "--listen must be followed by an '=' and a ip address (may be 0.0.0.0 or ::)."),
      ("--listen=", "--listen must be followed by an '=' and a ip address (may be 0.0.0.0 or ::)."),
      ("--listen=eth0", "--listen address <eth0> is not an IPv4 or IPv6 address."),
      ("--control", "--control must be followed by an '=' and a ip address with a port."),
      ("--control=x", "--control address <x> is not an IPv4 or IPv6 address."),
      ("--control=127.0.0.1:99999", "--control address <127.0.0.1:99999> is not an IPv4 or IPv6 address."),
      (
        "--control=127.0.0.1",
        "--control address must have a port specified. The address <127.0.0.1> does not conatin a port."
      ),
      ("--control=::1", "--control address must have a port specified. The address <::1> does not conatin a port.")
    ])
  func beaconRefuses(line: String, text: String) {
    #expect(throws: EarlyExit(errors: text + "\n", status: 1)) { try Self.beacon(line) }
  }

  @Test("--version says which OpenBFDD it stands in for, and what it is")
  func version() {
    #expect(throws: EarlyExit(output: "bfdd-beacon version 0.5.4\neverway\n", status: 0)) {
      try Self.beacon("--version")
    }
  }

  @Test("a control's command is what follows its options")
  func control() throws {
    let plain = try ControlArguments(["status", "", "--control=x"])
    #expect(plain.beacon.description == "127.0.0.1:957" && plain.work == .command(["status", "--control=x"]))
    #expect(try ControlArguments(["--altport", "stop"]).beacon.description == "127.0.0.1:958")
    #expect(try ControlArguments(["--control=[fd00::1]:9", "stop"]).beacon.description == "[fd00::1]:9")
    #expect(try ControlArguments(["load", "/etc/bfd", "x"]).work == .script(path: "/etc/bfd"))
  }

  @Test(
    "what a control refuses",
    arguments: [
      ("", "No command. Try \"man bfdd-control\" for a list of commands."),
      ("--altport", "No command. Try \"man bfdd-control\" for a list of commands."),
      ("load", "Must supply a script file after 'load'"),
      ("--frob stop", "Unrecognized bfdd-control command line option --frob."),
      ("--altport --altport stop", "Only a single --altport or --control option is allowed."),
      (
        "--control=127.0.0.1 stop",
        "--control address must have a port specified. The address <127.0.0.1> does not contain a port."
      )
    ])
  func controlRefuses(line: String, text: String) {
    #expect(throws: EarlyExit(errors: text + "\n", status: 1)) { try ControlArguments(words(line)) }
  }

  @Test("a script has commands, comments and empty lines; its last line needs no newline")
  func script() {
    let text = "# comment\n\nallow 10.1.0.1\r\n  session new\tset multi 3\n   \nstatus"
    #expect(
      Script.commands(text).map(\.words) == [
        ["allow", "10.1.0.1"], ["session", "new", "set", "multi", "3"], ["status"]
      ])
    #expect(Script.commands(text)[1].line == "  session new\tset multi 3")
  }
}

@Suite("Exit codes of bfdd-control")
struct OutcomeTests {
  @Test(
    "what came of it, told from the answer",
    arguments: [
      ("status", "There are 0 sessions:\n", .done),
      // Kube-OVN's loop takes a failure here for a failure of the beacon, and looks for the words.
      (
        "status remote 10.1.0.1 local 10.1.0.2", "No session with local ip=10.1.0.2 and remote ip=10.1.0.1.\n",
        .done
      ),
      ("status remote local 10.1.0.2", "Must supply 'all', ...\n", .done),
      ("allow 10.1.0.1", "Allowing connections from 10.1.0.1\n", .done),
      ("allow ::", "Allowing connections from ::\n", .done),
      ("session new set mintx 100 ms", "Attempting to set mintx to 100,000 us.\n", .done),
      // bfdd-prestart.sh of Kube-OVN 1.14, under `set -e`.
      ("session new set mintx 1000", "Must supply a unit after the value 1000: 's', 'ms' or 'us'\n", .done),
      ("log type command no", "Log type command set to no, was yes\n", .done),
      ("session all kill", "Attempting to kill session(s).\n", .done),
      ("stop", "stopping\n", .done), ("version", "bfdd-beacon v0.5.4\n", .done),
      ("status", "", .failed),
      ("allow 10.1.0.1", "", .failed),
      ("status", "Unable to complete request because the beacon is shutting down.\n", .failed),
      ("frobnicate", "Unknown command <frobnicate>\n", .rejected),
      ("allow x", "Invalid IPv4 or IPv6 address <x>.\n", .rejected),
      ("session 9 kill", "Attempting to kill session(s).\nNo session with id=9.\n", .rejected),
      (
        "connect local 10.1.0.2 remote 10.1.0.1",
        "Failed to open connection from local 10.1.0.2 to remote 10.1.0.1\n", .rejected
      ),
      // An old beacon, which says that it is too large, and then sets its low octet.
      (
        "session new set multi 300", "Value for 'set multi is too large..\nAttempting to set multi to 300.\n",
        .rejected
      )
    ] as [(String, String, Outcome)])
  func outcome(line: String, reply: String, outcome: Outcome) {
    #expect(Outcome(of: words(line), reply: reply) == outcome)
  }
}

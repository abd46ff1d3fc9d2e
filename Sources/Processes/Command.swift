import Glibc

/// A program to start: what, with which arguments, and what is added to the environment.
public struct Command: Hashable, Sendable, CustomStringConvertible {
  /// A path, or a name looked up in PATH and in the directories where Debian keeps daemons.
  public var program: String
  public var arguments: [String]
  /// Added to the environment of this process; a later value wins.
  public var environment: [String: String]

  public init(_ program: String, _ arguments: [String] = [], environment: [String: String] = [:]) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
  }

  /// The command line as a person would type it.
  public var description: String { ([program] + arguments).joined(separator: " ") }

  /// The last part of the program's path.
  public var name: String { program.split(separator: "/").last.map(String.init) ?? program }

  /// Where the program is.
  /// - Throws: `ProgramError` naming the Debian package to install when it is nowhere.
  public func resolved() throws(ProgramError) -> String {
    if program.contains("/") {
      guard access(program, X_OK) == 0 else { throw ProgramError("\(program) is not there or cannot be run") }
      return program
    }
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let places = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/lib/frr"]
    for place in places where access("\(place)/\(program)", X_OK) == 0 { return "\(place)/\(program)" }
    let hint = Self.packages[program].map { ": install it with `apt-get install \($0)`" } ?? ""
    throw ProgramError("\(program) is not installed\(hint)")
  }

  /// The Debian package of each program that is run.
  private static let packages = [
    "zebra": "frr", "bfdd": "frr", "staticd": "frr", "vtysh": "frr", "bird": "bird2", "birdc": "bird2",
    "nft": "nftables", "iptables-save": "iptables", "ip6tables-save": "iptables", "firewall-cmd": "firewalld",
    "ip": "iproute2", "tcpdump": "tcpdump", "ethtool": "ethtool",
    "ovn-nbctl": "ovn-central", "ovn-sbctl": "ovn-central", "ovn-northd": "ovn-central",
    "ovn-controller": "ovn-host", "ovsdb-server": "openvswitch-switch", "ovs-vswitchd": "openvswitch-switch",
    "ovs-vsctl": "openvswitch-switch", "ovsdb-tool": "openvswitch-switch",
    "etcd": "etcd-server", "curl": "curl", "openssl": "openssl"
  ]
}

/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
  case exited(Int32)
  case signalled(Int32)
  /// It is gone, but it was not our child, so nobody told us how.
  case gone

  /// From the status word of waitpid(2).
  public init(waitStatus status: Int32) {
    // WIFEXITED, WEXITSTATUS and WTERMSIG of <sys/wait.h> are function-like macros that Swift cannot import.
    let signal = status & 0x7f
    self = signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
  }

  public var isSuccess: Bool { self == .exited(0) }

  public var description: String {
    switch self {
    case .exited(let code): "exit status \(code)"
    case .signalled(let signal): "killed by signal \(signal)"
    case .gone: "gone"
    }
  }
}

import CLinux
import Glibc
public import NetworkNamespaces
import Processes

/// One of the lab's network namespaces, by its name below /run/netns.
public struct LabNamespace: Hashable, Sendable {
  /// As `ip netns` lists it: `evl-demo-r1`.
  public let name: String
  /// The lab's word for it: `r1`.
  public let role: String

  init(lab: String, role: String) {
    self.name = Lab.namespaceName(lab: lab, role: role)
    self.role = role
  }

  public var path: String { NetworkNamespace.path(named: name) }

  /// Whether there is such a namespace now.
  public var exists: Bool { Files.exists(path) }

  /// Runs `body` on a short-lived thread inside the namespace (see `NetworkNamespace.perform`).
  public func perform<T: Sendable>(
    _ body: @Sendable () throws(SystemCallError) -> T
  ) throws(LabError) -> T {
    try systemCall { () throws(SystemCallError) in try NetworkNamespace(named: name).perform(body) }
  }

  /// Runs a program to its end inside the namespace; see `Command.run`.
  @discardableResult public func run(
    _ program: String, _ arguments: String..., input: String = "", timeout: Duration = .seconds(20)
  ) throws(LabError) -> String {
    try Command(program, arguments).run(in: self, input: input, timeout: timeout)
  }

  /// Runs `ip` commands in one process (`ip -batch`), in order; stops at the first that fails.
  /// - Parameter lines: without the leading `ip`: `link set lo up`.
  /// - Throws: `LabError` with the command that failed.
  public func ip(_ lines: [String]) throws(LabError) {
    guard !lines.isEmpty else { return }
    let result = try Command("ip", ["-batch", "-"]).capture(
      in: self, input: lines.joined(separator: "\n") + "\n")
    guard result.status.isSuccess else {
      throw LabError(
        "\(name): `\(Self.failedLine(lines, result.errorOutput))` failed",
        output: Files.lines(result.errorOutput))
    }
  }

  public func ip(_ lines: String...) throws(LabError) { try ip(lines) }

  /// Waits until interfaces are up, have their carrier *as the kernel's upper half sees it*, and IPv6 is ready on those
  /// that have it.
  ///
  /// A carrier is told at most once a second, and only then IPv6 makes the link-local address from which a router
  /// looks for the neighbours it forwards to; until then what it forwards is lost.
  /// - Throws: `LabError` naming the interfaces that are not running when `timeout` is over.
  public func waitUntilRunning(_ interfaces: [String], timeout: Duration = .seconds(15)) throws(LabError) {
    var missing = Set(interfaces)
    var failure: LabError?
    waitUntil(timeout: timeout, every: .milliseconds(10)) {
      do throws(LabError) {
        missing = Set(interfaces).subtracting(try runningInterfaces())
        return missing.isEmpty
      } catch {
        failure = error
        return true
      }
    }
    if let failure { throw failure }
    guard missing.isEmpty else {
      throw LabError("\(name): not running after \(timeout): \(missing.sorted().joined(separator: ", "))")
    }
  }

  /// The interfaces with IFF_RUNNING (operational state up, RFC 2863), without those where IPv6 is not ready yet.
  func runningInterfaces() throws(LabError) -> Set<String> {
    try perform { () throws(SystemCallError) in
      var first: UnsafeMutablePointer<ifaddrs>?
      guard getifaddrs(&first) == 0 else { throw SystemCallError("list interfaces") }
      defer { freeifaddrs(first) }
      var running: Set<String> = []
      var entry = first
      while let current = entry?.pointee {
        if current.ifa_flags & UInt32(IFF_RUNNING) != 0 { running.insert(String(cString: current.ifa_name)) }
        entry = current.ifa_next
      }
      // Not /proc/net: that is the main thread's namespace.
      return running.subtracting(Self.unreadyIPv6(try Files.read("/proc/thread-self/net/if_inet6")))
    }
  }

  /// The interfaces that have IPv6 addresses, but one still tentative or none of link scope.
  /// - Parameter table: /proc/net/if_inet6: address, interface index, prefix length, scope, flags, name; hexadecimal.
  static func unreadyIPv6(_ table: String) -> Set<String> {
    var all: Set<String> = []
    var linkLocal: Set<String> = []
    var tentative: Set<String> = []
    for line in Files.lines(table) {
      let fields = line.split(separator: " ").map(String.init)
      guard fields.count == 6, fields[5] != "lo", let flags = UInt32(fields[4], radix: 16) else { continue }
      all.insert(fields[5])
      if fields[3] == "20" { linkLocal.insert(fields[5]) }
      if flags & UInt32(IFA_F_TENTATIVE) != 0 { tentative.insert(fields[5]) }
    }
    return all.subtracting(linkLocal).union(tentative)
  }

  /// `Command failed -:3` names the line, counted from one.
  static func failedLine(_ lines: [String], _ message: String) -> String {
    let marker = "Command failed -:"
    for line in Files.lines(message) where line.hasPrefix(marker) {
      if let number = Int(line.dropFirst(marker.count)), lines.indices.contains(number - 1) {
        return "ip " + lines[number - 1]
      }
    }
    return "ip -batch"
  }

  /// Sets sysctls below /proc/sys/net, written with dots or slashes: `ipv4.ip_forward`.
  public func sysctl(_ settings: [(name: String, value: String)]) throws(LabError) {
    try perform { () throws(SystemCallError) in
      for (name, value) in settings {
        // A name with a slash is a path already: interface names may hold dots.
        let path = name.contains("/") ? name : name.split(separator: ".").joined(separator: "/")
        try Files.set("/proc/sys/net/\(path)", value)
      }
    }
  }
}

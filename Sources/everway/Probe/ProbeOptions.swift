import Addresses
import ArgumentParser
import NetworkNamespaces
import PeerProber

/// Where `probe` and `tune` look from: one namespace, one interface, one address of ours.
struct ProbePlace: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The network namespace to look from.", discussion: "By default the one everway is started in.",
      valueName: "name"))
  var namespace: String?

  @Option(
    help: ArgumentHelp("The interface to go out by.", discussion: "By default the route's.", valueName: "name"))
  var interface: String?

  @Option(
    help: ArgumentHelp(
      "Our address.", discussion: "By default the interface's on the same subnet.", valueName: "address"))
  var source: AddressArgument?

  @Flag(help: "The peer is behind routers: UDP port 4784 (RFC 5883).")
  var multihop = false

  func open() throws(CommandError) -> NetworkNamespace {
    do throws(SystemCallError) {
      guard let namespace else { return try NetworkNamespace.current() }
      return try NetworkNamespace(named: namespace)
    } catch {
      throw CommandError(
        message: "\(error)", help: namespace.map { "`everway netns check \($0)` says what is wrong with it" },
        exitCode: ExitStatus.usage)
    }
  }

  func check(_ address: IPAddress) throws(CommandError) {
    if address.isMulticast || address.isUnspecified {
      throw CommandError(message: "\(address) is not the address of one host", exitCode: ExitStatus.usage)
    }
    if let source, source.address.family != address.family {
      throw CommandError(
        message: "--source \(source.address) and \(address) are of different families", exitCode: ExitStatus.usage)
    }
    if address.isLinkLocal, address.family == .ipv6, interface == nil {
      throw CommandError(
        message: "\(address) means nothing without an interface", help: "name it with --interface",
        exitCode: ExitStatus.usage)
    }
  }
}

/// An address on the command line.
struct AddressArgument: ExpressibleByArgument, Hashable {
  var address: IPAddress

  init?(argument: String) {
    guard let address = IPAddress(argument) else { return nil }
    self.address = address
  }
}

/// A time with a unit, as configuration files have it: `300ms`, `5s`, `2m`; a bare number is refused.
struct TimeArgument: ExpressibleByArgument, Hashable {
  var microseconds: UInt64

  init(microseconds: UInt64) { self.microseconds = microseconds }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), number >= 0, number < 1e9 else { return nil }
    let unit: Double
    switch argument.dropFirst(digits.count) {
    case "us": unit = 1
    case "ms": unit = 1_000
    case "s": unit = 1_000_000
    case "m": unit = 60_000_000
    case "h": unit = 3_600_000_000
    default: return nil
    }
    microseconds = UInt64((number * unit).rounded())
  }

  var defaultValueDescription: String { Quantities.interval(microseconds: microseconds) }

  /// - Throws: a usage error that names the option.
  func within(_ range: ClosedRange<UInt64>, _ option: String) throws(CommandError) -> UInt64 {
    guard range.contains(microseconds) else {
      throw CommandError(
        message:
          "\(option) is \(Quantities.interval(microseconds: range.lowerBound)) to "
          + Quantities.interval(microseconds: range.upperBound), exitCode: ExitStatus.usage)
    }
    return microseconds
  }
}

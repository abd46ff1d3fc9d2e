public import Addresses

/// What a program does instead of its work: it prints something and ends.
public struct EarlyExit: Error, Hashable, Sendable {
  /// For standard output.
  public var output = ""
  /// For standard error.
  public var errors = ""
  public var status: Int32

  public init(output: String = "", errors: String = "", status: Int32) {
    self.output = output
    self.errors = errors
    self.status = status
  }
}

/// The name and release that both programs say they are: OpenBFDD's last, whose commands these are.
public enum OpenBFDDRelease {
  public static let beacon = "bfdd-beacon"
  public static let control = "bfdd-control"
  public static let version = "0.5.4"
}

/// The command line of bfdd-beacon.
public struct BeaconArguments: Hashable, Sendable {
  /// Whether the log goes to standard error too; only in the foreground.
  public var tees = false
  public var forks = true
  public var control: [ControlAddress] = []
  public var listen: [IPAddress] = []

  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - product: what is said beside the release of OpenBFDD that this stands in for.
  public init(_ arguments: [String], product: String) throws(EarlyExit) {
    for argument in arguments {
      switch argument {
      case "--notee": tees = false
      case "--tee": tees = true
      case "--nofork": forks = false
      case "--version":
        throw EarlyExit(
          output: "\(OpenBFDDRelease.beacon) version \(OpenBFDDRelease.version)\n\(product)\n", status: 0)
      default: try take(argument)
      }
    }
    if forks { tees = false }
    if control.isEmpty { control = [.standard, .alternative] }
    if listen.isEmpty { listen = [.any(.ipv4), .any(.ipv6)] }
    // Twice the same cannot be bound.
    control = Self.unique(control)
    listen = Self.unique(listen)
  }

  private mutating func take(_ argument: String) throws(EarlyExit) {
    if let value = argument.value(of: "--control") {
      control.append(try ControlAddress(option: value, portless: "conatin"))
    } else if let value = argument.value(of: "--listen") {
      guard !value.isEmpty else {
        throw .usage("--listen must be followed by an '=' and a ip address (may be 0.0.0.0 or ::).")
      }
      guard let address = Words.address(value) else {
        throw .usage("--listen address <\(value)> is not an IPv4 or IPv6 address.")
      }
      listen.append(address)
    } else {
      throw .usage("Unrecognized \(OpenBFDDRelease.beacon) command line option \(argument).")
    }
  }

  private static func unique<T: Hashable>(_ values: [T]) -> [T] {
    var seen: Set<T> = []
    return values.filter { seen.insert($0).inserted }
  }
}

extension EarlyExit {
  static func usage(_ message: String) -> EarlyExit { EarlyExit(errors: message + "\n", status: 1) }
}

extension String {
  /// What follows `name=`, empty when there is no `=`; nil when it is another option.
  func value(of name: String) -> String? {
    if self == name { return "" }
    guard hasPrefix(name + "=") else { return nil }
    return String(dropFirst(name.count + 1))
  }
}

extension ControlAddress {
  /// The value of `--control=`. OpenBFDD's two programs spell one word of an error differently.
  init(option value: String, portless: String) throws(EarlyExit) {
    guard !value.isEmpty else {
      throw .usage("--control must be followed by an '=' and a ip address with a port.")
    }
    do throws(Fault) {
      try self.init(value)
    } catch {
      switch error {
      case .noAddress: throw .usage("--control address <\(value)> is not an IPv4 or IPv6 address.")
      case .noPort:
        throw .usage(
          "--control address must have a port specified. The address <\(value)> does not \(portless) a port.")
      }
    }
  }
}

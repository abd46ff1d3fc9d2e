import Addresses
import BFD

extension Command {
  /// Reads the words of a request. The command's own word may be in capitals, no other may.
  /// - Parameter words: as they came over the wire; words that a command has no use for are ignored, as OpenBFDD does.
  public init(_ words: [String]) throws(Rejection) {
    var rest = words[...]
    let command = rest.popFirst() ?? ""
    switch command.lowercased() {
    case "stop": self = .stop
    case "version": self = .version
    case "connect": self = .connect(try Self.connection(&rest))
    case "allow": self = .allow(try Self.address(rest.first, or: "Must supply ip address."))
    case "block": self = .block(try Self.address(rest.first, or: "Must supply an IPv4 or IPv6 address."))
    case "status": self = try Self.status(&rest)
    case "session": self = try Self.session(&rest)
    case "log": self = .log(try LogCommand(&rest))
    default: throw Rejection("Unknown command <\(command)>")
    }
  }

  private static func address(_ word: String?, or missing: String) throws(Rejection) -> IPAddress {
    guard let word else { throw Rejection(missing) }
    guard let address = Words.address(word) else { throw Rejection("Invalid IPv4 or IPv6 address <\(word)>.") }
    return address
  }

  private static func connection(_ rest: inout ArraySlice<String>) throws(Rejection) -> AddressPair {
    guard !rest.isEmpty else { throw Rejection("Must supply 'local ip remote ip' address pair.") }
    do throws(WrongSelector) {
      return try AddressPair(&rest)
    } catch {
      throw Rejection("'connect' must be followed by an ip pair. \(error.message)")
    }
  }

  private static func status(_ rest: inout ArraySlice<String>) throws(Rejection) -> Command {
    guard !rest.isEmpty else { return .status(.all, StatusFormat(isCompact: true)) }
    let selector: SessionSelector
    do throws(WrongSelector) {
      selector = try SessionSelector(&rest)
    } catch {
      throw Rejection(
        "Must supply 'all', session id or 'remote ip local ip' before other settings. \(error.message)")
    }
    var format = StatusFormat()
    while let word = rest.popFirst() {
      switch word {
      case "brief": format.isBrief = true
      case "compact": format.isCompact = true
      case "nocompact": format.isCompact = false
      case "level":
        guard let level = rest.popFirst() else { throw Rejection("level must be followed by an integer.") }
        guard let value = Words.integer(level) else {
          throw Rejection("level value must be an integer : <\(level)>.")
        }
        format.level = Int(value)
      default: throw Rejection("Unrecognized  status setting <\(word)>.")
      }
    }
    return .status(selector, format)
  }
}

/// Why words name no session; the error is part of a longer reply.
struct WrongSelector: Error {
  var message: String
}

extension AddressPair {
  /// `local A remote B`, in either order.
  init(_ rest: inout ArraySlice<String>) throws(WrongSelector) {
    let first = rest.popFirst() ?? ""
    guard first == "local" || first == "remote" else {
      throw WrongSelector(message: "Error: Unknown <\(first)> should be 'remote' or 'local'.")
    }
    guard let one = rest.popFirst() else {
      throw WrongSelector(message: "Error: '\(first)' should be followed by an Pv4 or IPv6 address.")
    }
    let oneAddress = try Self.address(one)
    let second = first == "local" ? "remote" : "local"
    guard let word = rest.popFirst() else {
      throw WrongSelector(message: "Error: '\(second)' not found.")
    }
    guard word == second else {
      throw WrongSelector(
        message: "Error: unknown <\(word)>. '\(first)' ip must be followed by '\(second)'.")
    }
    guard let other = rest.popFirst() else {
      throw WrongSelector(message: "Error: '\(second)' should be followed by an ip address.")
    }
    let otherAddress = try Self.address(other)
    guard oneAddress.family == otherAddress.family else {
      throw WrongSelector(message: "Error: can not mix IPv4 and IPv6 addresses.")
    }
    self =
      first == "local"
      ? AddressPair(local: oneAddress, remote: otherAddress)
      : AddressPair(local: otherAddress, remote: oneAddress)
  }

  private static func address(_ word: String) throws(WrongSelector) -> IPAddress {
    guard let address = Words.address(word) else {
      throw WrongSelector(message: "Error: <\(word)> is not an IPv4 or IPv6 address.")
    }
    return address
  }
}

extension SessionSelector {
  init(_ rest: inout ArraySlice<String>) throws(WrongSelector) {
    switch rest.first {
    case "all":
      rest.removeFirst()
      self = .all
    case "local", "remote": self = .pair(try AddressPair(&rest))
    case let word:
      // OpenBFDD keeps the low 32 bits of whatever number it is given; that is not a session anybody meant.
      guard let word, let value = Words.integer(word), let id = UInt32(exactly: value), id != 0 else {
        throw WrongSelector(message: "Unknown <\(word ?? "")>.")
      }
      rest.removeFirst()
      self = .id(id)
    }
  }
}

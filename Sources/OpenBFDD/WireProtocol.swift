/// The wire between bfdd-control and bfdd-beacon (OpenBFDD common.h, CommandProcessor.cpp): a request is a magic number
/// and NUL-terminated words, ended by an empty one; the reply is text until the connection ends.
public enum WireProtocol {
  /// TCP on 127.0.0.1.
  public static let port: UInt16 = 957
  /// Where else a beacon listens, unless it is told where.
  public static let alternativePort: UInt16 = 958
  /// Octets of a request, magic number included.
  public static let maximumRequest = 1024

  /// In network order. Releases before 0.5 swapped it twice, so that it came in the machine's order.
  static let magic: [UInt8] = [0xfe, 0xed, 0x19, 0x66]
  static let oldMagic: [UInt8] = [0x66, 0x19, 0xed, 0xfe]

  /// A request as it is sent; nil when it is longer than `maximumRequest`. Empty words are left out, since an empty
  /// word is the end.
  public static func request(_ words: [String]) -> [UInt8]? {
    var octets = magic
    for word in words where !word.isEmpty { octets += Array(word.utf8) + [0] }
    octets.append(0)
    return octets.count <= maximumRequest ? octets : nil
  }
}

/// Takes a request in pieces as they come, from a peer that may be anyone.
public struct RequestParser: Hashable, Sendable {
  /// Why octets are no request. A real beacon closes the connection without a word; so does ours.
  public enum Fault: Error, Hashable, Sendable {
    case noMagicNumber
    case tooLong
    /// There is no word before the end.
    case empty
    /// Octets follow the end.
    case tooMuch
    /// The connection ended before the request did.
    case cutShort
  }

  public enum Progress: Hashable, Sendable {
    case unfinished
    /// The words; at least one, none empty. What is not UTF-8 in them has been replaced.
    case complete([String])
  }

  private var octets: [UInt8] = []

  public init() {}

  /// Takes what came. After `complete` or an error nothing more is to be given.
  public mutating func take(_ new: some Collection<UInt8>) throws(Fault) -> Progress {
    // One octet more than fits proves that it is too long; no more than that is kept.
    let room = WireProtocol.maximumRequest - octets.count
    octets += new.prefix(room + 1)
    let start = octets.prefix(4)
    guard WireProtocol.magic.starts(with: start) || WireProtocol.oldMagic.starts(with: start) else {
      throw .noMagicNumber
    }
    guard octets.count > 4 else { return .unfinished }
    var words: [String] = []
    var wordStart = 4
    for position in 4..<octets.count where octets[position] == 0 {
      if position == wordStart {
        guard position == octets.count - 1 else { throw .tooMuch }
        guard !words.isEmpty else { throw .empty }
        return .complete(words)
      }
      words.append(String(decoding: octets[wordStart..<position], as: UTF8.self))
      wordStart = position + 1
    }
    guard octets.count <= WireProtocol.maximumRequest else { throw .tooLong }
    return .unfinished
  }
}

extension RequestParser.Fault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noMagicNumber: "Message invalid. No magic number. Ignoring."
    case .tooLong: "Message invalid. No terminator. Ignoring."
    case .empty: "Empty message received."
    case .tooMuch: "Message invalid. Terminator came before the end."
    case .cutShort: "Communication message too short. Ignoring."
    }
  }
}

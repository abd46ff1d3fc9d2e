import OpenBFDD
import Testing

@Suite("The wire of bfdd-control")
struct WireProtocolTests {
  /// `bfdd-control status remote 10.1.0.1 local 10.1.0.2`, as the release 0.5.4 sends it.
  static let request: [UInt8] =
    [0xfe, 0xed, 0x19, 0x66]  // magic, network order
    + Array("status\0remote\u{0}10.1.0.1\0local\u{0}10.1.0.2\0\0".utf8)
  static let words = ["status", "remote", "10.1.0.1", "local", "10.1.0.2"]

  @Test("a request is the magic number, its words, and an empty one")
  func encodes() {
    #expect(WireProtocol.request(Self.words) == Self.request)
    #expect(WireProtocol.request(["status", "", "all"]) == WireProtocol.request(["status", "all"]))
  }

  @Test("a request is at most 1024 octets")
  func limit() throws {
    // Four of magic, the word, its NUL, and the last NUL.
    #expect(WireProtocol.request([String(repeating: "x", count: 1018)])?.count == 1024)
    #expect(WireProtocol.request([String(repeating: "x", count: 1019)]) == nil)
    var parser = RequestParser()
    let longest = try #require(WireProtocol.request([String(repeating: "x", count: 1018)]))
    #expect(try parser.take(longest) == .complete([String(repeating: "x", count: 1018)]))
  }

  @Test("a request may come in any pieces")
  func pieces() throws {
    for cut in 1..<Self.request.count {
      var parser = RequestParser()
      #expect(try parser.take(Self.request[..<cut]) == .unfinished)
      #expect(try parser.take(Self.request[cut...]) == .complete(Self.words))
    }
    var parser = RequestParser()
    for octet in Self.request.dropLast() { #expect(try parser.take([octet]) == .unfinished) }
    #expect(try parser.take([0]) == .complete(Self.words))
  }

  @Test("the magic number of releases before 0.5 is understood too")
  func oldMagic() throws {
    var parser = RequestParser()
    #expect(try parser.take([0x66, 0x19, 0xed, 0xfe] + Array("stop\0\0".utf8)) == .complete(["stop"]))
  }

  @Test(
    "what is no request is refused at the first octet that shows it",
    arguments: [
      ([0x47], .noMagicNumber),
      ([0xfe, 0xed, 0x19, 0x67], .noMagicNumber),
      ([0xfe, 0xed, 0x19, 0x66, 0], .empty),
      ([0xfe, 0xed, 0x19, 0x66, 0x61, 0, 0, 0], .tooMuch),
      ([0xfe, 0xed, 0x19, 0x66] + Array(repeating: 0x61, count: 1021), .tooLong),
      ([0xfe, 0xed, 0x19, 0x66] + Array(repeating: 0x61, count: 1_000_000), .tooLong)
    ] as [([UInt8], RequestParser.Fault)])
  func refuses(octets: [UInt8], fault: RequestParser.Fault) {
    var parser = RequestParser()
    #expect(throws: fault) { _ = try parser.take(octets) }
  }

  @Test("words that are not UTF-8 are words all the same")
  func notText() throws {
    var parser = RequestParser()
    let octets: [UInt8] = [0xfe, 0xed, 0x19, 0x66, 0xff, 0xc0, 0, 0]
    #expect(try parser.take(octets) == .complete(["\u{fffd}\u{fffd}"]))
  }

  @Test("random octets never do more than be refused")
  func random() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<5_000 {
      var parser = RequestParser()
      var octets = [UInt8]([0xfe, 0xed, 0x19, 0x66])
      for _ in 0..<Int.random(in: 0...1_200, using: &generator) {
        octets.append(Bool.random(using: &generator) ? 0 : UInt8.random(in: 0...255, using: &generator))
      }
      if case .complete(let words)? = try? parser.take(octets) {
        #expect(!words.isEmpty && words.allSatisfy { !$0.isEmpty })
        _ = try? Command(words)
      }
    }
  }
}

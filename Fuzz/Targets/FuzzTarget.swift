/// A place where octets that others chose come in. Its name is its folder in `Fuzz/Corpus`.
struct FuzzTarget: Sendable {
  let name: String
  /// The longest input that is worth trying.
  let longestInput: Int
  /// Takes any octets. Throws when something did not hold that must; a trap is a finding too.
  let run: @Sendable ([UInt8]) throws -> Void

  static let all: [FuzzTarget] = [
    .controlPacket, .authentication, .echo, .session, .scenario, .bfdd, .yaml, .configuration, .controlRequest,
    .netlink, .probe, .nftables, .iptables, .ovsdb
  ]

  static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// Something that did not hold.
struct Finding: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(Finding) {
  guard condition else { throw Finding(message()) }
}

/// Octets as a source of decisions: the fuzzer's input steers a run, and the end of the input ends it.
struct Steps {
  private let octets: [UInt8]
  private var position = 0

  init(_ octets: [UInt8]) { self.octets = octets }

  var isOver: Bool { position >= octets.count }

  /// Zero behind the end.
  mutating func octet() -> UInt8 {
    guard !isOver else { return 0 }
    defer { position += 1 }
    return octets[position]
  }

  mutating func word() -> UInt32 { (0..<4).reduce(0) { word, _ in word << 8 | UInt32(octet()) } }

  mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in octet() } }

  mutating func pick<T>(_ choices: [T]) -> T { choices[Int(octet()) % choices.count] }
}

import OVSDBProtocol

/// What a row of BFD was, written into the `external_ids` of the routes that it supervised while it is away: so that
/// whoever finds them can finish, also after a crash.
struct RenewalNote: Hashable, Sendable {
  var port: String
  var destination: String
  /// The row had this UUID.
  var id: RowID
  /// Seconds since 1970-01-01T00:00:00Z.
  var begunAt: Int64
  /// In milliseconds; nil where the row had none.
  var minTx: Int64?
  var minRx: Int64?
  var multiplier: Int64?
  var options: [String: String] = [:]
  var externalIDs: [String: String] = [:]

  static let columns = ["logical_port", "dst_ip", "min_tx", "min_rx", "detect_mult", "options", "external_ids"]
  static let keyPrefix = "everway-renews-bfd:"

  /// nil when that is no row of BFD.
  init?(_ row: Row, id: RowID, begunAt: Int64) {
    guard let port = row.string("logical_port"), let destination = row.string("dst_ip") else { return nil }
    (self.port, self.destination, self.id, self.begunAt) = (port, destination, id, begunAt)
    minTx = row.integer("min_tx")
    minRx = row.integer("min_rx")
    multiplier = row.integer("detect_mult")
    options = row.strings("options")
    externalIDs = row.strings("external_ids")
  }

  /// The row as it was.
  var row: Row {
    var columns: [String: Datum] = ["logical_port": .string(port), "dst_ip": .string(destination)]
    columns["min_tx"] = minTx.map { .integer($0) }
    columns["min_rx"] = minRx.map { .integer($0) }
    columns["detect_mult"] = multiplier.map { .integer($0) }
    if !options.isEmpty { columns["options"] = .strings(options) }
    if !externalIDs.isEmpty { columns["external_ids"] = .strings(externalIDs) }
    return Row(columns)
  }

  // MARK: As text

  /// One for each session: a policy may have several.
  var key: String { "\(Self.keyPrefix)\(port)|\(destination)" }

  var value: String {
    var pairs: [(String, String)] = [("id", "\(id)"), ("at", "\(begunAt)")]
    for (name, number) in [("tx", minTx), ("rx", minRx), ("mult", multiplier)] {
      if let number { pairs.append((name, "\(number)")) }
    }
    pairs += options.sorted { $0.key < $1.key }.map { ("o." + $0.key, $0.value) }
    pairs += externalIDs.sorted { $0.key < $1.key }.map { ("e." + $0.key, $0.value) }
    return pairs.map { "\(Self.escaped($0.0))=\(Self.escaped($0.1))" }.joined(separator: "&")
  }

  /// nil when somebody else wrote it.
  init?(key: String, value: String) {
    guard key.hasPrefix(Self.keyPrefix) else { return nil }
    let rest = key.dropFirst(Self.keyPrefix.count)
    guard let bar = rest.lastIndex(of: "|") else { return nil }
    port = String(rest[..<bar])
    destination = String(rest[rest.index(after: bar)...])
    var id: RowID?
    var begunAt: Int64?
    for pair in value.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let name = Self.unescaped(parts[0]), let text = Self.unescaped(parts[1]) else {
        return nil
      }
      switch name {
      case "id": id = RowID(text)
      case "at": begunAt = Int64(text)
      case "tx": minTx = Int64(text)
      case "rx": minRx = Int64(text)
      case "mult": multiplier = Int64(text)
      case _ where name.hasPrefix("o."): options[String(name.dropFirst(2))] = text
      case _ where name.hasPrefix("e."): externalIDs[String(name.dropFirst(2))] = text
      default: continue
      }
    }
    guard let id, let begunAt else { return nil }
    (self.id, self.begunAt) = (id, begunAt)
  }

  private static let special: Set<UInt8> = Set("%&=".utf8)

  private static func escaped(_ text: String) -> String {
    var octets: [UInt8] = []
    for octet in text.utf8 {
      if special.contains(octet) {
        octets += "%\(String(octet, radix: 16))".utf8
      } else {
        octets.append(octet)
      }
    }
    return String(decoding: octets, as: UTF8.self)
  }

  private static func unescaped(_ text: Substring) -> String? {
    var octets: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let octet = rest.popFirst() {
      guard octet == UInt8(ascii: "%") else {
        octets.append(octet)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      octets.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: octets, as: UTF8.self)
  }
}

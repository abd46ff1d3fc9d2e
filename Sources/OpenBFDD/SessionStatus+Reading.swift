import Addresses
import BFD

extension StatusText {
  /// Reads the answer to `status all level 4 compact`, with `brief` or without, from OpenBFDD or from us.
  ///
  /// What a session does not say stays as it is in a new ``SessionStatus``; what is not understood is passed over.
  /// - Returns: nil when the first line is not `There are N sessions:`.
  public static func read(_ text: String) -> [SessionStatus]? {
    var lines = text.split(whereSeparator: \.isNewline)[...]
    guard let head = lines.popFirst(), head.hasPrefix("There are "), head.hasSuffix(" sessions:") else {
      return nil
    }
    return lines.compactMap { SessionStatus(line: $0) }
  }
}

extension SessionStatus {
  /// From `id=1 local=10.0.0.1 (p) remote=10.0.0.2 LocalState=Up<0> ...`; nil without an id and both addresses.
  init?(line: some StringProtocol) {
    let fields = Self.fields(line)
    func number(_ name: String) -> UInt64? {
      // `1,000,000 us (pending 300,000 us)`: the first is what counts.
      fields[name]?.first.flatMap { UInt64($0.filter { $0 != "," }) }
    }
    func interval(_ name: String) -> Interval? {
      number(name).map { Interval(microseconds: UInt32(clamping: $0)) }
    }
    guard let id = number("id"), let local = fields["local"]?.first.flatMap({ IPAddress($0) }),
      let remote = fields["remote"]?.first.flatMap({ IPAddress($0) })
    else { return nil }
    let isActive = fields["local"]?.contains { $0 == "(a)" || $0 == "(active)" } ?? false
    self.init(
      id: UInt32(clamping: id), addresses: AddressPair(local: local, remote: remote), isActive: isActive)
    let state = (fields["LocalState"] ?? fields["state"] ?? []).joined(separator: " ")
    (self.state, diagnostic) = Self.state(state)
    isForced = state.contains("Forced")
    isSuspended = state.contains("Suspended")
    (remoteState, remoteDiagnostic) = Self.state((fields["RemoteState"] ?? []).joined(separator: " "))
    localDiscriminator = UInt32(clamping: number("LocalId") ?? 0)
    remoteDiscriminator = UInt32(clamping: number("RemoteId") ?? 0)
    transmitInterval = number("CurrentTxInterval") ?? 0
    detectionTime = number("CurrentRxTimeout") ?? 0
    multiplier = UInt8(clamping: number("LocalDetectMulti") ?? 3)
    history = (fields["Time"] ?? []).compactMap(StateSpan.init(text:))
    if let value = interval("LocalDesiredMinTx") { minTx = PendingInterval(value) }
    minTxWhenUp = Self.whenUp(fields["LocalDesiredMinTx"] ?? []) ?? minTx.inForce
    if let value = interval("LocalRequiredMinRx") { minRx = PendingInterval(value) }
    remoteMultiplier = UInt8(clamping: number("RemoteDetectMulti") ?? 0)
    if let value = interval("RemoteDesiredMinTx") { remoteMinTx = value }
    if let value = interval("RemoteRequiredMinRx") { remoteMinRx = value }
  }

  /// Words by the name before their `=`.
  private static func fields(_ line: some StringProtocol) -> [String: [Substring]] {
    var fields: [String: [Substring]] = [:]
    var name: String?
    for word in Substring(line).split(separator: " ") {
      if let equals = word.firstIndex(of: "="), word.first?.isLetter == true {
        name = String(word[..<equals])
        fields[name ?? "", default: []] = [word[word.index(after: equals)...]]
      } else if let name {
        fields[name, default: []].append(word)
      }
    }
    return fields
  }

  /// `Up<0>`, `Down<Forced: Path Down>`, `Init<Suspended>`.
  private static func state(_ text: String) -> (SessionState, Diagnostic) {
    let name = text.prefix { $0.isLetter }
    let state = SessionState.allCases.first { $0.description == name } ?? .down
    guard let open = text.firstIndex(of: "<"), let close = text.lastIndex(of: ">"), open < close else {
      return (state, .none)
    }
    let word = text[text.index(after: open)..<close].split(separator: ":").last.map { $0.drop { $0 == " " } } ?? ""
    let code = UInt8(word) ?? (0...8).first { Diagnostic(code: $0).words == word }
    return (state, Diagnostic(code: code ?? 0))
  }

  /// `300,000 us (def 100,000 us)`: what min TX is once the session is Up.
  private static func whenUp(_ words: [Substring]) -> Interval? {
    guard let place = words.firstIndex(of: "(def"), place + 1 < words.count else { return nil }
    return UInt64(words[place + 1].filter { $0 != "," }).map { Interval(microseconds: UInt32(clamping: $0)) }
  }
}

extension StateSpan {
  /// `Up(00:01:02.345)`.
  init?(text: Substring) {
    guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else { return nil }
    let name = text[..<open].prefix { $0.isLetter }
    let time = text[text.index(after: open)...].dropLast()
    let parts = time.split { $0 == ":" || $0 == "." }.compactMap { Int64($0) }
    guard let state = SessionState.allCases.first(where: { $0.description == name }), parts.count == 4 else {
      return nil
    }
    let seconds = (parts[0].multipliedReportingOverflow(by: 3_600).partialValue &+ parts[1] &* 60) &+ parts[2]
    self.init(state, duration: .seconds(seconds) + .milliseconds(parts[3]))
  }
}

import FoundationEssentials

/// The protocol: one JSON object a line each way, over a stream socket. Fields that are not known are ignored.
///
///     {"version":1,"command":"drain","target":"r1"}
///     {"version":1,"ok":true,"drain":{...}}
///     {"version":1,"ok":false,"error":{"code":"unknown-target","message":"...","details":[...]}}
enum ControlCoding {
  static let version = 1
  /// Of a request, its newline not counted.
  static let maximumRequest = 64 * 1024
  /// Of an answer: some thousand sessions and routes. A larger one becomes a failure.
  static let maximumResponse = 16 * 1024 * 1024

  private struct WireRequest: Codable {
    var version: Int?
    var command: String
    var target: String?
    var finding: String?
    var peers: [String]?
    var discarded: Bool?
    var last: Bool?
    var after: EventCursor?
  }

  private struct WireResponse: Codable {
    var version: Int
    var ok: Bool
    var status: StatusReport?
    var drain: DrainOutcome?
    var reload: ReloadOutcome?
    var repair: RepairOutcome?
    var program: VersionReport?
    var stream: String?
    var error: ControlFailure?
  }

  static func encode(_ command: ControlCommand) -> [UInt8] {
    let wire =
      switch command {
      case .status: WireRequest(version: version, command: "status")
      case .drain(let target): WireRequest(version: version, command: "drain", target: target)
      case .undrain(let target): WireRequest(version: version, command: "undrain", target: target)
      case .reload: WireRequest(version: version, command: "reload")
      case .repair(let finding): WireRequest(version: version, command: "repair", finding: finding)
      case .capture(let request):
        WireRequest(
          version: version, command: "capture", peers: request.peers, discarded: request.discarded,
          last: request.last)
      case .observe(let after): WireRequest(version: version, command: "observe", after: after)
      case .version: WireRequest(version: version, command: "version")
      case .ping: WireRequest(version: version, command: "ping")
      }
    return line(wire) ?? []
  }

  /// - Parameter line: without its newline.
  static func command(_ line: [UInt8]) throws(ControlFailure) -> ControlCommand {
    let wire: WireRequest
    do {
      wire = try JSONDecoder().decode(WireRequest.self, from: Data(line))
    } catch {
      throw ControlFailure(
        .badRequest, "The request is not a JSON object with a \"command\".",
        help: "Send one object a line, as {\"version\":1,\"command\":\"status\"}.")
    }
    if let asked = wire.version, asked != version {
      throw ControlFailure(
        .unsupported, "Version \(asked) of the control protocol is not known here; this is version \(version).",
        help: "Use the `everway` that belongs to the running one.")
    }
    switch wire.command {
    case "status": return .status
    case "drain": return .drain(target: wire.target)
    case "undrain": return .undrain(target: wire.target)
    case "reload": return .reload
    case "repair":
      guard let finding = wire.finding, RepairOutcome.isFinding(finding) else {
        throw ControlFailure(
          .badRequest, "A repair names one finding.",
          help: "Send {\"command\":\"repair\",\"finding\":\"EW-NS-03\"}.")
      }
      return .repair(finding: finding)
    case "capture":
      return .capture(
        CaptureRequest(peers: wire.peers ?? [], discarded: wire.discarded ?? false, last: wire.last ?? false))
    case "observe": return .observe(after: wire.after)
    case "version": return .version
    case "ping": return .ping
    default:
      throw ControlFailure(
        .unsupported, "This everway knows no such command.",
        help: "It knows status, drain, undrain, reload, repair, capture, observe, version and ping.")
    }
  }

  /// - Parameter pause: called between the parts of a large answer, by who must not use much CPU time at once.
  static func encode(_ response: ControlResponse, pause: () -> Void = {}) -> [UInt8] {
    if case .status(let report) = response {
      let octets = Array("{\"version\":\(version),\"ok\":true,\"status\":".utf8) + report.octets(pause: pause)
      if octets.count < maximumResponse { return octets + Array("}\n".utf8) }
    }
    var wire = WireResponse(version: version, ok: true)
    switch response {
    case .drain(let outcome): wire.drain = outcome
    case .reload(let outcome): wire.reload = outcome
    case .repair(let outcome): wire.repair = outcome
    case .version(let report): wire.program = report
    case .pong: break
    case .status: return tooLarge
    case .streaming: wire.stream = "open"
    case .failure(let failure):
      wire.ok = false
      wire.error = failure
    }
    if let bytes = line(wire), bytes.count <= maximumResponse { return bytes }
    return tooLarge
  }

  private static var tooLarge: [UInt8] {
    let failure = ControlFailure(.failed, "The answer is too large, or has a number that JSON cannot write.")
    return line(WireResponse(version: version, ok: false, error: failure)) ?? []
  }

  /// Nil for anything that is not an answer of this version of the protocol.
  static func response(_ line: [UInt8]) -> ControlResponse? {
    guard let wire = try? JSONDecoder().decode(WireResponse.self, from: Data(line)), wire.version == version else {
      return nil
    }
    if let error = wire.error { return .failure(error) }
    guard wire.ok else { return nil }
    if let report = wire.status { return .status(report) }
    if let outcome = wire.drain { return .drain(outcome) }
    if let outcome = wire.reload { return .reload(outcome) }
    if let outcome = wire.repair { return .repair(outcome) }
    if let report = wire.program { return .version(report) }
    if wire.stream != nil { return .streaming }
    return .pong
  }

  private static func line(_ value: some Encodable) -> [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return nil }
    return [UInt8](data) + [UInt8(ascii: "\n")]
  }
}

extension StatusReport {
  /// The report as JSON on one line, in no order; made session by session.
  /// - Parameter pause: called between them.
  func octets(pause: () -> Void) -> [UInt8] {
    var rest = self
    rest.sessions = []
    let whole = ObservationMessage.json(rest)
    let empty = Array("\"sessions\":[".utf8)
    // In a string the quotation marks would have a backslash before them.
    guard
      let start = whole.indices.first(where: {
        whole[$0...].starts(with: empty) && whole[$0 - 1] != UInt8(ascii: "\\")
      })
    else { return whole }
    var octets = Array(whole[..<(start + empty.count)])
    octets.reserveCapacity(whole.count + sessions.count * 1_024)
    for (number, session) in sessions.enumerated() {
      if number > 0 { octets.append(UInt8(ascii: ",")) }
      octets += ObservationMessage.json(session)
      pause()
    }
    return octets + whole[(start + empty.count)...]
  }

  /// The report as JSON, keys sorted: on one line, or indented for reading.
  public func json(pretty: Bool) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}

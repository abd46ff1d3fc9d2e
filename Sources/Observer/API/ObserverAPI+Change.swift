import Control
import FoundationEssentials

extension ObserverAPI {
  private struct TargetDocument: Decodable {
    var target: String?
    var finding: String?
  }

  /// Drain, undrain, reload and repair: handed on to the gateway.
  func change(_ word: String, _ question: Question) async throws(Problem) -> Answer {
    let document = try Self.document(question)
    let target = document.target
    let command: ControlCommand
    switch word {
    case "drain": command = .drain(target: target)
    case "undrain": command = .undrain(target: target)
    case "reload": command = .reload
    default:
      guard let finding = document.finding, RepairOutcome.isFinding(finding) else {
        throw Problem(
          .badRequest, "A repair names one finding.", help: #"send {"finding": "EW-NS-03"}"#)
      }
      command = .repair(finding: finding)
    }
    let socket = options.socket
    let log = options.log
    return try await wait { () throws(Problem) in
      let response: ControlResponse
      do throws(ControlSocketError) {
        var client = try ControlClient(path: socket, timeout: .seconds(3))
        // Netlink with a hundred thousand routes takes its time.
        // A repair may run for a minute.
        response = try client.send(command, timeout: .seconds(["reload": 60, "repair": 75][word] ?? 10))
      } catch {
        throw Problem(socket: error)
      }
      log("observe: \(word)\((target ?? document.finding).map { " \($0)" } ?? "") was asked for over HTTP")
      switch response {
      case .drain(let outcome): return try Answer(json: outcome)
      case .reload(let outcome): return try Answer(json: outcome)
      case .repair(let outcome): return try Answer(json: outcome)
      case .failure(let failure): throw Problem(failure)
      default: throw Problem(.badGateway, "The gateway gave an answer to another question.")
      }
    }
  }

  /// The body is empty, or a JSON object with at most a target or a finding.
  private static func document(_ question: Question) throws(Problem) -> TargetDocument {
    guard !question.body.isEmpty else { return TargetDocument() }
    let type = question.headers["content-type"]?.split(separator: ";").first.map { $0.lowercased() }
    guard type?.filter({ $0 != " " }) == "application/json" else {
      throw Problem(.unsupportedMediaType, "The body is not said to be application/json.")
    }
    guard let document = try? JSONDecoder().decode(TargetDocument.self, from: Data(question.body)) else {
      throw Problem(.badRequest, "The body is not a JSON object whose \"target\" or \"finding\" is a text.")
    }
    guard document.target?.isEmpty != true else {
      throw Problem(.badRequest, "The target is empty.", help: "leave it out for the whole node")
    }
    return document
  }
}

extension Problem {
  init(socket error: ControlSocketError) {
    let status: Status = error.kind == .timedOut ? .gatewayTimeout : .serviceUnavailable
    self.init(status, "\(error.message).", help: error.help, code: "gateway-unreachable")
  }

  init(_ failure: ControlFailure) {
    let status: Status =
      switch failure.code {
      case .badRequest: .badRequest
      case .tooLarge: .contentTooLarge
      case .unsupported: .notImplemented
      case .unknownTarget: .notFound
      case .refused: .conflict
      case .failed: .badGateway
      case .busy: .serviceUnavailable
      }
    self.init(status, failure.message, help: failure.help, code: failure.code.rawValue)
    details = failure.details
  }
}

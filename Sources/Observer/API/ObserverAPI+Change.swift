import Control
import FoundationEssentials

extension ObserverAPI {
  private struct TargetDocument: Decodable {
    var target: String?
  }

  /// Drain, undrain, reload and repair: handed on to the gateway.
  func change(_ word: String, _ question: Question) async throws(Problem) -> Answer {
    let target = try Self.target(question)
    let command: ControlCommand
    switch word {
    case "drain": command = .drain(target: target)
    case "undrain": command = .undrain(target: target)
    case "reload": command = .reload
    default:
      throw Problem(
        .notImplemented, "Repairs are not made over HTTP.", help: "run `everway doctor --fix` on the node",
        code: "no-repair")
    }
    let socket = options.socket
    let log = options.log
    return try await wait { () throws(Problem) in
      let response: ControlResponse
      do throws(ControlSocketError) {
        var client = try ControlClient(path: socket, timeout: .seconds(3))
        // Netlink with a hundred thousand routes takes its time.
        response = try client.send(command, timeout: .seconds(word == "reload" ? 60 : 10))
      } catch {
        throw Problem(socket: error)
      }
      log("observe: \(word)\(target.map { " \($0)" } ?? "") was asked for over HTTP")
      switch response {
      case .drain(let outcome): return try Answer(json: outcome)
      case .reload(let outcome): return try Answer(json: outcome)
      case .failure(let failure): throw Problem(failure)
      default: throw Problem(.badGateway, "The gateway gave an answer to another question.")
      }
    }
  }

  /// The body is empty, or a JSON object with at most a target.
  private static func target(_ question: Question) throws(Problem) -> String? {
    guard !question.body.isEmpty else { return nil }
    let type = question.headers["content-type"]?.split(separator: ";").first.map { $0.lowercased() }
    guard type?.filter({ $0 != " " }) == "application/json" else {
      throw Problem(.unsupportedMediaType, "The body is not said to be application/json.")
    }
    guard let document = try? JSONDecoder().decode(TargetDocument.self, from: Data(question.body)) else {
      throw Problem(.badRequest, "The body is not a JSON object with a \"target\" that is a text or null.")
    }
    guard document.target?.isEmpty != true else {
      throw Problem(.badRequest, "The target is empty.", help: "leave it out for the whole node")
    }
    return document.target
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
